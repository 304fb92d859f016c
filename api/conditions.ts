import type { Condition } from './kubernetes.ts';

/** Condition types of a service (R1 §6.3) and of a config (R1.34). */
export const conditionTypes = {
  ready: 'Ready',
  presetsCombined: 'PresetsCombined',
  workloadsReady: 'WorkloadsReady',
  routerReady: 'RouterReady',
  mainWorkloadReady: 'MainWorkloadReady',
  workerWorkloadReady: 'WorkerWorkloadReady',
  prefillWorkloadReady: 'PrefillWorkloadReady',
  prefillWorkerWorkloadReady: 'PrefillWorkerWorkloadReady',
  scalingReady: 'ScalingReady',
  prefillScalingReady: 'PrefillScalingReady',
  gatewaysReady: 'GatewaysReady',
  httpRoutesReady: 'HTTPRoutesReady',
  inferencePoolReady: 'InferencePoolReady',
  schedulerWorkloadReady: 'SchedulerWorkloadReady',
  tokenizerReady: 'TokenizerReady',
  schedulerConfigValid: 'SchedulerConfigValid',
  groupReady: 'GroupReady',
  groupDegraded: 'GroupDegraded',
  ociImageVolumeCompatible: 'OciImageVolumeCompatible',
  configInUse: 'ConfigInUse',
  settingsValid: 'SettingsValid',
} as const;

const t = conditionTypes;

/** Conditions that `Ready` depends on; everything else is informational (R1.17, R1.18). */
export const serviceDependents: readonly string[] = [t.presetsCombined, t.workloadsReady, t.routerReady];
export const configDependents: readonly string[] = [];

/** Sub-conditions in the order in which they decide `WorkloadsReady` (R1.30) and `RouterReady` (R1.31). */
export const servingSubConditions: readonly string[] = [
  t.mainWorkloadReady,
  t.workerWorkloadReady,
  t.prefillWorkloadReady,
  t.prefillWorkerWorkloadReady,
];
export const workloadSubConditions: readonly string[] = [...servingSubConditions, t.scalingReady, t.prefillScalingReady];
export const routerSubConditions: readonly string[] = [
  t.gatewaysReady,
  t.httpRoutesReady,
  t.inferencePoolReady,
  t.schedulerWorkloadReady,
  t.tokenizerReady,
];

/** Reasons by which `ScalingReady` and `PrefillScalingReady` are True for a workload that may go to zero (06 §12 item 12). */
export const zeroReasons = { away: 'ScaledToZero', comingBack: 'ScaledFromZero' } as const;

/** Reasons by which `GroupDegraded` says what a gateway refuses of the rules of a group (B5.12). */
export const refusalReasons = { backends: 'BackendResolutionFailed', route: 'RouteRefused' } as const;

export const STOPPED = { reason: 'Stopped', message: 'Service is stopped' } as const;

/** The condition of a type, the first when it is listed twice. */
export function findCondition<C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((c) => c.type === type);
}

type Status = Condition['status'];
interface Entry extends Condition {
  /** Position in the order of transitions: stored times first, then the order in which this pass marked. */
  transition: number;
}

/**
 * The conditions of one object during one pass, kept by the rules of a Knative living condition set (R1.17 - R1.25): marking
 * a condition keeps `Ready` in step with its dependents.
 */
export interface ConditionLedger {
  get(type: string): Condition | undefined;
  markTrue(type: string, reason?: string, message?: string): void;
  markFalse(type: string, reason: string, message: string): void;
  markUnknown(type: string, reason: string, message: string): void;
  /** Removes a condition; `Ready` and its dependents cannot be removed (R1.24). */
  clear(type: string): void;
  /** Marks `type` by the first False of `parts`; absent and Unknown ones do not count (R1.30). */
  rollUp(type: string, parts: readonly string[]): void;
  /** The conditions to store, sorted by type. A condition whose status did not change keeps its transition time (R1.27, B27). */
  list(): Condition[];
}

/**
 * Opens the ledger on the stored conditions: creates `Ready` and its dependents where they are missing and marks `Ready`
 * Unknown when the generation was not observed yet (R1.25, R1.26).
 *
 * @param now time of the pass, RFC 3339
 */
export function openConditions(
  stored: readonly Condition[] | undefined,
  options: { dependents: readonly string[]; now: string; generationObserved: boolean },
): ConditionLedger {
  const { dependents, now } = options;
  const before = new Map((stored ?? []).map((c) => [c.type, c]));
  const entries = new Map<string, Entry>();
  for (const c of before.values()) entries.set(c.type, { ...c, transition: Date.parse(c.lastTransitionTime ?? '') || 0 });
  let clock = Number.MAX_SAFE_INTEGER / 2;

  const isDependent = (type: string): boolean => dependents.includes(type);
  const set = (type: string, status: Status, reason?: string, message?: string): void => {
    const severity = type === t.ready || isDependent(type) ? undefined : 'Info';
    const old = entries.get(type);
    if (
      old &&
      old.status === status &&
      (old.severity || undefined) === severity &&
      (old.reason ?? '') === (reason ?? '') &&
      (old.message ?? '') === (message ?? '')
    ) {
      return;
    }
    clock += 1;
    entries.set(type, {
      type,
      status,
      transition: clock,
      ...(severity ? { severity } : {}),
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
    });
  };
  const unhappy = (): Pick<Entry, 'status' | 'reason' | 'message'> | undefined => {
    if (dependents.length === 0) return undefined;
    const deciding = [...entries.values()].filter((e) => !e.severity && e.type !== t.ready).sort((a, b) => b.transition - a.transition);
    const found = deciding.find((e) => e.status === 'False') ?? deciding.find((e) => e.status === 'Unknown');
    return found ?? (deciding.length < dependents.length ? { status: 'Unknown' } : undefined);
  };
  const markTrue = (type: string, reason?: string, message?: string): void => {
    set(type, 'True', reason, message);
    const problem = unhappy();
    if (problem) set(t.ready, problem.status, problem.reason, problem.message);
    else if (type !== t.ready) set(t.ready, 'True');
  };
  const markFalse = (type: string, reason: string, message: string): void => {
    set(type, 'False', reason, message);
    if (isDependent(type)) set(t.ready, 'False', reason, message);
  };
  const markUnknown = (type: string, reason: string, message: string): void => {
    set(type, 'Unknown', reason, message);
    if (dependents.some((d) => entries.get(d)?.status === 'False')) {
      if (entries.get(t.ready)?.status !== 'False') set(t.ready, 'False', reason, message);
    } else if (isDependent(type)) {
      set(t.ready, 'Unknown', reason, message);
    }
  };
  const get = (type: string): Condition | undefined => entries.get(type);

  if (!entries.has(t.ready)) set(t.ready, 'Unknown');
  for (const d of dependents) if (!entries.has(d)) set(d, entries.get(t.ready)?.status === 'True' ? 'True' : 'Unknown');
  if (!options.generationObserved) markUnknown(t.ready, 'NewObservedGenFailure', 'unsuccessfully observed a new generation');

  return {
    get,
    markTrue,
    markFalse,
    markUnknown,
    clear(type) {
      if (type !== t.ready && !isDependent(type)) entries.delete(type);
    },
    rollUp(type, parts) {
      const failed = parts.map(get).find((c) => c?.status === 'False');
      if (failed) markFalse(type, failed.reason ?? '', failed.message ?? '');
      else markTrue(type);
    },
    list() {
      return [...entries.values()]
        .sort((a, b) => (a.type < b.type ? -1 : 1))
        .map(({ transition, ...condition }) => {
          const old = before.get(condition.type);
          const kept = old?.status === condition.status ? old.lastTransitionTime : undefined;
          return { ...condition, lastTransitionTime: kept ?? now };
        });
    },
  };
}
