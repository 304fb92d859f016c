import type { HTTPRoute } from '../../api/gateway-api.ts';
import { isRejection } from '../../api/rejection.ts';
import type { ParentReference } from '../../api/types.ts';
import { type DiscoveredUrl, type DiscoverySettings, discoverUrls } from '../../assess/urls.ts';
import { resolveGateways } from '../../render/gateways.ts';
import { ask } from './answers.ts';
import { gateway, httpRoute, listener } from './router-fixtures.ts';

export const NS = 'gateway-ns';
const EXTERNAL = '203.0.113.1';
export const parent: ParentReference = { name: 'gateway', namespace: NS };
export const section = (sectionName: string): ParentReference[] => [{ ...parent, sectionName }];
export const http = listener('http', 'HTTP', 80);
export const https = listener('https', 'HTTPS', 443);
export type GatewayOptions = Parameters<typeof gateway>[0];
/** One row of the discovery table: what differs from one HTTP:80 gateway with one address, and the exact URLs. */
export interface Row {
  n: number;
  what: string;
  gateway?: GatewayOptions;
  gateways?: GatewayOptions[];
  route?: Parameters<typeof httpRoute>[0];
  services?: object[];
  scheme?: string;
  header?: string;
  urls: string[];
}

/** Discovers the URLs of a route with one parent, or what is wrong with it. */
export function discover({ gateway: only, gateways, route, services = [], scheme = '', header: headerName = '' }: Omit<Row, 'n' | 'what' | 'urls'>) {
  const defaults = { name: 'gateway', namespace: NS, addresses: [EXTERNAL] };
  const objects = [...(gateways ?? [only ?? {}]).map((g) => gateway({ ...defaults, ...g })), ...services];
  const settings: DiscoverySettings = { urlScheme: scheme, header: headerName, wildcardHostname: 'inference', clusterDomain: 'cluster.local' };
  return ask(resolveAndDiscover(httpRoute({ parentRefs: [parent], ...route }), settings), objects);
}

function* resolveAndDiscover(route: HTTPRoute, settings: DiscoverySettings) {
  const resolved = yield* resolveGateways(route);
  return isRejection(resolved) ? resolved : yield* discoverUrls(route, resolved, settings);
}

/** The URLs, where there are any. */
export function found(result: ReturnType<typeof discover>): DiscoveredUrl[] {
  if (isRejection(result)) throw new Error(result.message);
  return result;
}

export const refsTo = (gateways: GatewayOptions[]): ParentReference[] =>
  gateways.map((g) => ({ name: g?.name ?? '', namespace: g?.namespace ?? NS }));
