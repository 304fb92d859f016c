import type { LLMInferenceServiceSpec } from '../types.ts';

/** What a model states that will not have the effect its author expects (B11 of chapter 1). */
export function warnOfModel({ model, baseRefs }: LLMInferenceServiceSpec): string[] {
  if (!model) return [];
  const warnings: string[] = [];
  if (!model.uri && model.name && !baseRefs?.length) {
    warnings.push('spec.model.uri: no URI is given, and no baseRef that could give one: nothing can be served');
  }
  warnings.push(...warnOfUri(model.uri, 'spec.model.uri'));
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
    warnings.push(
      ...(adapter.uri ? warnOfUri(adapter.uri, `spec.model.lora.adapters[${i}].uri`) : [`spec.model.lora.adapters[${i}].uri: is missing`]),
    );
    if (adapter.lora) warnings.push(`spec.model.lora.adapters[${i}].lora: is ignored; an adapter has no adapters of its own`);
  });
  return warnings;
}

/**
 * A URI without a scheme can only be a mistake. A scheme that the operator does not attach is accepted without a word, as in the reference;
 * the status tells.
 */
function warnOfUri(uri: string | undefined, field: string): string[] {
  if (uri && !uri.includes('://') && !uri.includes('{{'))
    return [`${field}: ${JSON.stringify(uri)} has no scheme; write hf://, s3://, pvc:// or oci://`];
  return warnOfClaim(uri, field);
}

/** What the API server refuses in the volume or the mount of a claim (B3.41). */
function warnOfClaim(uri: string | undefined, field: string): string[] {
  const source = /^pvc:\/\/(.*)$/is.exec(uri ?? '')?.[1];
  if (source === undefined || source.includes('{{')) return [];
  const [claim, ...path] = source.split('/');
  if (claim === '') return [`${field}: names no claim; write pvc://<claim>/<path>`];
  if (path.includes('..')) return [`${field}: the path must not contain "..": no pod can be created`];
  if (path.length > 1 && path[0] === '') return [`${field}: the path must not begin with a second "/": no pod can be created`];
  return [];
}
