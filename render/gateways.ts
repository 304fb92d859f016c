import { type Gateway, type HTTPRoute, isGatewayReference } from '../api/gateway-api.ts';
import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { GatewayRef, ParentReference } from '../api/types.ts';

/** A Gateway, and the parent reference of a route that led to it. */
export interface ResolvedGateway {
  readonly gateway: Gateway;
  readonly parentRef: ParentReference;
}

/**
 * The Gateways of a route, one per parent reference and in their order (R5.51). References to other kinds are left out
 * (B5.21), and the GatewayClass is not read: nothing depends on it (B5.27). A missing Gateway is a rejection.
 */
export function* resolveGateways(route: HTTPRoute): Inquiry<ResolvedGateway[] | Rejection> {
  const { namespace: routeNamespace = '', name: routeName } = route.metadata;
  const resolved: ResolvedGateway[] = [];
  for (const parentRef of (route.spec?.parentRefs ?? []).filter(isGatewayReference)) {
    const namespace = parentRef.namespace || routeNamespace;
    const gateway = yield* get<Gateway>(kinds.gateway, namespace, parentRef.name);
    if (!gateway) {
      const key = `${namespace}/${parentRef.name}`;
      return reject('GatewayNotFound', `failed to get Gateway ${key} for route ${routeNamespace}/${routeName}: ${notFound(parentRef.name)}`);
    }
    resolved.push({ gateway, parentRef });
  }
  return resolved;
}

const notFound = (name: string): string => `${kinds.gateway.plural}.gateway.networking.k8s.io "${name}" not found`;

/** The Gateways that references name, distinct and in order, and the keys (`namespace/name`) of those that do not exist. */
export function* readGateways(
  refs: readonly (GatewayRef | ParentReference)[],
  defaultNamespace: string,
): Inquiry<{ readonly found: readonly Gateway[]; readonly missing: readonly string[] }> {
  const keys = new Map(refs.map((ref) => [`${ref.namespace || defaultNamespace}/${ref.name ?? ''}`, ref]));
  const found: Gateway[] = [];
  const missing: string[] = [];
  for (const [key, ref] of keys) {
    const gateway = yield* get<Gateway>(kinds.gateway, ref.namespace || defaultNamespace, ref.name ?? '');
    if (gateway) found.push(gateway);
    else missing.push(key);
  }
  return { found, missing };
}
