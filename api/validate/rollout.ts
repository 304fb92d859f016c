import { type FieldError, invalid, required } from '../field-error.ts';
import type { IntOrString } from '../kubernetes.ts';
import type { WorkloadSpec } from '../types.ts';

/** Checks the rollout strategy of one workload (V45 - V49, R1.71). */
export function validateRollout(workload: WorkloadSpec, path: string): FieldError[] {
  const strategy = workload.rolloutStrategy;
  if (!strategy) return [];
  const at = `${path}.rolloutStrategy`;
  const { maxUnavailable, maxSurge } = strategy;
  const errors = [...validateAmount(maxUnavailable, `${at}.maxUnavailable`), ...validateAmount(maxSurge, `${at}.maxSurge`)];
  if (errors.length > 0 || maxUnavailable === undefined) return errors;
  // Of the real number of replicas, where it is known (B15); a workload of none is not rolled out until it has one.
  const replicas = Math.max(workload.replicas ?? workload.scaling?.minReplicas ?? 1, 1);
  const unavailable = amountOf(maxUnavailable, replicas, Math.floor);
  if (maxSurge !== undefined && unavailable === 0 && amountOf(maxSurge, replicas, Math.ceil) === 0) {
    return [invalid(at, strategy, 'maxUnavailable and maxSurge cannot both be zero; this would prevent any rolling update progress')];
  }
  if (workload.worker && maxSurge === undefined && unavailable === 0) {
    return [
      required(
        `${at}.maxSurge`,
        'maxSurge is required for multi-node workloads when maxUnavailable is 0, otherwise no rolling update progress is possible',
      ),
    ];
  }
  return [];
}

function validateAmount(value: IntOrString | undefined, field: string): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : [];
  if (!/^[0-9]+%$/.test(value)) {
    return [invalid(field, value, "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%', or '93%')")];
  }
  return Number(value.slice(0, -1)) > 100 ? [invalid(field, value, 'must not be greater than 100%')] : [];
}

function amountOf(value: IntOrString, replicas: number, round: (n: number) => number): number {
  return typeof value === 'number' ? value : round((Number(value.slice(0, -1)) * replicas) / 100);
}
