import type { Options } from '../../api/options.ts';
import { usesConfig } from '../../api/predicates.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig } from '../../api/types.ts';
import { isWellKnown } from '../../assemble/preset-names.ts';

/** The services that can be looked up by the configs they may use. */
export interface ServiceLookup {
  /** All services of a namespace, or of all namespaces. */
  list(namespace?: string): readonly LLMInferenceService[];
  /** Services that name the config in any way. */
  byConfigName(name: string): readonly LLMInferenceService[];
}

export interface ServiceReference {
  readonly name: string;
  readonly namespace: string;
}

/**
 * The names of configs a service may be using; the key of the index behind `byConfigName` (R2.110). Pins and baseRefs count
 * beside the applied configs, so that a config is found while the service moves from one to another (B30).
 */
export function configNamesOf(service: LLMInferenceService): string[] {
  const names = [
    ...(service.status?.appliedConfigs ?? []).map((c) => c.name),
    ...Object.values(service.status?.annotations ?? {}),
    ...(service.spec?.baseRefs ?? []).map((ref) => ref.name ?? ''),
  ];
  return [...new Set(names)].filter((name) => name !== '');
}

/**
 * The services a config is used by, sorted by namespace and name (R2.114). A config of the system namespace may be used from
 * everywhere; a well-known one counts as used by every service in reach, because it may be needed without being named.
 */
export function referencingServices(config: LLMInferenceServiceConfig, services: ServiceLookup, options: Options): ServiceReference[] {
  const { name = '', namespace = '' } = config.metadata;
  const everywhere = namespace === options.systemNamespace;
  const inReach = (service: LLMInferenceService): boolean => everywhere || service.metadata.namespace === namespace;
  const users = isWellKnown(name, options)
    ? services.list(everywhere ? undefined : namespace)
    : services.byConfigName(name).filter((service) => inReach(service) && usesConfig(service, name, namespace));
  return users
    .map(({ metadata }) => ({ name: metadata.name ?? '', namespace: metadata.namespace ?? '' }))
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
