import { conditionTypes, findCondition } from '../api/conditions.ts';
import { get, type Inquiry } from '../api/inquiry.ts';
import { type Kind, kinds } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import type { WorkloadSpec } from '../api/types.ts';
import { hpaName, type ScalingPhase, scaledObjectName, scaleTargetRef } from '../render/actuator.ts';
import { adapterPreferences } from '../render/adapter-preferences.ts';
import type { Context } from '../render/children.ts';
import { actuatorInTheWay, actuatorKind, workloadOf } from '../render/scaling.ts';
import { type ConditionChange, clearCondition, markFalse, markTrue } from './condition-change.ts';
import { type LiveWorkload, readLive } from './workloads.ts';

/** What is read of a live HorizontalPodAutoscaler or ScaledObject. */
export interface LiveActuator extends KubeObject {
  status?: { conditions?: Condition[] };
}

/** The condition of each phase. */
export const scalingConditions = { main: conditionTypes.scalingReady, prefill: conditionTypes.prefillScalingReady } as const;

/** `ScalingReady` or `PrefillScalingReady` from the live actuator (R6.42 - R6.47). Absent without scaling and when stopped. */
export function* assessScaling(context: Context, phase: ScalingPhase): Inquiry<ConditionChange> {
  const type = scalingConditions[phase];
  const wanted = wantedActuator(context, phase);
  if (!wanted) return clearCondition(type);
  const { kind, name, workload } = wanted;
  const inTheWay = yield* actuatorInTheWay(context, phase);
  if (inTheWay) return markFalse(type, 'ActuatorSwitching', explainSwitch(inTheWay, `${kind.kind} ${name}`));
  const live = yield* readLive<LiveActuator>(context, kind, name);
  if (kind === kinds.scaledObject) return judgeScaledObject(type, live);
  const verdict = judgeHpa(type, live);
  return isDisabled(verdict) && (yield* isAtZero(context, phase, workload)) ? markTrue(type, 'ScaledToZero') : verdict;
}

function wantedActuator(context: Context, phase: ScalingPhase): { kind: Kind; name: string; workload: WorkloadSpec } | undefined {
  const workload = context.stopped ? undefined : workloadOf(context.spec, phase);
  const wanted = workload && actuatorKind(workload);
  if (!workload || !wanted) return undefined;
  return wanted === 'hpa'
    ? { kind: kinds.horizontalPodAutoscaler, name: hpaName(context, phase), workload }
    : { kind: kinds.scaledObject, name: scaledObjectName(context, phase), workload };
}

/** The actuator of a phase as errors call it (R6.46). */
export function actuatorOf(context: Context, phase: ScalingPhase): { kind: string; name: string } | undefined {
  const wanted = wantedActuator(context, phase);
  return wanted && { kind: wanted.kind === kinds.scaledObject ? 'ScaledObject' : 'HPA', name: wanted.name };
}

function explainSwitch({ kind, metadata }: KubeObject, wanted: string): string {
  const { name, deletionTimestamp, finalizers = [] } = metadata;
  const holding = deletionTimestamp && finalizers.length > 0 ? `, which is being deleted and waits for ${finalizers.join(', ')}` : '';
  return `${wanted} is created once ${kind} ${name} is gone${holding}`;
}

const isDisabled = (verdict: ConditionChange): boolean => 'reason' in verdict && verdict.reason === 'ScalingDisabled';

/** An HPA rests while its target has no replicas: that is as it should be where the adapter may take them away (06 §12 item 12). */
function* isAtZero(context: Context, phase: ScalingPhase, workload: WorkloadSpec): Inquiry<boolean> {
  if (!adapterPreferences(context, phase)?.scalesToZero) return false;
  const { kind, name } = scaleTargetRef(context, phase, workload);
  const target = yield* get<LiveWorkload>(kind, context.service.metadata.namespace, name);
  return target?.spec?.replicas === 0;
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
