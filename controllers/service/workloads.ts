import { conditionTypes as c, STOPPED, workloadSubConditions } from '../../api/conditions.ts';
import { answerAsync } from '../../api/inquiry.ts';
import { type Rejection, withinStep } from '../../api/rejection.ts';
import { assessScaling } from '../../assess/scaling.ts';
import { assessWorkloads } from '../../assess/workloads.ts';
import type { Context, StageName } from '../../render/children.ts';
import { renderWorkloads, type WorkloadStageName, workloadStages } from '../../render/workload.ts';
import type { Applier } from '../runtime/apply.ts';
import { applyChanges, type Pass } from './pass.ts';
import { applyStages, type StageFailure } from './stages.ts';

/** What a failed stage means for the conditions, and how its error reads (R3.42). */
const failures: Partial<Record<StageName, { condition: string; reason: string; prefix: string }>> = {
  certificate: { condition: c.mainWorkloadReady, reason: 'ReconcileCertsError', prefix: 'failed to reconcile self-signed certificates secret' },
  multiNode: { condition: c.workerWorkloadReady, reason: 'ReconcileMultiNodeWorkloadError', prefix: 'failed to reconcile multi node workload' },
  singleNode: { condition: c.mainWorkloadReady, reason: 'ReconcileSingleNodeWorkloadError', prefix: 'failed to reconcile single node workload' },
  workloadService: { condition: c.mainWorkloadReady, reason: 'ReconcileWorkloadServiceError', prefix: 'failed to reconcile workload service' },
  scaling: { condition: c.mainWorkloadReady, reason: 'ReconcileScalingError', prefix: 'failed to reconcile scaling' },
};

/** The workload step (R3.50): everything that serves the model. `WorkloadsReady` is worked out in every case (R3.12). */
export async function reconcileWorkloads(pass: Pass, context: Context, applier: Applier): Promise<Rejection | undefined> {
  const { conditions } = pass;
  try {
    if (pass.stopped) conditions.markFalse(c.mainWorkloadReady, STOPPED.reason, STOPPED.message);
    const failure = await applyWorkloads(pass, context, applier);
    if (failure) {
      const settled: readonly StageName[] = workloadStages.slice(0, (workloadStages as readonly StageName[]).indexOf(failure.stage.name));
      applyChanges(conditions, await answerAsync(assessWorkloads(context, settled), pass.respond));
      return reportFailure(pass, failure);
    }
    applyChanges(conditions, await answerAsync(assessWorkloads(context), pass.respond));
    applyChanges(conditions, await answerAsync(assessScaling(context), pass.respond));
    return undefined;
  } finally {
    conditions.rollUp(c.workloadsReady, workloadSubConditions);
  }
}

/**
 * The certificate comes last, because it names the addresses that the Service gets when it is created (R3.282): issued before, it
 * would have to be issued again at once. Its failure still is the first one.
 */
async function applyWorkloads(pass: Pass, context: Context, applier: Applier): Promise<StageFailure | undefined> {
  const apply = async (names: readonly WorkloadStageName[]): Promise<StageFailure | undefined> =>
    applyStages(pass, applier, await answerAsync(renderWorkloads(context, names), pass.respond));
  const failure = await apply(workloadStages.filter((name) => name !== 'certificate'));
  return (await apply(['certificate'])) ?? failure;
}

/** A stage that could not be rendered has a reason of its own; one that could not be applied gets the reason of its step. */
function reportFailure(pass: Pass, { stage, rejection }: StageFailure): Rejection {
  const known = failures[stage.name];
  const told = known ? withinStep(rejection, known.prefix) : rejection;
  if (known) pass.conditions.markFalse(known.condition, stage.rejection?.reason ?? known.reason, told.message);
  return withinStep(told, 'failed to reconcile workload');
}
