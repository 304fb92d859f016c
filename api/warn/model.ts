import type { LLMInferenceServiceSpec } from '../types.ts';

const STORAGE_INITIALIZER = 'storage-initializer';

/** What a model states that will not have the effect its author expects (B11 of chapter 1, B3.37). */
export function warnOfModel(spec: LLMInferenceServiceSpec): string[] {
  const { model, baseRefs } = spec;
  if (!model) return [];
  const warnings: string[] = [];
  if (!model.uri && model.name && !baseRefs?.length) {
    warnings.push('spec.model.uri: no URI is given, and no baseRef that could give one: nothing can be served');
  }
  warnings.push(...warnOfClaim(model.uri, 'spec.model.uri'), ...warnOfDetachment(spec, model.uri ?? ''));
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
    warnings.push(...warnOfClaim(adapter.uri, `spec.model.lora.adapters[${i}].uri`));
    if (adapter.lora) warnings.push(`spec.model.lora.adapters[${i}].lora: is ignored; an adapter has no adapters of its own`);
  });
  return warnings;
}

/** Without the storage initializer claims and images are not mounted either, and what was meant to change its container becomes one. */
function warnOfDetachment(spec: LLMInferenceServiceSpec, uri: string): string[] {
  const isDisabled = spec.storageInitializer?.enabled === false;
  const warnings =
    isDisabled && /^(pvc|oci(\+\w+)?):\/\//i.test(uri)
      ? [`spec.storageInitializer.enabled: false means that ${uri} is not mounted either; the pods need a volume of their own`]
      : [];
  if (!isDisabled && !/^oci\+native:\/\//i.test(uri)) return warnings;
  const templates = {
    template: spec.template,
    worker: spec.worker,
    'prefill.template': spec.prefill?.template,
    'prefill.worker': spec.prefill?.worker,
  };
  for (const [path, template] of Object.entries(templates)) {
    const index = template?.initContainers?.findIndex(({ name, image }) => name === STORAGE_INITIALIZER && !image) ?? -1;
    const field = `spec.${path}.initContainers[${index}].image`;
    if (index >= 0) warnings.push(`${field}: is missing; without a download nothing is made of this container, and no pod can be created`);
  }
  return warnings;
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
