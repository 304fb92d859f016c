import { type HTTPRoute, isGatewayReference } from '../api/gateway-api.ts';
import { get, type Inquiry } from '../api/inquiry.ts';
import { GATEWAY_GROUP, kinds, POOL_GROUP_V1 } from '../api/kinds.ts';
import { eppServiceName, externalPoolName, inferencePoolName } from '../api/predicates.ts';
import type { GatewayStatus, RouterStatus } from '../api/types.ts';
import type { Context } from '../render/children.ts';
import type { GroupMember, RoutingGroup } from '../render/routing-group.ts';

/**
 * `status.router.gateways` (R5.78): the Gateways that the routes name as parents, each with the listeners and routes that meet
 * there. Everything is sorted and distinct, so that an unchanged topology is an unchanged status.
 */
export function observedGateways(routes: readonly HTTPRoute[]): GatewayStatus[] {
  const parents = routes.flatMap((route) =>
    (route.spec?.parentRefs ?? []).filter(isGatewayReference).map((ref) => {
      const [name, namespace = '', routeNamespace = ''] = [ref.name, ref.namespace || route.metadata.namespace, route.metadata.namespace];
      return {
        key: `${namespace}/${name}`,
        name,
        namespace,
        listener: ref.sectionName,
        route: { name: route.metadata.name ?? '', namespace: routeNamespace },
      };
    }),
  );
  return [...Map.groupBy(parents, ({ key }) => key)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...others]]) => {
      if (!first) return [];
      const all = [first, ...others];
      const listeners = [...new Set(all.flatMap(({ listener }) => listener || []))].sort();
      const httpRoutes = [...new Map(all.map(({ route }) => [route.name, route])).values()]
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((route) => ({ group: GATEWAY_GROUP, kind: 'HTTPRoute', ...route }));
      const gateway = { group: GATEWAY_GROUP, kind: 'Gateway', name: first.name, namespace: first.namespace };
      return [{ ...gateway, ...(listeners.length > 0 ? { listeners } : {}), httpRoutes }];
    });
}

/**
 * `status.router.scheduler` (R5.79, R5.80): pool and EPP Service; undefined without scheduler. For an external pool it is the previous
 * value while that pool cannot be read.
 */
export function* observeScheduler(context: Context): Inquiry<RouterStatus['scheduler']> {
  const { name, namespace } = context.service.metadata;
  const scheduler = context.spec.router?.scheduler;
  if (!scheduler) return undefined;
  const external = externalPoolName(scheduler);
  if (external !== undefined && !(yield* get(kinds.inferencePool, namespace, external))) return context.service.status?.router?.scheduler;
  return {
    inferencePool: { group: POOL_GROUP_V1, kind: 'InferencePool', name: inferencePoolName(scheduler, name) },
    service: { group: '', kind: 'Service', name: eppServiceName(scheduler, name) },
  };
}

/** `status.router.group` (R5.115): the members with the same models, stopped ones too, with the weight they declare. */
export function groupStatus(group: RoutingGroup): NonNullable<RouterStatus['group']> {
  const member = ({ name, weight, stopped, backend }: GroupMember) => ({ name, weight, ...(stopped ? { stopped } : {}), backendRef: { ...backend } });
  return { name: group.name, members: group.matching.map(member) };
}
