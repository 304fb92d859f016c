import { conditionTypes } from '../api/conditions.ts';
import type { Gateway, HTTPRoute } from '../api/gateway-api.ts';
import type { Inquiry } from '../api/inquiry.ts';
import { isRejection, type Rejection, reject, withinStep } from '../api/rejection.ts';
import type { Address, RouterStatus } from '../api/types.ts';
import type { Context, EventText, Stage } from '../render/children.ts';
import { type ResolvedGateway, readGateways, resolveGateways } from '../render/gateways.ts';
import { outlivesRoute } from '../render/pool-migration.ts';
import { renderRoute, wantsManagedRoute } from '../render/route.ts';
import type { RoutingGroup } from '../render/routing-group.ts';
import { addressesOf, primaryUrl, serviceAddress } from './addresses.ts';
import { type ConditionChange, markFalse } from './condition-change.ts';
import { type Distribution, plainKubernetes } from './distribution.ts';
import { assessGateways } from './gateways.ts';
import { assessGroup, noGroup } from './group.ts';
import { assessPools } from './pools.ts';
import { readOwnRoutes, validateReferences } from './references.ts';
import { groupStatus, observedGateways, observeScheduler } from './router-status.ts';
import { assessRoutes } from './routes.ts';
import { type DiscoveredUrl, discoverUrls } from './urls.ts';

/** What the router wants done. With a `rejection` the references lead nowhere: there is no stage, and the pass ends with that error (R5.3). */
export interface RouterPlan {
  /** To be applied in any case, before anything else of the router runs. */
  readonly conditions: readonly ConditionChange[];
  readonly rejection?: Rejection;
  /** The managed HTTPRoute, present or absent, or why it cannot be rendered. To be applied after the scheduler. */
  readonly stage?: Stage;
  /** To be handed to `assessRouter`. */
  readonly group?: RoutingGroup;
  /** Whether the status has to remember that the managed route went over to v1 pools, before that route is removed (B5.4). */
  readonly remembersMigration?: boolean;
}

/** What became of it. */
export interface RouterAssessment {
  readonly conditions: readonly ConditionChange[];
  /** New values of these parts of the status, absent ones to be removed. Undefined when the status is to be left as it is. */
  readonly status?: { readonly router?: RouterStatus; readonly addresses?: readonly Address[]; readonly url?: string };
  readonly events: readonly EventText[];
  /** The routes of the service, its own ones first, and their Gateways, for what comes after (R5.4). */
  readonly routes: readonly HTTPRoute[];
  readonly gateways: readonly ResolvedGateway[];
  /** The pass ends with this error. */
  readonly rejection?: Rejection;
}

/** Validates references and renders the managed route: step 2 of R5.3, and step 4 up to the write. */
export function* routeService(context: Context): Inquiry<RouterPlan> {
  const { conditions, failure } = yield* validateReferences(context);
  if (failure !== undefined) return { conditions, rejection: reject('RefsInvalid', failure, { field: 'spec.router' }) };
  const { stage, group } = yield* renderRoute(context);
  const remembersMigration = !wantsManagedRoute(context) && (yield* outlivesRoute(context));
  return { conditions, stage, remembersMigration, ...(group ? { group } : {}) };
}

/** The condition while the distribution lets no route be written (R5.3, step 1). */
export function preconditionNotMet(what: string): ConditionChange {
  return markFalse(conditionTypes.httpRoutesReady, 'GatewayPreconditionNotMet', what);
}

/** The condition when what the distribution adds to a route cannot be had (R5.3, step 5). */
export function networkingFailed(problem: string): ConditionChange {
  return markFalse(conditionTypes.httpRoutesReady, 'PlatformNetworkingReconcileError', `Failed to reconcile platform networking: ${problem}`);
}

/** The condition for anything that fails while routes are written or looked at (R5.3, step 4). */
export function routeFailed(problem: string): ConditionChange {
  return markFalse(conditionTypes.httpRoutesReady, 'HTTPRouteReconcileError', `Failed to reconcile HTTPRoute: ${problem}`);
}

/**
 * Looks at the routes after the managed one was applied: addresses, topology and group (R5.3, the rest of step 4).
 *
 * @param managed the managed route as the server returned it from the write (R5.46), undefined when there is none
 * @param group what `routeService` made of the routing group
 */
export function* assessRouter(
  context: Context,
  managed: HTTPRoute | undefined,
  group: RoutingGroup | undefined,
  distribution: Distribution = plainKubernetes,
): Inquiry<RouterAssessment> {
  // Stopped: nothing is routed and nothing is advertised, except that `status.url` stays (R5.75).
  if (context.stopped) return { conditions: noGroup, status: { ...previousUrl(context) }, events: [], routes: [], gateways: [] };
  const routed = context.spec.router?.route !== undefined;
  const { found: ownRoutes } = yield* readOwnRoutes(context);
  const routes = managed ? [...ownRoutes, managed] : ownRoutes;

  const assessed = group && managed ? assessGroup(group, managed) : { conditions: noGroup, events: [] };
  const discovery = yield* discoverAll(routes, context, distribution);
  if (isRejection(discovery)) {
    const conditions = [routeFailed(discovery.message), ...assessed.conditions];
    return { ...assessed, conditions, ...(group ? { status: withGroup(context, group) } : {}), routes, gateways: [], rejection: discovery };
  }
  const { gateways, urls } = discovery;
  const router = routed ? yield* composeStatus(context, routes, group) : undefined;
  const status = { ...(router ? { router } : {}), ...(routed ? routedAddresses(urls, context) : unroutedAddresses(context)) };
  return { ...assessed, status, routes, gateways };
}

/** Whether pools, gateways and routes are ready (R5.3, steps 6 to 8). What comes after a step that failed is not looked at. */
export function* assessReadiness(
  context: Context,
  { routes, gateways }: Pick<RouterAssessment, 'routes' | 'gateways'>,
): Inquiry<Pick<RouterAssessment, 'conditions' | 'rejection'>> {
  const pools = yield* assessPools(context, gatewayKeys(gateways));
  if (pools.rejection) return { conditions: [pools.condition], rejection: pools.rejection };
  const refs = context.stopped ? [] : (context.spec.router?.gateway?.refs ?? []);
  const { found: referenced } = yield* readGateways(refs, context.service.metadata.namespace);
  return { conditions: [pools.condition, assessGateways(context, distinctGateways(gateways, referenced)), assessRoutes(context, routes)] };
}

const previousUrl = ({ service }: Context): { url?: string } => (service.status?.url === undefined ? {} : { url: service.status.url });

/** The published status with the group as it is, which is settled as soon as the route is written (R5.115). */
function withGroup(context: Context, group: RoutingGroup): NonNullable<RouterAssessment['status']> {
  const { router, addresses } = context.service.status ?? {};
  return { router: { ...router, group: groupStatus(group) }, ...(addresses ? { addresses } : {}), ...previousUrl(context) };
}

/** Nothing at all where nothing was discovered: an empty list is not kept on the wire. */
function routedAddresses(urls: readonly DiscoveredUrl[], context: Context): { addresses?: Address[]; url?: string } {
  const url = primaryUrl(urls, context);
  return url === undefined ? {} : { addresses: addressesOf(urls, context), url };
}

/** Without a route the workload Service is the address; `status.url` stays as it was (R5.76). */
const unroutedAddresses = (context: Context): { addresses: Address[]; url?: string } => ({
  addresses: serviceAddress(context),
  ...previousUrl(context),
});

/** Gateways and URLs of all routes, in the order of the routes (R5.69), and what the distribution adds to them. */
function* discoverAll(
  routes: readonly HTTPRoute[],
  context: Context,
  distribution: Distribution,
): Inquiry<{ readonly gateways: readonly ResolvedGateway[]; readonly urls: readonly DiscoveredUrl[] } | Rejection> {
  const { ingress } = context.settings;
  const settings = {
    urlScheme: ingress.urlScheme,
    header: ingress.modelBasedRoutingHeaderName,
    wildcardHostname: context.options.wildcardHostname,
    clusterDomain: context.options.clusterDomain,
  };
  const gateways: ResolvedGateway[] = [];
  const urls: DiscoveredUrl[] = [];
  for (const route of routes) {
    const resolved = yield* resolveGateways(route);
    if (isRejection(resolved)) return resolved;
    const discovered = yield* discoverUrls(route, resolved, settings);
    if (isRejection(discovered)) return discovered;
    gateways.push(...resolved);
    urls.push(...discovered);
  }
  const more = yield* distribution.discoverUrls(context, urls);
  return isRejection(more) ? withinStep(more, 'failed to discover additional URLs') : { gateways, urls: [...urls, ...more] };
}

function* composeStatus(context: Context, routes: readonly HTTPRoute[], group: RoutingGroup | undefined): Inquiry<RouterStatus | undefined> {
  const previous = context.service.status?.router;
  const gateways = routes.length > 0 ? observedGateways(routes) : previous?.gateways;
  if (!gateways && !previous) return undefined;
  const scheduler = yield* observeScheduler(context);
  return {
    ...(gateways ? { gateways } : {}),
    ...(scheduler ? { scheduler } : {}),
    ...(group ? { group: groupStatus(group) } : {}),
  };
}

/** Gateways by namespace and name, each once. */
function distinctGateways(resolved: readonly ResolvedGateway[], referenced: readonly Gateway[]): Gateway[] {
  const all = [...resolved.map(({ gateway }) => gateway), ...referenced];
  return [...new Map(all.map((gateway) => [`${gateway.metadata.namespace}/${gateway.metadata.name}`, gateway])).values()];
}

/** Names of the Gateways an InferencePool must be accepted by, as its status names them (R5.92). */
function gatewayKeys(gateways: readonly ResolvedGateway[]): { name: string; namespace: string }[] {
  return gateways.map(({ gateway, parentRef }) => ({ name: parentRef.name, namespace: parentRef.namespace || (gateway.metadata.namespace ?? '') }));
}
