import type { HTTPRoute } from '../api/gateway-api.ts';
import { findServices, get, type Inquiry, served } from '../api/inquiry.ts';
import { kinds, POOL_GROUP_V1 } from '../api/kinds.ts';
import { components, labels } from '../api/metadata.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { HTTPRouteRule, HTTPRouteSpec } from '../api/types.ts';
import type { Context, EventText, Stage } from './children.ts';
import { child, childRef, componentLabels, nameOf } from './identity.ts';
import { reportCollisions } from './model-collisions.ts';
import { adapterNames } from './model-names.ts';
import { modelRoutingEnabled, stripModelRouting } from './model-routing.ts';
import { hadMigrated, migrated } from './pool-migration.ts';
import { choosePoolGroup, type PoolGroup, withPoolGroup } from './pool-version.ts';
import { fitAdapterMatches, fitBackends } from './route-limits.ts';
import { type RoutingGroup, resolveGroup, rewriteSharedRules } from './routing-group.ts';

export interface RenderedRoute {
  /** The managed route as the one present or absent object, or the rejection that kept it from being rendered. */
  readonly stage: Stage;
  /** The routing group of the service, when it has one and a managed route. */
  readonly group?: RoutingGroup;
}

/** Whether the operator writes an HTTPRoute for the service (§5.5): a route is asked for, not by reference, and the service runs. */
export function wantsManagedRoute(context: Context): boolean {
  const http = context.spec.router?.route?.http;
  return !context.stopped && http?.spec !== undefined && (http.refs ?? []).length === 0;
}

/**
 * The managed HTTPRoute, built from the effective spec in the order of R5.34: model-based routing, pool API version, backends
 * of the routing group. Asks for the route as it is, the services of the same group or with the same models, and the gateways that may
 * opt out of model-based routing. Where the service wants no managed route, that route must be absent (R5.44).
 */
export function* renderRoute(context: Context): Inquiry<RenderedRoute> {
  const spec = context.spec.router?.route?.http?.spec;
  if (!wantsManagedRoute(context) || !spec) {
    return { stage: { name: 'route', present: [], absent: [childRef(context, kinds.httpRoute, nameOf(context, 'route'))] } };
  }
  const rules = yield* applyModelRouting(spec.rules ?? [], context);
  if (isRejection(rules)) return { stage: { name: 'route', present: [], absent: [], rejection: rules } };

  const poolGroup = yield* decidePoolGroup(context);
  const versioned = poolGroup ? withPoolGroup(rules, poolGroup, context.service.metadata.name) : rules;

  const group = yield* findGroup(context);
  const grouped = group ? fitBackends(rewriteSharedRules(versioned, group, context)) : versioned;
  if (isRejection(grouped)) return { stage: { name: 'route', present: [], absent: [], rejection: grouped } };
  const timed = context.settings.ingress.disableRouteTimeouts ? withoutEndlessTimeouts(grouped) : grouped;

  const route = managedRoute(context, { ...spec, rules: timed }, poolGroup === POOL_GROUP_V1);
  const collision = yield* reportCollisions(context);
  const events: EventText[] = collision ? [collision] : [];
  return { stage: { name: 'route', present: [route], absent: [], events }, ...(group ? { group } : {}) };
}

function* findGroup(context: Context): Inquiry<RoutingGroup | undefined> {
  const name = context.spec.router?.route?.group;
  if (name === undefined) return undefined;
  return yield* resolveGroup(context, name, yield* findServices(context.service.metadata.namespace, { by: 'group', keys: [name] }));
}

function* applyModelRouting(rules: readonly HTTPRouteRule[], context: Context): Inquiry<HTTPRouteRule[] | Rejection> {
  const header = context.settings.ingress.modelBasedRoutingHeaderName;
  const enabled = yield* modelRoutingEnabled(context);
  if (!enabled) return stripModelRouting(rules, header);
  return fitAdapterMatches(rules, header, context.service.metadata.namespace, adapterNames(context.spec));
}

const ENDLESS = /^(0+(ms|[hms]))+$/;

/** Rules that do not say that nothing times out, for gateways that know no time-outs (B5.23). Other time-outs stay. */
function withoutEndlessTimeouts(rules: readonly HTTPRouteRule[]): HTTPRouteRule[] {
  return rules.map((rule) => {
    const { timeouts, ...rest } = rule;
    return Object.values(timeouts ?? {}).every((timeout) => ENDLESS.test(timeout)) ? rest : rule;
  });
}

/** The API group of the default pool, where the service has one (R5.38). */
function* decidePoolGroup(context: Context): Inquiry<PoolGroup | undefined> {
  const { scheduler } = context.spec.router ?? {};
  if (!scheduler || scheduler.pool?.ref?.name) return undefined;
  const current = yield* get<HTTPRoute>(kinds.httpRoute, context.service.metadata.namespace, nameOf(context, 'route'));
  const alphaServed = yield* served(kinds.inferencePoolAlpha);
  if (!current && alphaServed && (yield* hadMigrated(context))) return POOL_GROUP_V1;
  return choosePoolGroup(current, alphaServed, context);
}

/** The object (R5.27): clients find it by exactly these labels. */
function managedRoute(context: Context, spec: HTTPRouteSpec, onV1: boolean): HTTPRoute {
  const group = context.spec.router?.route?.group;
  const head = child(context, kinds.httpRoute, nameOf(context, 'route'), {
    labels: { ...componentLabels(context, components.router), ...(group === undefined ? {} : { [labels.routingGroup]: group }) },
    annotations: onV1 ? migrated : {},
  });
  return { ...head, spec };
}
