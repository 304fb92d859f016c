import type { LLMInferenceService, LLMInferenceServiceSpec } from '../api/types.ts';

/** The name under which a model is known to everybody in the cluster (R5.124): `publishers/<namespace>/models/<model>`. */
export function qualifiedName(namespace: string, model: string): string {
  return `publishers/${namespace}/models/${model}`;
}

/** `spec.model.name`, or the name of the service where it is unset or empty. */
export function effectiveModelName(spec: LLMInferenceServiceSpec | undefined, serviceName: string): string {
  return spec?.model?.name || serviceName;
}

/** Names of the LoRA adapters in declared order; adapters without a name do not count. */
export function adapterNames(spec: LLMInferenceServiceSpec | undefined): string[] {
  return (spec?.model?.lora?.adapters ?? []).flatMap((adapter) => (adapter.name ? [adapter.name] : []));
}

/** Model name and adapter names, as the spec has them. */
export function declaredNames(spec: LLMInferenceServiceSpec | undefined, serviceName: string): string[] {
  return [effectiveModelName(spec, serviceName), ...adapterNames(spec)];
}

/** Every name in `status.addresses[].models[]`. */
export function publishedNames(service: LLMInferenceService): string[] {
  return (service.status?.addresses ?? []).flatMap((address) => (address.models ?? []).map((model) => model.name));
}

/**
 * The model names by which members of a routing group are compared: the published ones, else those of the spec (R5.108),
 * sorted, distinct and without the qualifying prefix. A member that was just created has no published names; without the
 * prefix its set is the same before and after they are there (B5.10).
 */
export function comparedNames(service: LLMInferenceService): string[] {
  const { name = '', namespace = '' } = service.metadata;
  const published = publishedNames(service);
  return plainNames(namespace, published.length > 0 ? published : declaredNames(service.spec, name));
}

/** Names without the qualifying prefix, sorted and distinct. */
export function plainNames(namespace: string, names: readonly string[]): string[] {
  const prefix = qualifiedName(namespace, '');
  return [...new Set(names.map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)))].sort();
}
