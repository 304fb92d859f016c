import { findCondition } from '../api/conditions.ts';
import { type HTTPRoute, sameParent } from '../api/gateway-api.ts';
import { POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../api/kinds.ts';
import { isDefaultPool } from '../api/predicates.ts';
import type { HTTPRouteRule } from '../api/types.ts';
import type { Context } from './children.ts';
import { isMigrated } from './pool-migration.ts';
import { isSharedRule } from './routing-group.ts';

export type PoolGroup = typeof POOL_GROUP_V1 | typeof POOL_GROUP_V1ALPHA2;

/**
 * Which API group the managed route names its default pool by (R5.38). It starts with v1alpha2 and goes over to v1, for good,
 * when a gateway shows that it takes v1 or that it does not take v1alpha2. Without the v1alpha2 CRD it is v1 at once (B5.4).
 *
 * @param current the managed route as it is in the cluster
 * @param alphaServed whether the API server serves v1alpha2 pools
 */
export function choosePoolGroup(current: HTTPRoute | undefined, alphaServed: boolean, context: Context): PoolGroup {
  if (!alphaServed || isMigrated(current?.metadata.annotations)) return POOL_GROUP_V1;
  if (!current) return POOL_GROUP_V1ALPHA2;
  const grouped = context.spec.router?.route?.group !== undefined;
  const own = grouped ? withoutSharedRules(current, context) : current;
  const migrate =
    backendSupported(own, POOL_GROUP_V1) === true ||
    backendSupported(own, POOL_GROUP_V1ALPHA2) === false ||
    (grouped && usesPool(current, POOL_GROUP_V1) && resolvesEverything(current));
  return migrate ? POOL_GROUP_V1 : POOL_GROUP_V1ALPHA2;
}

/**
 * The shared rules of a group name v1 pools while the own rules still name v1alpha2. What a gateway says about such a mixture
 * does not tell which of them it means (B5.4), unless it resolved all of it.
 */
function withoutSharedRules(route: HTTPRoute, context: Context): HTTPRoute {
  return { ...route, spec: { ...route.spec, rules: (route.spec?.rules ?? []).filter((rule) => !isSharedRule(rule, context)) } };
}

/**
 * Whether gateways support the pools of a group that a route names (R5.40): false when all that reported on the references
 * reject the kind, undefined when the route names no such pool or nobody reported.
 */
export function backendSupported(route: HTTPRoute | undefined, group: PoolGroup): boolean | undefined {
  if (!route || !usesPool(route, group)) return undefined;
  const reports = resolvedRefs(route);
  if (reports.length === 0) return undefined;
  return reports.some((report) => report.status !== 'False' || report.reason !== 'InvalidKind');
}

function usesPool(route: HTTPRoute, group: PoolGroup): boolean {
  return (route.spec?.rules ?? []).some((rule) => (rule.backendRefs ?? []).some((b) => b.kind === 'InferencePool' && b.group === group));
}

const resolvesEverything = (route: HTTPRoute): boolean => {
  const reports = resolvedRefs(route);
  return reports.length > 0 && reports.every((report) => report.status === 'True');
};

/** The `ResolvedRefs` conditions of the parents that the spec names, or of all where it names none. */
function resolvedRefs(route: HTTPRoute) {
  const parents = route.spec?.parentRefs ?? [];
  const namespace = route.metadata.namespace ?? '';
  return (route.status?.parents ?? [])
    .filter((status) => parents.length === 0 || parents.some((parent) => sameParent(parent, status.parentRef, namespace)))
    .flatMap((status) => findCondition(status.conditions, 'ResolvedRefs') ?? []);
}

/** Rules in which every reference to the default pool has the API group (R5.39). */
export function withPoolGroup(rules: readonly HTTPRouteRule[], group: PoolGroup, serviceName: string): HTTPRouteRule[] {
  return rules.map((rule) => {
    if (!rule.backendRefs?.some((backend) => isDefaultPool(backend, serviceName))) return rule;
    return { ...rule, backendRefs: rule.backendRefs.map((backend) => (isDefaultPool(backend, serviceName) ? { ...backend, group } : backend)) };
  });
}
