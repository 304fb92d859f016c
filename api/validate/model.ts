import { type FieldError, invalid, required } from '../field-error.ts';
import type { LLMInferenceService, ModelSpec } from '../types.ts';

/** Checks LoRA limits and adapter names (V33 - V37). */
export function validateLora(service: LLMInferenceService): FieldError[] {
  const lora = service.spec?.model?.lora;
  if (!lora) return [];
  const path = 'spec.model.lora';
  const errors: FieldError[] = [];
  for (const limit of ['maxRank', 'maxAdapters', 'maxCpuAdapters'] as const) {
    const value = lora[limit];
    if (value !== undefined && value < 1) errors.push(invalid(`${path}.${limit}`, value, `${limit} must be at least 1`));
  }
  const base = service.spec?.model?.name ?? service.metadata.name ?? '';
  const firstIndex = new Map<string, number>();
  lora.adapters?.forEach((adapter: ModelSpec, i) => {
    const field = `${path}.adapters[${i}].name`;
    const { name } = adapter;
    if (!name) {
      errors.push(required(field, 'adapter name is required'));
      return;
    }
    if (name === '.' || name === '..') {
      errors.push(invalid(field, name, 'adapter name must not include "." or ".." (path traversal risk)'));
      return;
    }
    const first = firstIndex.get(name);
    if (first === undefined) firstIndex.set(name, i);
    else errors.push(invalid(field, name, `duplicate name (same as adapters[${first}])`));
    if (name === base) errors.push(invalid(field, name, `adapter name must differ from base model name ${JSON.stringify(base)}`));
  });
  return errors;
}

/** Checks confidential serving (V57) and warns where it has no effect (W2, W3). */
export function validateConfidential(model: ModelSpec | undefined): { errors: FieldError[]; warnings: string[] } {
  const confidential = model?.confidential;
  if (!model || !confidential?.enabled) return { errors: [], warnings: [] };
  const { uri = '' } = model;
  const warnings: string[] = [];
  if (uri.startsWith('oci://')) {
    warnings.push('confidential has no effect with OCI URIs; OCI image decryption is handled by the container runtime via runtimeClassName');
  }
  if (uri.startsWith('pvc://')) {
    warnings.push('confidential has no effect with PVC URIs; the storage-initializer is not injected for PVC volumes');
  }
  const { resourceId } = confidential;
  const errors =
    resourceId && !/^kbs:\/\/\/[a-zA-Z0-9_.-]+\/[a-zA-Z0-9_.-]+\/[a-zA-Z0-9_.-]+$/.test(resourceId)
      ? [invalid('spec.model.confidential.resourceId', resourceId, 'must be in the format kbs:///<repo>/<type>/<tag>')]
      : [];
  return { errors, warnings };
}
