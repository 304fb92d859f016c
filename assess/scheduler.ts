import { conditionTypes, findCondition } from '../api/conditions.ts';
import type { Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { printFindings } from '../api/warn/scheduler.ts';
import { tokenizerEnabled } from '../assemble/scheduler-config.ts';
import type { Context, StageName } from '../render/children.ts';
import { nameOf } from '../render/identity.ts';
import { schedulerFindings } from '../render/scheduler/findings.ts';
import { isManagedScheduler } from '../render/scheduler/scheduler.ts';
import { type ConditionChange, clearCondition, markFalse, markStopped, markTrue } from './condition-change.ts';
import { type LiveWorkload, readLive } from './workloads.ts';

const { schedulerWorkloadReady, tokenizerReady, schedulerConfigValid } = conditionTypes;

/** Conditions of the endpoint picker and of the tokenizer, from their live Deployments (R4.72, R4.120, R4.121), and of its configuration. */
export function* assessScheduler(context: Context): Inquiry<readonly ConditionChange[]> {
  if (context.stopped) return [markStopped(schedulerWorkloadReady), markStopped(tokenizerReady), clearCondition(schedulerConfigValid)];
  const managed = isManagedScheduler(context);
  const parts = [
    { type: schedulerWorkloadReady, name: nameOf(context, 'scheduler'), wanted: managed },
    { type: tokenizerReady, name: nameOf(context, 'tokenizer'), wanted: managed && tokenizerEnabled(context.spec) },
  ];
  const changes: ConditionChange[] = [];
  for (const { type, name, wanted } of parts) {
    changes.push(wanted ? judgeDeployment(type, yield* readLive<LiveWorkload>(context, kinds.deployment, name)) : clearCondition(type));
  }
  return [...changes, managed ? judgeConfig(context) : clearCondition(schedulerConfigValid)];
}

/**
 * Condition `SchedulerConfigValid`, which nothing depends on and which is only there when something is to be said (B4.4): a picker of
 * the user's own may know better.
 */
function judgeConfig({ spec }: Context): ConditionChange {
  const findings = schedulerFindings(spec);
  if (findings.length === 0) return clearCondition(schedulerConfigValid);
  const reason = findings.some(({ level }) => level === 'problem') ? 'InvalidSchedulerConfig' : 'UnknownPlugin';
  return markFalse(schedulerConfigValid, reason, printFindings(findings, 'EndpointPickerConfig').join('; '));
}

/**
 * The conditions for anything that fails while the scheduler is rendered or written, its tokenizer and pools included (R4.6). What
 * fails about the tokenizer is told there, too (B4.19).
 */
export function schedulerFailed(problem: string, stage?: StageName): readonly ConditionChange[] {
  return [
    markFalse(schedulerWorkloadReady, 'SchedulerReconcileError', `Failed to reconcile scheduler: ${problem}`),
    ...(stage === 'tokenizer' ? [markFalse(tokenizerReady, 'TokenizerReconcileError', `Failed to reconcile tokenizer: ${problem}`)] : []),
  ];
}

/**
 * The condition of a Deployment of the scheduler (R4.120). One available replica is enough: with leader election the others
 * never become available. A Deployment that is not there yet has made no progress.
 */
export function judgeDeployment(type: string, live: LiveWorkload | undefined): ConditionChange {
  const { availableReplicas = 0, conditions } = live?.status ?? {};
  if (availableReplicas > 0) return markTrue(type);
  const progressing = findCondition(conditions, 'Progressing');
  const stuck = progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded' ? progressing : undefined;
  const telling = stuck ?? findCondition(conditions, 'Available');
  if (telling === undefined) return markFalse(type, 'Progressing', 'Deployment rollout in progress');
  return telling.status === 'True' ? markTrue(type) : markFalse(type, telling.reason ?? '', telling.message ?? '');
}
