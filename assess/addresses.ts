import { childName, suffixes } from '../api/names.ts';
import type { Address } from '../api/types.ts';
import { isUnderParticipantPath } from '../render/backends.ts';
import type { Context } from '../render/children.ts';
import { declaredNames, qualifiedName } from '../render/model-names.ts';
import { reachOf } from './hosts.ts';
import type { DiscoveredUrl } from './urls.ts';

/**
 * `status.addresses` of a routed service: one entry per URL, sorted by URL (R5.69, R5.70). A URL that the same Gateway serves
 * through two listeners or two routes is listed once (B5.15).
 */
export function addressesOf(urls: readonly DiscoveredUrl[], context: Context): Address[] {
  return sortedUrls(urls).map((discovered) => {
    const modelRouting = isModelRouting(discovered);
    return {
      url: discovered.url,
      name: addressName(discovered, context.options.clusterDomain),
      origin: { ...discovered.origin },
      models: servedModels(context, modelRouting).map((name) => ({ name })),
    };
  });
}

/** `status.addresses` of a service without route: its workload Service (R5.76). */
export function serviceAddress(context: Context): Address[] {
  const { name, namespace } = context.service.metadata;
  const scheme = context.settings.ingress.enableTLS ? 'https' : 'http';
  return [{ url: `${scheme}://${childName(name, suffixes.workloadService)}.${namespace}.svc.${context.options.clusterDomain}` }];
}

/**
 * `status.url` (R5.72): external URLs before internal ones, the service's own path before others. Among internal URLs of the
 * own path the configured scheme comes first; external ones are not reordered. Undefined when there is no URL.
 */
export function primaryUrl(urls: readonly DiscoveredUrl[], context: Context): string | undefined {
  const { name, namespace } = context.service.metadata;
  const sorted = sortedUrls(urls);
  const external = sorted.filter(({ host }) => reachOf(host, context.options.clusterDomain) === 'external');
  const candidates = external.length > 0 ? external : sorted;
  const own = candidates.filter(({ path }) => isUnderParticipantPath(path, namespace, name));
  const preferred = external.length > 0 ? undefined : own.find(({ scheme }) => scheme === context.settings.ingress.urlScheme);
  return (preferred ?? own[0] ?? candidates[0])?.url;
}

function sortedUrls(urls: readonly DiscoveredUrl[]): DiscoveredUrl[] {
  const distinct = new Map<string, DiscoveredUrl>();
  for (const found of urls) {
    const key = `${found.url} ${found.origin.kind} ${found.origin.namespace}/${found.origin.name}`;
    if (distinct.get(key)?.modelRouting !== false) distinct.set(key, found);
  }
  return [...distinct.values()].sort((a, b) => (a.url < b.url ? -1 : a.url > b.url ? 1 : 0));
}

/**
 * Whether the model is chosen by header: always at the root, where clients know the URL by its name (R5.67), and elsewhere where nothing
 * but the header leads to the model (B5.13).
 */
const isModelRouting = ({ path, modelRouting }: DiscoveredUrl): boolean => modelRouting || path === '' || path === '/';

const reachNames = { cluster: 'gateway-internal', internal: 'internal', external: 'gateway-external' } as const;

/** `name` of an address: where it can be reached from, and whether it is for model routing (R5.70). */
export function addressName(url: DiscoveredUrl, clusterDomain: string): string {
  return reachNames[reachOf(url.host, clusterDomain)] + (isModelRouting(url) ? '-model-routing' : '');
}

/** The model names a client may send to a URL: qualified ones only where the model is chosen by header (R5.71). */
function servedModels(context: Context, modelRouting: boolean): string[] {
  const { name, namespace } = context.service.metadata;
  return declaredNames(context.spec, name).flatMap((model) => {
    const qualified = qualifiedName(namespace, model);
    return modelRouting ? [qualified] : [qualified, model];
  });
}
