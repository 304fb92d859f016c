import { readFileSync } from 'node:fs';
import { defaultOptions, type Options } from '../api/options.ts';

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Go's booleans; undefined for any other text. */
export function parseBoolean(text: string): boolean | undefined {
  return TRUE.has(text) || (FALSE.has(text) ? false : undefined);
}

/** A variable; whatever is no boolean, the empty text included, is false (R1.93). */
export function readBoolean(text: string | undefined, standard: boolean): boolean {
  return text === undefined ? standard : (parseBoolean(text) ?? false);
}

/**
 * The domain of the cluster's DNS: `CLUSTER_DOMAIN`, else the search list of the resolver, else `cluster.local`. It is the last one,
 * too, where the resolver file cannot be opened, whatever the variable says (R5 §5.1).
 */
export function readClusterDomain(environment: NodeJS.ProcessEnv, resolverFile = '/etc/resolv.conf'): string {
  let resolver: string;
  try {
    resolver = readFileSync(resolverFile, 'utf8');
  } catch {
    return defaultOptions.clusterDomain;
  }
  if (environment.CLUSTER_DOMAIN) return environment.CLUSTER_DOMAIN;
  for (const line of resolver.split('\n')) {
    const [keyword, ...domains] = line.trim().split(/\s+/);
    const service = keyword === 'search' ? domains.find((domain) => domain.startsWith('svc.')) : undefined;
    if (service) return service.slice('svc.'.length).replace(/\.$/, '');
  }
  return defaultOptions.clusterDomain;
}

/** Parts between commas, without blanks and empty ones. */
export const readList = (text: string): string[] => text.split(',').flatMap((part) => part.trim() || []);

/** The options of the process from its environment. A variable that is set but empty counts as set (R1.93). */
export function readOptions(environment: NodeJS.ProcessEnv, given: { systemNamespace: string }): Options {
  return {
    systemNamespace: given.systemNamespace,
    presetPrefix: environment.LLM_INFERENCE_SERVICE_CONFIG_PREFIX ?? defaultOptions.presetPrefix,
    pinPresets: readBoolean(environment.LLM_INFERENCE_SERVICE_VERSIONED_CONFIG, defaultOptions.pinPresets),
    protectPresets: readBoolean(environment.PREVENT_WELL_KNOWN_CONFIG_DELETION, defaultOptions.protectPresets),
    wildcardHostname: environment.GATEWAY_API_WILDCARD_HOSTNAME ?? defaultOptions.wildcardHostname,
    clusterDomain: readClusterDomain(environment),
    readyNeedsScaling: readBoolean(environment.LLMISVC_READY_NEEDS_SCALING, defaultOptions.readyNeedsScaling),
    keptAutoscalerKeys: readList(environment.LLMISVC_KEPT_AUTOSCALER_KEYS ?? ''),
  };
}
