import { type FieldError, invalid, notSupported } from '../field-error.ts';
import { isDataParallel, isPipelineParallel, parallelismSize } from '../predicates.ts';
import type { LLMInferenceServiceSpec, WorkloadSpec } from '../types.ts';

/** Checks the parallelism of one workload (V8 - V15). */
export function validateParallelism(workload: WorkloadSpec, path: string): FieldError[] {
  const { parallelism: p, worker } = workload;
  const workerNeedsParallelism = 'when worker is specified, parallelism must be configured for either data parallelism or pipeline parallelism';
  if (!p) return worker ? [invalid(`${path}.worker`, worker, workerNeedsParallelism)] : [];
  const errors: FieldError[] = [];
  if (worker && !isDataParallel(p) && !isPipelineParallel(p)) errors.push(invalid(`${path}.worker`, worker, workerNeedsParallelism));
  if (isDataParallel(p) && isPipelineParallel(p)) {
    errors.push(invalid(`${path}.parallelism`, p, 'cannot set both pipeline parallelism and data parallelism (data or dataLocal) simultaneously'));
  }
  if (p.data !== undefined && p.dataLocal === undefined) {
    errors.push(invalid(`${path}.parallelism.dataLocal`, null, 'dataLocal must be set when data is set'));
  }
  if (p.dataLocal !== undefined && p.data === undefined) {
    errors.push(invalid(`${path}.parallelism.data`, null, 'data must be set when dataLocal is set'));
  }
  for (const field of ['pipeline', 'data', 'dataLocal'] as const) {
    const value = p[field];
    if (value !== undefined && value <= 0) {
      errors.push(invalid(`${path}.parallelism.${field}`, value, `${field} parallelism must be greater than 0`));
    }
  }
  return errors;
}

/** The number of pods of a replica cannot change: old and new total size must be equal (R1.67). */
export function validateSizeUnchanged(old: LLMInferenceServiceSpec, current: LLMInferenceServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const compare = (before: WorkloadSpec, after: WorkloadSpec, path: string): void => {
    const [previous, size] = [before, after].map((w) => parallelismSize(w.parallelism) ?? 1);
    if (previous !== size) {
      errors.push(notSupported(`${path}.parallelism`, size, `total parallelism size is immutable, previous size ${previous}, curr size ${size}`));
    }
  };
  compare(old, current, 'spec');
  if (old.prefill && current.prefill) compare(old.prefill, current.prefill, 'spec.prefill');
  return errors;
}
