import { findCondition } from '../api/conditions.ts';
import { type Gateway, type HTTPRoute, isCurrent, type Listener, type ListenerStatus, type RouteKind } from '../api/gateway-api.ts';
import { GATEWAY_GROUP, kinds } from '../api/kinds.ts';
import type { LabelSelector } from '../api/kubernetes.ts';
import { intersectHostnames } from './hostnames.ts';
import type { HttpListener } from './listeners.ts';

/** A listener that takes a route, and the host names of the route that it takes; empty when the route names none. */
export interface AttachedListener extends HttpListener {
  readonly routeHosts: readonly string[];
}

/**
 * The listeners among those that were selected which take the route, with the host names both sides have in common (B5.15). Where route and
 * listeners have no host name in common at all, those of the route count: that is what the reference advertises (rows 38 and 73 of
 * 5.22.1). A listener that certainly takes no HTTPRoute of this namespace, or that the gateway says is broken, is left out.
 */
export function attachedListeners(route: HTTPRoute, gateway: Gateway, listeners: readonly HttpListener[]): AttachedListener[] {
  return withHosts(route, listeners).filter((listener) => {
    const status = gateway.status?.listeners?.find(({ name }) => name === listener.name);
    return servesHttpRoutes(listener, status) && admitsNamespace(listener, route.metadata.namespace ?? '') && !isBroken(status, gateway);
  });
}

function withHosts(route: HTTPRoute, listeners: readonly HttpListener[]): AttachedListener[] {
  const hosts = (route.spec?.hostnames ?? []).filter((hostname) => hostname !== '' && hostname !== '*');
  const common = listeners.map((listener) => {
    const { hostname } = listener;
    return { ...listener, routeHosts: hostname ? hosts.flatMap((host) => intersectHostnames(host, hostname) ?? []) : hosts };
  });
  const taking = common.filter(({ routeHosts }) => routeHosts.length > 0);
  return taking.length > 0 ? taking : listeners.map((listener) => ({ ...listener, routeHosts: hosts }));
}

/** Whether what the listener allows, and what the gateway says it supports there, has HTTPRoutes in it; a list that is empty says nothing. */
function servesHttpRoutes({ tls, allowedRoutes }: Listener, status: ListenerStatus | undefined): boolean {
  const excluded = (routeKinds: readonly RouteKind[] = []): boolean => routeKinds.length > 0 && !routeKinds.some(isHttpRoute);
  return tls?.mode !== 'Passthrough' && !excluded(allowedRoutes?.kinds) && !excluded(status?.supportedKinds);
}

const isHttpRoute = ({ group, kind }: RouteKind): boolean => (group ?? GATEWAY_GROUP) === GATEWAY_GROUP && kind === kinds.httpRoute.kind;

/**
 * Whether routes of a namespace may attach, as far as its name tells. `Same` is not looked at: the schema puts it on every listener that
 * says nothing, and the reference advertises these to all namespaces.
 */
function admitsNamespace({ allowedRoutes }: Listener, namespace: string): boolean {
  const { from, selector } = allowedRoutes?.namespaces ?? {};
  return from !== 'Selector' || !excludesName(selector, namespace);
}

/** The one label every namespace has, with its name as the value. What a selector says about other labels is not known here. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

function excludesName({ matchLabels, matchExpressions }: LabelSelector = {}, name: string): boolean {
  const wanted = matchLabels?.[NAME_LABEL];
  if (wanted !== undefined && wanted !== name) return true;
  return (matchExpressions ?? []).some(({ key, operator, values }) => {
    if (key !== NAME_LABEL) return false;
    if (operator === 'DoesNotExist') return true;
    const listed = (values ?? []).includes(name);
    return (operator === 'In' && !listed) || (operator === 'NotIn' && listed);
  });
}

/**
 * Whether the gateway says, as of its present generation, that it does not serve the listener. What is still pending is not broken; and
 * a reference or route kind that cannot be resolved does no harm to a listener that is programmed all the same.
 */
function isBroken(status: ListenerStatus | undefined, { metadata }: Gateway): boolean {
  const of = (type: string) => {
    const condition = findCondition(status?.conditions, type);
    return condition && isCurrent(condition, metadata) ? condition : undefined;
  };
  const programmed = of('Programmed');
  if ([of('Accepted'), programmed].some((condition) => condition?.status === 'False' && condition.reason !== 'Pending')) return true;
  const references = of('ResolvedRefs');
  return references?.status === 'False' && references.reason !== 'InvalidRouteKinds' && programmed?.status !== 'True';
}
