import { conditionTypes, findCondition } from '../api/conditions.ts';
import type { Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import type { ScalingSpec } from '../api/types.ts';
import type { Context } from '../render/children.ts';
import { nameOf } from '../render/identity.ts';
import { type ConditionChange, clearCondition, markFalse, markTrue } from './condition-change.ts';
import { readLive } from './workloads.ts';

/** What is read of a live HorizontalPodAutoscaler or ScaledObject. */
export interface LiveActuator extends KubeObject {
  status?: { conditions?: Condition[] };
}

/** `ScalingReady` and `PrefillScalingReady` from the live actuators (R6.42 - R6.47). Absent without scaling and when stopped. */
export function* assessScaling(context: Context): Inquiry<ConditionChange[]> {
  const { scalingReady, prefillScalingReady } = conditionTypes;
  const { scaling, prefill } = context.spec;
  return [
    yield* assessActuator(context, scalingReady, scaling, nameOf(context, 'hpa'), nameOf(context, 'keda')),
    yield* assessActuator(context, prefillScalingReady, prefill?.scaling, nameOf(context, 'prefillHpa'), nameOf(context, 'prefillKeda')),
  ];
}

function* assessActuator(
  context: Context,
  type: string,
  scaling: ScalingSpec | undefined,
  hpaName: string,
  scaledObjectName: string,
): Inquiry<ConditionChange> {
  if (context.stopped || !scaling) return clearCondition(type);
  if (scaling.keda || scaling.wva?.keda) return judgeScaledObject(type, yield* readLive<LiveActuator>(context, kinds.scaledObject, scaledObjectName));
  if (scaling.wva?.hpa) return judgeHpa(type, yield* readLive<LiveActuator>(context, kinds.horizontalPodAutoscaler, hpaName));
  return clearCondition(type);
}

/** A HorizontalPodAutoscaler is ready unless it cannot scale or does not know to what (R6.44). */
export function judgeHpa(type: string, live: LiveActuator | undefined): ConditionChange {
  if (!live) return markFalse(type, 'HPAProgressing', 'HPA not yet visible in cache');
  const deciding = (live.status?.conditions ?? []).filter((c) => c.type === 'AbleToScale' || c.type === 'ScalingActive');
  const failed = deciding.find((c) => c.status === 'False');
  if (failed) return markFalse(type, failed.reason ?? '', failed.message ?? '');
  return deciding.length > 0 ? markTrue(type) : markFalse(type, 'HPAProgressing', 'HPA conditions not yet available');
}

/** A ScaledObject is ready when KEDA says so, once all its conditions are there (R6.45). */
export function judgeScaledObject(type: string, live: LiveActuator | undefined): ConditionChange {
  if (!live) return markFalse(type, 'ScaledObjectProgressing', 'ScaledObject not yet visible in cache');
  const conditions = live.status?.conditions;
  const complete = ['Ready', 'Active', 'Fallback', 'Paused'].every((name) => findCondition(conditions, name));
  if (!complete) return markFalse(type, 'ScaledObjectProgressing', 'ScaledObject conditions not yet available');
  const ready = findCondition(conditions, 'Ready');
  if (ready?.status === 'True') return markTrue(type);
  if (ready?.status === 'False') return markFalse(type, ready.reason ?? '', ready.message ?? '');
  return markFalse(type, 'ScaledObjectProgressing', 'ScaledObject is not yet ready');
}
