import { GATEWAY_GROUP } from '../api/kinds.ts';
import { childName, suffixes } from '../api/names.ts';
import { externalPoolName, hasGatewayRefs, isDefaultPool } from '../api/predicates.ts';
import type { BackendRef, GatewayRef, HTTPRouteSpec, LLMInferenceServiceSpec, ParentReference } from '../api/types.ts';

/**
 * Points the route at what the service really has: the gateways it names (R2.81), its workload Service where there is no
 * scheduler (R2.82), an external pool where it names one (R2.83).
 */
export function withRouteRefs(spec: LLMInferenceServiceSpec, serviceName: string): LLMInferenceServiceSpec {
  const { router } = spec;
  const route = router?.route?.http?.spec;
  if (!route) return spec;
  const retargeted = retargetedBackends(route, spec, serviceName);
  const result = hasGatewayRefs(router.gateway) ? { ...retargeted, parentRefs: gatewayParents(router.gateway?.refs ?? []) } : retargeted;
  return { ...spec, router: { ...router, route: { ...router.route, http: { ...router.route?.http, spec: result } } } };
}

/** A ref without a namespace stays without one: the Gateway API takes the route's (R2.81). */
export function gatewayParents(refs: readonly GatewayRef[]): ParentReference[] {
  return refs.map(({ name = '', namespace, sectionName }) => ({
    group: GATEWAY_GROUP,
    kind: 'Gateway',
    ...(namespace ? { namespace } : {}),
    name,
    ...(sectionName ? { sectionName } : {}),
  }));
}

function retargetedBackends(route: HTTPRouteSpec, spec: LLMInferenceServiceSpec, serviceName: string): HTTPRouteSpec {
  const scheduler = spec.router?.scheduler;
  const pool = externalPoolName(scheduler);
  if (scheduler && pool === undefined) return route;
  const target = pool === undefined ? { group: '', kind: 'Service', name: childName(serviceName, suffixes.workloadService) } : { name: pool };
  const retarget = (backend: BackendRef): BackendRef => (isDefaultPool(backend, serviceName) ? { ...backend, ...target } : backend);
  if (!route.rules) return route;
  return { ...route, rules: route.rules.map((rule) => (rule.backendRefs ? { ...rule, backendRefs: rule.backendRefs.map(retarget) } : rule)) };
}
