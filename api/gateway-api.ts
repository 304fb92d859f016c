import { GATEWAY_GROUP } from './kinds.ts';
import type { Condition, KubeObject, LabelSelector, ObjectMeta } from './kubernetes.ts';
import type { HTTPRouteSpec, ParentReference } from './types.ts';

/** A condition of a Gateway API or inference extension object: it says which generation it speaks about. */
export interface ObservedCondition extends Condition {
  observedGeneration?: number;
}

export interface Listener {
  name: string;
  port: number;
  protocol: string;
  hostname?: string;
  tls?: { mode?: string };
  allowedRoutes?: {
    namespaces?: { from?: string; selector?: LabelSelector };
    kinds?: RouteKind[];
  };
}

export interface RouteKind {
  group?: string;
  kind: string;
}

/** What the gateway says about one of its listeners. */
export interface ListenerStatus {
  name: string;
  supportedKinds?: RouteKind[];
  conditions?: ObservedCondition[];
}

export interface Gateway extends KubeObject {
  spec?: { gatewayClassName?: string; listeners?: Listener[] };
  status?: { addresses?: { type?: string; value?: string }[]; conditions?: ObservedCondition[]; listeners?: ListenerStatus[] };
}

/** What one controller says about one parent of a route. */
export interface RouteParentStatus {
  parentRef: ParentReference;
  controllerName?: string;
  conditions?: ObservedCondition[];
}

export interface HTTPRoute extends KubeObject {
  spec?: HTTPRouteSpec;
  status?: { parents?: RouteParentStatus[] };
}

/** A condition is current when it carries no observed generation, or one that is not below the object's (R5.88, R3.120b). */
export function isCurrent(condition: ObservedCondition, metadata: ObjectMeta): boolean {
  const observed = condition.observedGeneration ?? 0;
  return observed === 0 || observed >= (metadata.generation ?? 0);
}

/** Whether a parent reference means a Gateway; a mesh route names a Service instead (B5.21). */
export function isGatewayReference(ref: ParentReference): boolean {
  return (ref.group ?? GATEWAY_GROUP) === GATEWAY_GROUP && (ref.kind ?? 'Gateway') === 'Gateway';
}

/** Whether two parent references of routes in the same namespace mean the same thing, after defaulting (R5.89). */
export function sameParent(a: ParentReference, b: ParentReference, routeNamespace: string): boolean {
  return (
    a.name === b.name &&
    (a.group ?? GATEWAY_GROUP) === (b.group ?? GATEWAY_GROUP) &&
    (a.kind ?? 'Gateway') === (b.kind ?? 'Gateway') &&
    (a.namespace ?? routeNamespace) === (b.namespace ?? routeNamespace) &&
    (a.sectionName ?? '') === (b.sectionName ?? '') &&
    (a.port ?? 0) === (b.port ?? 0)
  );
}
