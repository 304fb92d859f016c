import { GATEWAY_GROUP, groupOf, type Kind, kinds } from '../../api/kinds.ts';
import type { Condition, KubeObject } from '../../api/kubernetes.ts';
import { isFalse, isTrue, withTimes } from './status.ts';
import type { Rule, World } from './world.ts';

interface ParentRef {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  sectionName?: string;
}

interface Route extends KubeObject {
  spec: { parentRefs?: ParentRef[]; rules?: { backendRefs?: { group?: string; kind?: string; name: string; namespace?: string }[] }[] };
  status?: { parents?: ParentStatus[] };
}

interface Gateway extends KubeObject {
  spec: { gatewayClassName: string; listeners?: { name: string }[] };
  status?: { conditions?: Condition[]; listeners?: { name: string; conditions?: Condition[] }[] };
}

interface GatewayClass extends KubeObject {
  spec: { controllerName: string };
  status?: { conditions?: Condition[] };
}

interface Pool extends KubeObject {
  /** `parents` in v1, `parent` in v1alpha2 (R4.92). */
  status?: { parents?: ParentStatus[]; parent?: ParentStatus[] };
}

interface ParentStatus {
  parentRef: ParentRef;
  conditions?: Condition[];
}

export interface GatewayOptions {
  /** The address of every Gateway. */
  readonly address: string;
  /** Groups of the InferencePools the gateway can route to; a route to another is told InvalidKind (R4.96). */
  readonly poolGroups: readonly string[];
}

const UNCLASSED_CONTROLLER = 'example.com/gateway-controller';

/** A gateway implementation that accepts all classes, Gateways and routes, and each pool for the Gateways that lead to it. */
export function gatewayRules(options: GatewayOptions): Rule[] {
  return [
    classRule,
    gatewayRule(options.address),
    routeRule(options.poolGroups),
    poolRule(kinds.inferencePool),
    poolRule(kinds.inferencePoolAlpha),
  ] as Rule[];
}

const classRule: Rule<GatewayClass> = {
  kind: kinds.gatewayClass,
  dependsOn: [],
  decide(gatewayClass, _world, now) {
    const accepted = isTrue('Accepted', 'Accepted', '', gatewayClass.metadata.generation);
    return [{ status: { conditions: withTimes([accepted], gatewayClass.status?.conditions, now) } }];
  },
};

const gatewayRule = (address: string): Rule<Gateway> => ({
  kind: kinds.gateway,
  dependsOn: [kinds.httpRoute],
  decide(gateway, world, now) {
    const { generation } = gateway.metadata;
    const routes = world.all<Route>(kinds.httpRoute);
    const attached = (listener: string) =>
      routes.filter((route) => refsTo(gateway, route).some((ref) => (ref.sectionName ?? listener) === listener)).length;
    const conditions = [isTrue('Accepted', 'Accepted', '', generation), isTrue('Programmed', 'Programmed', '', generation)];
    const listenerConditions = [...conditions, isTrue('ResolvedRefs', 'ResolvedRefs', '', generation)];
    return [
      {
        status: {
          addresses: [{ type: /^[\d.]+$|:/.test(address) ? 'IPAddress' : 'Hostname', value: address }],
          conditions: withTimes(conditions, gateway.status?.conditions, now),
          listeners: (gateway.spec.listeners ?? []).map(({ name }) => ({
            name,
            attachedRoutes: attached(name),
            supportedKinds: [{ group: GATEWAY_GROUP, kind: 'HTTPRoute' }],
            conditions: withTimes(listenerConditions, gateway.status?.listeners?.find((l) => l.name === name)?.conditions, now),
          })),
        },
      },
    ];
  },
});

const routeRule = (poolGroups: readonly string[]): Rule<Route> => ({
  kind: kinds.httpRoute,
  dependsOn: [kinds.gateway, kinds.gatewayClass],
  decide(route, world, now) {
    const { generation } = route.metadata;
    const unknown = backendsOf(route).find((ref) => ref.kind === 'InferencePool' && !poolGroups.includes(ref.group ?? ''));
    const conditions = [
      isTrue('Accepted', 'Accepted', '', generation),
      unknown
        ? isFalse('ResolvedRefs', 'InvalidKind', `no support for ${unknown.kind} of ${unknown.group}`, generation)
        : isTrue('ResolvedRefs', 'ResolvedRefs', '', generation),
    ];
    const parents = world.all<Gateway>(kinds.gateway).flatMap((gateway) =>
      refsTo(gateway, route).map((parentRef) => ({
        parentRef,
        controllerName: controllerOf(gateway, world),
        conditions: withTimes(conditions, route.status?.parents?.find((p) => sameRef(p.parentRef, parentRef))?.conditions, now),
      })),
    );
    return [{ status: { parents } }];
  },
});

const poolRule = (kind: Kind): Rule<Pool> => ({
  kind,
  dependsOn: [kinds.httpRoute, kinds.gateway],
  decide(pool, world, now) {
    const field = kind === kinds.inferencePool ? 'parents' : 'parent';
    const previous = pool.status?.[field];
    const routes = world.all<Route>(kinds.httpRoute).filter((route) => leadsTo(route, pool));
    const gateways = world.all<Gateway>(kinds.gateway).filter((gateway) => routes.some((route) => refsTo(gateway, route).length > 0));
    // Until a route leads to it, a pool says what the API server gave it.
    if (gateways.length === 0 && !previous?.some(({ parentRef }) => parentRef.kind === 'Gateway')) return [];
    const { generation } = pool.metadata;
    const parents = gateways.map(({ metadata: { name = '', namespace = '' } }) => {
      const parentRef = { group: GATEWAY_GROUP, kind: 'Gateway', name, namespace };
      const conditions = [isTrue('Accepted', 'Accepted', '', generation), isTrue('ResolvedRefs', 'ResolvedRefs', '', generation)];
      return { parentRef, conditions: withTimes(conditions, previous?.find((p) => sameRef(p.parentRef, parentRef))?.conditions, now) };
    });
    return [{ status: { [field]: parents } }];
  },
});

function refsTo(gateway: Gateway, route: Route): ParentRef[] {
  return (route.spec.parentRefs ?? []).filter(
    (ref) =>
      (ref.kind ?? 'Gateway') === 'Gateway' &&
      ref.name === gateway.metadata.name &&
      (ref.namespace ?? route.metadata.namespace) === gateway.metadata.namespace,
  );
}

const backendsOf = (route: Route) => (route.spec.rules ?? []).flatMap((rule) => rule.backendRefs ?? []);

const leadsTo = (route: Route, pool: Pool): boolean =>
  backendsOf(route).some(
    (ref) =>
      ref.kind === pool.kind &&
      ref.group === groupOf(pool) &&
      ref.name === pool.metadata.name &&
      (ref.namespace ?? route.metadata.namespace) === pool.metadata.namespace,
  );

const sameRef = (a: ParentRef, b: ParentRef): boolean => a.name === b.name && a.namespace === b.namespace && a.sectionName === b.sectionName;

function controllerOf(gateway: Gateway, world: World): string {
  const gatewayClass = world.all<GatewayClass>(kinds.gatewayClass).find((c) => c.metadata.name === gateway.spec.gatewayClassName);
  return gatewayClass?.spec.controllerName ?? UNCLASSED_CONTROLLER;
}
