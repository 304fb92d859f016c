import type { FieldError } from '../field-error.ts';
import type { LLMInferenceService, WorkloadSpec } from '../types.ts';
import { validateKvCache } from './kv-cache.ts';
import { validateManagedDra } from './managed-dra.ts';
import { validateConfidential, validateLora } from './model.ts';
import { validateParallelism, validateSizeUnchanged } from './parallelism.ts';
import { validateRollout } from './rollout.ts';
import { validateRouter, validateTraffic } from './router.ts';
import { validateScaling, validateScalingConsistency } from './scaling.ts';
import { validateScheduler } from './scheduler.ts';

export interface Findings {
  readonly errors: readonly FieldError[];
  readonly warnings: readonly string[];
}

/**
 * All checks of a service on CREATE and UPDATE, in the order in which their errors are listed (R1.61, R1.62).
 *
 * @param old the stored object on UPDATE, in the same version
 * @param version the version the request was made in; v1alpha1 lacks some checks and never warns
 */
export function validateService(service: LLMInferenceService, old: LLMInferenceService | undefined, version: 'v1alpha1' | 'v1alpha2'): Findings {
  if (old && service.metadata.deletionTimestamp) return { errors: [], warnings: [] };
  const spec = service.spec ?? {};
  const workloads: [WorkloadSpec, string][] = [[spec, 'spec'], ...(spec.prefill ? [[spec.prefill, 'spec.prefill'] as [WorkloadSpec, string]] : [])];
  const each = (check: (workload: WorkloadSpec, path: string) => FieldError[]): FieldError[] => workloads.flatMap(([w, path]) => check(w, path));

  const router = validateRouter(spec.router, version);
  const routing = [
    ...router.errors,
    ...validateTraffic(spec.router),
    ...each(validateParallelism),
    ...validateScheduler(spec.router?.scheduler),
    ...each(validateScaling),
    ...validateScalingConsistency(spec),
  ];
  const devices = validateManagedDra(service.metadata.annotations);
  const size = old ? validateSizeUnchanged(old.spec ?? {}, spec) : [];
  if (version === 'v1alpha1') {
    return { errors: [...routing, ...each(validateRollout), ...validateLora(service), ...devices, ...size], warnings: [] };
  }
  const confidential = validateConfidential(spec.model);
  return {
    errors: [...routing, ...validateLora(service), ...each(validateKvCache), ...each(validateRollout), ...devices, ...size, ...confidential.errors],
    warnings: [...router.warnings, ...confidential.warnings],
  };
}
