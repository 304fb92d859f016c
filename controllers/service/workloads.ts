import { conditionTypes as c, STOPPED, servingSubConditions, workloadSubConditions } from '../../api/conditions.ts';
import { answerAsync } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import { type Rejection, reject, withinStep } from '../../api/rejection.ts';
import { assessWorkloads } from '../../assess/workloads.ts';
import type { Context, Stage, StageName } from '../../render/children.ts';
import { renderWorkloads, type WorkloadStageName, workloadStages } from '../../render/workload.ts';
import { textOf } from '../runtime/api-error.ts';
import type { ServiceEnvironment } from './environment.ts';
import { removeOrphans } from './orphans.ts';
import { applyChanges, type Pass } from './pass.ts';
import { concludeScaling } from './scaling.ts';
import { applyStages, deletionEvent, type StageFailure } from './stages.ts';

const STEP = 'failed to reconcile workload';

interface Failure {
  readonly condition: string;
  readonly reason: string;
  readonly prefix: string;
}

/**
 * What a failed stage means for the conditions, and how its error reads (R3.42). What all workloads need is told of the main one, be that a
 * group or not, and a stage that makes nothing but the prefill workload tells of that; the reference takes one condition for all (B3.15).
 */
function failureOf(stage: StageName, { worker, prefill }: Context['spec']): Failure | undefined {
  const main = worker === undefined ? c.mainWorkloadReady : c.workerWorkloadReady;
  switch (stage) {
    case 'certificate':
      return { condition: main, reason: 'ReconcileCertsError', prefix: 'failed to reconcile self-signed certificates secret' };
    case 'managedDra':
      return worker === undefined ? { ...singleNode, condition: main } : { ...multiNode, condition: main };
    case 'multiNode':
      return { ...multiNode, condition: worker === undefined && prefill?.worker ? c.prefillWorkerWorkloadReady : c.workerWorkloadReady };
    case 'singleNode':
      return { ...singleNode, condition: worker && prefill && !prefill.worker ? c.prefillWorkloadReady : c.mainWorkloadReady };
    case 'workloadService':
      return { condition: main, reason: 'ReconcileWorkloadServiceError', prefix: 'failed to reconcile workload service' };
    default:
      return undefined;
  }
}

const singleNode = { reason: 'ReconcileSingleNodeWorkloadError', prefix: 'failed to reconcile single node workload' };
const multiNode = { reason: 'ReconcileMultiNodeWorkloadError', prefix: 'failed to reconcile multi node workload' };

type Environment = Pick<ServiceEnvironment, 'applier' | 'client' | 'caches'>;

/** What became of the workload step. */
export interface WorkloadFailures {
  /** Ends the pass. */
  readonly workload?: Rejection;
  /** Replicas do not follow the load; everything else goes on (06 §12 item 11). */
  readonly scaling?: Rejection;
}

/** The workload step (R3.50): everything that serves the model. `WorkloadsReady` is worked out in every case (R3.12). */
export async function reconcileWorkloads(pass: Pass, context: Context, environment: Environment): Promise<WorkloadFailures> {
  const { conditions } = pass;
  try {
    if (pass.stopped) conditions.markFalse(c.mainWorkloadReady, STOPPED.reason, STOPPED.message);
    const failed = await applyWorkloads(pass, context, environment);
    const first = failed.find(({ stage }) => failureOf(stage.name, context.spec));
    if (first) {
      const settled: readonly StageName[] = workloadStages.slice(0, (workloadStages as readonly StageName[]).indexOf(first.stage.name));
      applyChanges(conditions, await answerAsync(assessWorkloads(context, settled), pass.respond));
      return { workload: reportFailure(pass, context, first) };
    }
    applyChanges(conditions, await answerAsync(assessWorkloads(context), pass.respond));
    const scaling = await concludeScaling(pass, context, failed);
    return scaling ? { scaling: withinStep(scaling, STEP) } : {};
  } finally {
    conditions.rollUp(c.workloadsReady, context.options.readyNeedsScaling ? workloadSubConditions : servingSubConditions);
  }
}

/**
 * The certificate comes last, because it names the addresses that the Service gets when it is created (R3.282): issued before, it
 * would have to be issued again at once. Its failure still is the first one.
 */
async function applyWorkloads(pass: Pass, context: Context, environment: Environment): Promise<StageFailure[]> {
  const apply = async (names: readonly WorkloadStageName[]): Promise<StageFailure[]> => {
    const stages = await answerAsync(renderWorkloads(context, names), pass.respond);
    const failed = await applyStages(pass, environment.applier, stages);
    const orphaned = await Promise.all(stages.map((stage) => removeLeftPods(pass, environment, stage)));
    return [...failed, ...orphaned.flat()];
  };
  const others = await apply(workloadStages.filter((name) => name !== 'certificate'));
  return [...(await apply(['certificate'])), ...others];
}

/** A Deployment that is not wanted may have let go of its pods just before. */
async function removeLeftPods(pass: Pass, environment: Environment, stage: Stage): Promise<StageFailure[]> {
  const failures: StageFailure[] = [];
  for (const { kind, name, namespace = '' } of stage.absent) {
    if (kind !== kinds.deployment) continue;
    try {
      pass.events.push(...(await removeOrphans(environment, namespace, name)).map(deletionEvent));
    } catch (error) {
      failures.push({
        stage,
        rejection: reject('DeleteFailed', `failed to remove the pods that Deployment ${namespace}/${name} left: ${textOf(error)}`, { retry: true }),
      });
    }
  }
  return failures;
}

/** A stage that could not be rendered has a reason of its own; one that could not be applied gets the reason of its step. */
function reportFailure(pass: Pass, { spec }: Context, { stage, rejection }: StageFailure): Rejection {
  const known = failureOf(stage.name, spec);
  const told = known ? withinStep(rejection, known.prefix) : rejection;
  if (known) pass.conditions.markFalse(known.condition, stage.rejection?.reason ?? known.reason, told.message);
  return withinStep(told, STEP);
}
