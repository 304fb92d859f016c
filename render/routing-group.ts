import { conditionTypes } from '../api/conditions.ts';
import { POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../api/kinds.ts';
import { childName, suffixes } from '../api/names.ts';
import { isStopped } from '../api/predicates.ts';
import type { BackendRef, HTTPRouteRule, LLMInferenceService, LLMInferenceServiceSpec } from '../api/types.ts';
import { isManagedBackend, isParticipantRule } from './backends.ts';
import type { Context } from './children.ts';
import { comparedNames, declaredNames, effectiveModelName, plainNames } from './model-names.ts';

/** One service of a routing group, as the others see it (R5.107). */
export interface GroupMember {
  readonly name: string;
  readonly weight: number;
  readonly stopped: boolean;
  /** Model and adapter names without qualifying prefix, sorted and distinct. */
  readonly models: readonly string[];
  readonly backend: MemberBackend;
}

export interface MemberBackend {
  readonly group: string;
  readonly kind: 'InferencePool' | 'Service';
  readonly name: string;
  readonly port: number;
}

/** A routing group from the point of view of one of its members (R5.110). Both lists are sorted by name; `matching` has self in it. */
export interface RoutingGroup {
  readonly name: string;
  readonly matching: readonly GroupMember[];
  readonly divergent: readonly GroupMember[];
}

const BACKEND_PORT = 8000;

/**
 * The group of a stored service. A group that a config supplies is not in the stored spec; the service publishes it in its
 * status, where its peers find it (B5.1).
 */
export function routingGroupOf(service: LLMInferenceService): string | undefined {
  return service.spec?.router?.route?.group ?? (hasConfigs(service) ? service.status?.router?.group?.name : undefined);
}

const hasConfigs = (service: LLMInferenceService): boolean => (service.spec?.baseRefs ?? []).length > 0;

/** The weight of a stored service in its group, 0 when it has none; one from a config is found like the group (B5.1). */
export function routingWeightOf(service: LLMInferenceService): number {
  const stored = service.spec?.router?.route?.weight;
  if (stored !== undefined || !hasConfigs(service)) return stored ?? 0;
  return service.status?.router?.group?.members?.find((member) => member.name === service.metadata.name)?.weight ?? 0;
}

/** Whether traffic can be sent to a service: its router is ready and every workload it has is running (R5.106). */
export function isRoutable(service: LLMInferenceService): boolean {
  return routerReadiness(service)?.status === 'True' && isRunning(service);
}

const routerReadiness = (service: LLMInferenceService) => service.status?.conditions?.find((c) => c.type === conditionTypes.routerReady);

function isRunning(service: LLMInferenceService): boolean {
  const { primary, prefill, scheduler } = service.status?.workloads ?? {};
  const runs = (workload: typeof primary): boolean => workload === undefined || (workload.readyReplicas ?? 0) > 0;
  return primary !== undefined && [primary, prefill, scheduler].every(runs);
}

/**
 * Whether a peer counts: it is not being deleted, and it is stopped (then only for status) or routable (R5.106). One that takes
 * part already stays while only its own route waits for the gateway. Otherwise every change of a member's route would take the member
 * out of all other routes, these would wait for the gateway in turn, and the members would chase each other.
 *
 * @param takesPart whether traffic is sent to the peer so far
 */
export function isEligiblePeer(peer: LLMInferenceService, takesPart: boolean): boolean {
  if (peer.metadata.deletionTimestamp) return false;
  if (isStopped(peer.metadata) || isRoutable(peer)) return true;
  return takesPart && routerReadiness(peer)?.reason === 'HTTPRoutesNotReady' && isRunning(peer);
}

/**
 * Resolves the group of a service whose effective spec has one. Self comes from the effective spec and is always a member, so
 * no weighted list is ever empty (B5.1) and its pool is known before its status is (B5.6); peers come from what they stored.
 *
 * @param services of the namespace; those of other groups, and self, are ignored
 */
export function resolveGroup(context: Context, group: string, services: readonly LLMInferenceService[]): RoutingGroup {
  const { name: selfName, namespace } = context.service.metadata;
  const self: GroupMember = {
    name: selfName,
    weight: context.spec.router?.route?.weight ?? 0,
    stopped: false,
    models: plainNames(namespace, declaredNames(context.spec, selfName)),
    backend: backendOf(selfName, context.spec, context.spec.router?.scheduler && defaultPool(selfName)),
  };
  const published = context.service.status?.router?.group;
  const known = new Set(published?.name === group ? published.members?.filter(({ stopped }) => !stopped).map(({ name }) => name) : []);
  const peers = services
    .filter((service) => service.metadata.name !== selfName && routingGroupOf(service) === group)
    .filter((service) => isEligiblePeer(service, known.has(service.metadata.name ?? '')))
    .map(memberOf);
  const [model = ''] = plainNames(namespace, [effectiveModelName(context.spec, selfName)]);
  const matches = (member: GroupMember): boolean =>
    member.stopped ? member.models.includes(model) : member.models.join('\n') === self.models.join('\n');
  const members = [self, ...peers].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { name: group, matching: members.filter(matches), divergent: members.filter((member) => !matches(member)) };
}

function memberOf(peer: LLMInferenceService): GroupMember {
  const name = peer.metadata.name ?? '';
  const published = peer.status?.router?.scheduler?.inferencePool;
  return {
    name,
    weight: routingWeightOf(peer),
    stopped: isStopped(peer.metadata),
    models: comparedNames(peer),
    backend: backendOf(name, peer.spec, published && { group: published.group, name: published.name }),
  };
}

const defaultPool = (name: string) => ({ group: POOL_GROUP_V1, name: childName(name, suffixes.inferencePool) });

/** Where the traffic of a member goes (R5.109): its external pool, else the pool it manages, else its workload Service. */
export function backendOf(
  name: string,
  spec: LLMInferenceServiceSpec | undefined,
  pool: { readonly group: string; readonly name: string } | undefined,
): MemberBackend {
  const external = spec?.router?.scheduler?.pool?.ref?.name;
  if (external) return { group: POOL_GROUP_V1ALPHA2, kind: 'InferencePool', name: external, port: BACKEND_PORT };
  if (pool) return { group: pool.group, kind: 'InferencePool', name: pool.name, port: BACKEND_PORT };
  return { group: '', kind: 'Service', name: childName(name, suffixes.workloadService), port: BACKEND_PORT };
}

/**
 * The backends of every rule the members share: running members by weight, 0 included. Stopped members are left out, because
 * some gateways leak traffic to backends of weight 0 (R5.111).
 */
export function weightedBackends(group: RoutingGroup): BackendRef[] {
  return group.matching.filter((member) => !member.stopped).map((member) => ({ ...member.backend, weight: member.weight }));
}

/** Whether a rule carries traffic of the whole group: not under the service's own path, and with a backend of ours (R5.112). */
export function isSharedRule(rule: HTTPRouteRule, context: Context): boolean {
  return !isParticipantRule(rule, context) && (rule.backendRefs ?? []).some((backend) => isManagedBackend(backend, context));
}

/**
 * Puts the weighted backends of the group into the shared rules, in place of those of the service; filters, matches, timeouts and
 * backends of the user stay (R5.112, B5.8).
 */
export function rewriteSharedRules(rules: readonly HTTPRouteRule[], group: RoutingGroup, context: Context): HTTPRouteRule[] {
  const weighted = weightedBackends(group);
  return rules.map((rule) => {
    if (!isSharedRule(rule, context)) return rule;
    const others = (rule.backendRefs ?? []).filter((backend) => !isManagedBackend(backend, context));
    return { ...rule, backendRefs: [...weighted, ...others] };
  });
}
