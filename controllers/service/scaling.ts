import { answerAsync } from '../../api/inquiry.ts';
import { type Rejection, reject, withinStep } from '../../api/rejection.ts';
import { actuatorOf, assessScaling, scalingConditions } from '../../assess/scaling.ts';
import { type ScalingPhase, scalingPhases } from '../../render/actuator.ts';
import type { Context } from '../../render/children.ts';
import { scalingStages } from '../../render/scaling.ts';
import { textOf } from '../runtime/api-error.ts';
import { applyChanges, type Pass } from './pass.ts';
import type { StageFailure } from './stages.ts';

/**
 * Writes the condition of each phase, from what failed or from what is live. A phase that fails leaves the other and everything that
 * serves alone (06 §12 item 11).
 *
 * @returns the first failure, with the wrappers of R6.36
 */
export async function concludeScaling(pass: Pass, context: Context, failed: readonly StageFailure[]): Promise<Rejection | undefined> {
  const found: Rejection[] = [];
  for (const phase of scalingPhases) {
    const failure = failed.find(({ stage }) => stage.name === scalingStages[phase]);
    const rejection = failure ? reasonOf(failure) : await assessPhase(pass, context, phase);
    if (!rejection) continue;
    const wrappers = `failed to reconcile scaling: failed to reconcile ${phase} workload scaling: failed to reconcile ${phase} actuator`;
    const told = withinStep(rejection, wrappers);
    pass.conditions.markFalse(scalingConditions[phase], told.reason, told.message);
    found.push(told);
  }
  const [first] = found;
  return first && { ...first, retry: found.some(({ retry }) => retry) };
}

/** What could not be rendered has a reason of its own (R6.37), and so has the name that somebody else's object has (06 §12 item 10). */
function reasonOf({ stage, rejection }: StageFailure): Rejection {
  if (stage.rejection) return rejection;
  return { ...rejection, reason: rejection.reason === 'ForeignObject' ? 'ActuatorConflict' : 'ReconcileScalingError' };
}

async function assessPhase(pass: Pass, context: Context, phase: ScalingPhase): Promise<Rejection | undefined> {
  try {
    applyChanges(pass.conditions, [await answerAsync(assessScaling(context, phase), pass.respond)]);
    return undefined;
  } catch (error) {
    // R6.46
    const { kind = 'actuator', name = '' } = actuatorOf(context, phase) ?? {};
    const message = `failed to get current ${kind} ${pass.stored.metadata.namespace}/${name}: ${textOf(error)}`;
    return reject('ReconcileScalingError', message, { retry: true });
  }
}
