import type { LLMInferenceServiceSpec } from '../types.ts';

/** What a model states that will not have the effect its author expects (B11 of chapter 1). */
export function warnOfModel({ model, baseRefs }: LLMInferenceServiceSpec): string[] {
  if (!model) return [];
  const warnings: string[] = [];
  if (!model.uri && model.name && !baseRefs?.length) {
    warnings.push('spec.model.uri: no URI is given, and no baseRef that could give one: nothing can be served');
  }
  const { confidential } = model;
  const scheme = /^oci\+(native|fetch):\/\//i.exec(model.uri ?? '')?.[0];
  if (confidential?.enabled && scheme) {
    warnings.push(`spec.model.confidential: has no effect with ${scheme} URIs; the image is decrypted by the container runtime`);
  }
  if (confidential?.enabled && confidential.resourceId === '') {
    warnings.push('spec.model.confidential.resourceId: is empty, which is the same as leaving it out');
  }
  model.lora?.adapters?.forEach((adapter, i) => {
    if (adapter.confidential) {
      warnings.push(`spec.model.lora.adapters[${i}].confidential: is ignored; adapters are decrypted as spec.model.confidential says`);
    }
    if (adapter.lora) warnings.push(`spec.model.lora.adapters[${i}].lora: is ignored; an adapter has no adapters of its own`);
  });
  return warnings;
}
