import type { Gateway, HTTPRoute } from '../api/gateway-api.ts';
import { EVERYWHERE, get, type Inquiry, list } from '../api/inquiry.ts';
import { GATEWAY_GROUP, kinds } from '../api/kinds.ts';
import type { Service } from '../api/kubernetes.ts';
import { labels } from '../api/metadata.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { ResolvedGateway } from '../render/gateways.ts';
import { type AttachedListener, attachedListeners } from './attachment.ts';
import { type HttpListener, type Scheme, selectListeners } from './listeners.ts';
import { advertisedPaths } from './paths.ts';

/** A URL under which a route can be reached, and who serves it: a Gateway, or what a distribution has in front of it. */
export interface DiscoveredUrl {
  readonly url: string;
  readonly scheme: Scheme;
  readonly host: string;
  readonly path: string;
  /** Whether it leads to the model only together with the header that names it. */
  readonly modelRouting: boolean;
  readonly origin: { readonly group: string; readonly kind: string; readonly name: string; readonly namespace: string };
}

export interface DiscoverySettings {
  /** `urlScheme`: which listeners come first. */
  readonly urlScheme: string;
  /** Name of the header for model-based routing; empty when there is none. */
  readonly header: string;
  readonly wildcardHostname: string;
  readonly clusterDomain: string;
}

/**
 * The URLs of a route (R5.53): gateways in parent order; per gateway the paths in order; per path the external URLs, then the
 * internal ones of the Service behind the gateway. Empty when no gateway has an address or a Service (R5.64). A parent
 * reference that no listener answers is a rejection.
 */
export function* discoverUrls(
  route: HTTPRoute,
  gateways: readonly ResolvedGateway[],
  settings: DiscoverySettings,
): Inquiry<DiscoveredUrl[] | Rejection> {
  const paths = advertisedPaths(route, settings.header);
  const found: DiscoveredUrl[] = [];
  for (const resolved of gateways) {
    const { metadata } = resolved.gateway;
    const gateway = { name: metadata.name ?? '', namespace: metadata.namespace ?? '' };
    const origin = { group: GATEWAY_GROUP, kind: kinds.gateway.kind, ...gateway };
    const listeners = selectListeners(resolved.gateway, resolved.parentRef, settings.urlScheme);
    if (isRejection(listeners)) return listeners;
    const service = yield* findBackingService(gateway);
    const attached = attachedListeners(route, resolved.gateway, listeners);
    const entries = [...externalEntries(resolved.gateway, attached, settings), ...internalEntries(service, attached, settings)];
    const urls = paths.flatMap((way) => entries.map((entry) => ({ ...entry, ...way, origin, url: formatUrl(entry, way.path) })));
    found.push(...new Map(urls.map((url) => [url.url, url])).values());
  }
  return found;
}

/** Where a gateway takes requests. */
interface Entry {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
}

/** One entry per listener and host name; none while the gateway has no address (R5.59 - R5.61). */
function externalEntries(gateway: Gateway, listeners: readonly AttachedListener[], { wildcardHostname }: DiscoverySettings): Entry[] {
  const addresses = gateway.status?.addresses ?? [];
  if (addresses.length === 0) return [];
  const concrete = (hostname: string): string => hostname.replace(/^\*\./, `${wildcardHostname}.`);
  const addressHosts = addresses.flatMap(({ value }) => (value ? [value] : []));
  return listeners.flatMap(({ scheme, port, hostname, routeHosts }) => {
    const listenerHosts = hostname ? [concrete(hostname)] : addressHosts;
    const hosts = routeHosts.length > 0 ? routeHosts.map(concrete) : listenerHosts;
    return [...hosts].sort().map((host) => ({ scheme, host, port }));
  });
}

/** One entry per listener whose port the Service has; a Service that declares no ports has all (R5.63). */
function internalEntries(service: Service | undefined, listeners: readonly HttpListener[], { clusterDomain }: DiscoverySettings): Entry[] {
  if (!service) return [];
  const host = `${service.metadata?.name}.${service.metadata?.namespace}.svc.${clusterDomain}`;
  const ports = (service.spec?.ports ?? []).map(({ port }) => port);
  return listeners.filter(({ port }) => ports.length === 0 || ports.includes(port)).map(({ scheme, port }) => ({ scheme, host, port }));
}

/**
 * The Service behind a gateway: the first that carries its label, else the one with its name (R5.62), else the one that Envoy
 * Gateway made for it, which is in a namespace of its own (B5.16).
 */
function* findBackingService({ name, namespace }: { name: string; namespace: string }): Inquiry<Service | undefined> {
  const [labelled] = yield* list<Service>(kinds.coreService, namespace, { [labels.gatewayName]: name });
  const found = labelled ?? (yield* get<Service>(kinds.coreService, namespace, name));
  if (found) return found;
  const envoyLabels = { [labels.envoyGatewayName]: name, [labels.envoyGatewayNamespace]: namespace };
  const [envoy] = yield* list<Service>(kinds.coreService, EVERYWHERE, envoyLabels);
  return envoy;
}

/** The port is left out where it is the scheme's own; an IPv6 address is put in brackets (R5.60). */
function formatUrl({ scheme, host, port }: Entry, path: string): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const isOwnPort = port === (scheme === 'http' ? 80 : 443);
  return `${scheme}://${name}${isOwnPort ? '' : `:${port}`}${path}`;
}
