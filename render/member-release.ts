import type { HTTPRoute } from '../api/gateway-api.ts';
import { externalPoolName, isDefaultPool } from '../api/predicates.ts';
import type { BackendRef, HTTPRouteRule, LLMInferenceService } from '../api/types.ts';
import { isWorkloadService } from './backends.ts';
import { memberOf, weightedBackend } from './routing-group.ts';

/** Whether a backend leads to one particular service. */
export type LeadsTo = (backend: BackendRef) => boolean;

/**
 * By which backends other routes of its group lead to a member: its default pool, its workload Service, and its external pool
 * unless members that stay use that one, too (R5.118, B5.11).
 */
export function waysTo(member: LLMInferenceService, staying: readonly LLMInferenceService[]): LeadsTo {
  const { name = '' } = member.metadata;
  const shared = new Set(staying.flatMap(poolsOf));
  const pools = new Set(poolsOf(member).filter((pool) => !shared.has(pool)));
  return (backend) =>
    isWorkloadService(backend, name) ||
    (backend.kind === 'InferencePool' && !shared.has(backend.name) && (pools.has(backend.name) || isDefaultPool(backend, name)));
}

/** The pools a stored service names or has published: one that comes from a config is in its status only. */
const poolsOf = ({ spec, status }: LLMInferenceService): string[] =>
  [externalPoolName(spec?.router?.scheduler), status?.router?.scheduler?.inferencePool?.name].flatMap((name) => name ?? []);

/**
 * The rules of a peer's managed route without a member, as the peer's own next pass leaves them. A rule never loses its last
 * backend: the peer itself takes the place, for it is always a member of its group. A backend that the peer's spec asks for stays.
 *
 * @returns undefined when no rule leads to the member
 */
export function releaseMember(route: HTTPRoute, peer: LLMInferenceService, leadsTo: LeadsTo): HTTPRouteRule[] | undefined {
  const asked = (peer.spec?.router?.route?.http?.spec?.rules ?? []).flatMap((rule) => rule.backendRefs ?? []);
  const goes: LeadsTo = (backend) => leadsTo(backend) && !asked.some((own) => sameTarget(own, backend));
  const rules = route.spec?.rules ?? [];
  const released = rules.map((rule) => {
    const { backendRefs = [] } = rule;
    if (!backendRefs.some(goes)) return rule;
    const left = backendRefs.filter((backend) => !goes(backend));
    return { ...rule, backendRefs: left.length > 0 ? left : [weightedBackend(memberOf(peer, peer.spec))] };
  });
  return released.some((rule, i) => rule !== rules[i]) ? released : undefined;
}

const sameTarget = (a: BackendRef, b: BackendRef): boolean => a.name === b.name && (a.kind ?? 'Service') === (b.kind ?? 'Service');
