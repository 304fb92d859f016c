import { conditionTypes as c, STOPPED, servingSubConditions, workloadSubConditions } from '../../api/conditions.ts';
import { answerAsync } from '../../api/inquiry.ts';
import { type Rejection, withinStep } from '../../api/rejection.ts';
import { assessWorkloads } from '../../assess/workloads.ts';
import type { Context, StageName } from '../../render/children.ts';
import { renderWorkloads, type WorkloadStageName, workloadStages } from '../../render/workload.ts';
import type { Applier } from '../runtime/apply.ts';
import { applyChanges, type Pass } from './pass.ts';
import { concludeScaling } from './scaling.ts';
import { applyStages, type StageFailure } from './stages.ts';

const STEP = 'failed to reconcile workload';

/** What a failed stage is called in the conditions, and how its error reads (R3.42). */
const failures: Partial<Record<StageName, { readonly reason: string; readonly prefix: string }>> = {
  certificate: { reason: 'ReconcileCertsError', prefix: 'failed to reconcile self-signed certificates secret' },
  multiNode: { reason: 'ReconcileMultiNodeWorkloadError', prefix: 'failed to reconcile multi node workload' },
  singleNode: { reason: 'ReconcileSingleNodeWorkloadError', prefix: 'failed to reconcile single node workload' },
  workloadService: { reason: 'ReconcileWorkloadServiceError', prefix: 'failed to reconcile workload service' },
};

/**
 * The condition on which a failed stage is shown: that of the main workload for what all workloads need, also where it is a group; and that of
 * the prefill workload where a stage makes no other. The reference takes one for all (B3.15).
 */
function conditionOf(stage: StageName, { worker, prefill }: Context['spec']): string {
  if (stage === 'multiNode') return worker === undefined && prefill?.worker !== undefined ? c.prefillWorkerWorkloadReady : c.workerWorkloadReady;
  if (stage === 'singleNode')
    return worker !== undefined && prefill !== undefined && prefill.worker === undefined ? c.prefillWorkloadReady : c.mainWorkloadReady;
  return worker === undefined ? c.mainWorkloadReady : c.workerWorkloadReady;
}

/** What became of the workload step. */
export interface WorkloadFailures {
  /** Ends the pass. */
  readonly workload?: Rejection;
  /** Replicas do not follow the load; everything else goes on (06 §12 item 11). */
  readonly scaling?: Rejection;
}

/** The workload step (R3.50): everything that serves the model. `WorkloadsReady` is worked out in every case (R3.12). */
export async function reconcileWorkloads(pass: Pass, context: Context, applier: Applier): Promise<WorkloadFailures> {
  const { conditions } = pass;
  try {
    if (pass.stopped) conditions.markFalse(c.mainWorkloadReady, STOPPED.reason, STOPPED.message);
    const failed = await applyWorkloads(pass, context, applier);
    const first = failed.find(({ stage }) => stage.name in failures);
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
async function applyWorkloads(pass: Pass, context: Context, applier: Applier): Promise<StageFailure[]> {
  const apply = async (names: readonly WorkloadStageName[]): Promise<StageFailure[]> =>
    applyStages(pass, applier, await answerAsync(renderWorkloads(context, names), pass.respond));
  const others = await apply(workloadStages.filter((name) => name !== 'certificate'));
  return [...(await apply(['certificate'])), ...others];
}

/** A stage that could not be rendered has a reason of its own; one that could not be applied gets the reason of its step. */
function reportFailure(pass: Pass, { spec }: Context, { stage, rejection }: StageFailure): Rejection {
  const known = failures[stage.name];
  const told = known ? withinStep(rejection, known.prefix) : rejection;
  if (known) pass.conditions.markFalse(conditionOf(stage.name, spec), stage.rejection?.reason ?? known.reason, told.message);
  return withinStep(told, STEP);
}
