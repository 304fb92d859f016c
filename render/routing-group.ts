import { conditionTypes, findCondition, refusalReasons, zeroReasons } from '../api/conditions.ts';
import type { Inquiry } from '../api/inquiry.ts';
import { POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../api/kinds.ts';
import { childName, suffixes } from '../api/names.ts';
import { externalPoolName, inferencePoolName, isStopped } from '../api/predicates.ts';
import { isRejection } from '../api/rejection.ts';
import type { BackendRef, HTTPRouteRule, LLMInferenceService, LLMInferenceServiceSpec } from '../api/types.ts';
import { mergeStated } from '../assemble/assemble.ts';
import { isManagedBackend, isParticipantRule } from './backends.ts';
import type { Context } from './children.ts';
import { comparedNames, declaredNames, effectiveModelName, plainNames, publishedNames } from './model-names.ts';

/** One service of a routing group, as the others see it (R5.107). */
export interface GroupMember {
  readonly name: string;
  readonly weight: number;
  readonly stopped: boolean;
  /** Model and adapter names without qualifying prefix, sorted and distinct. */
  readonly models: readonly string[];
  readonly backend: MemberBackend;
  /** Whether a gateway refuses its route, as its status says (B5.12). */
  readonly refused: boolean;
}

export interface MemberBackend {
  readonly group: string;
  readonly kind: 'InferencePool' | 'Service';
  readonly name: string;
  readonly port: number;
}

/** A routing group from the point of view of one of its members (R5.110). The lists are sorted by name. */
export interface RoutingGroup {
  readonly name: string;
  readonly self: GroupMember;
  /** Members with the models of self, self among them. */
  readonly matching: readonly GroupMember[];
  /** Members with other models. */
  readonly divergent: readonly GroupMember[];
  /** Those that would be matching, if traffic could be sent to them. */
  readonly waiting: readonly GroupMember[];
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

const routerReadiness = (service: LLMInferenceService) => findCondition(service.status?.conditions, conditionTypes.routerReady);

function isRunning(service: LLMInferenceService): boolean {
  const { primary, prefill, scheduler } = service.status?.workloads ?? {};
  const runs = (workload: typeof primary): boolean => workload === undefined || (workload.readyReplicas ?? 0) > 0;
  if (!primary || !runs(scheduler)) return false;
  return (
    (runs(primary) || restsAtZero(service, conditionTypes.scalingReady)) &&
    (runs(prefill) || restsAtZero(service, conditionTypes.prefillScalingReady))
  );
}

/**
 * Whether a phase is without replicas on purpose: traffic is what brings them back, so it has to get there (B5.9). Its endpoint picker holds
 * the requests meanwhile; nothing does that for a service without one.
 */
function restsAtZero({ status }: LLMInferenceService, scaling: string): boolean {
  const { status: verdict, reason = '' } = findCondition(status?.conditions, scaling) ?? {};
  return verdict === 'True' && Object.values<string>(zeroReasons).includes(reason) && status?.router?.scheduler !== undefined;
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
 * no weighted list is ever empty (B5.1) and its pool is known before its status is (B5.6); peers come from what they stored, and asks
 * for configs of those that have not published what these give them (B5.10).
 *
 * @param services of the namespace; those of other groups, and self, are ignored
 */
export function* resolveGroup(context: Context, group: string, services: readonly LLMInferenceService[]): Inquiry<RoutingGroup> {
  const { name: selfName, namespace } = context.service.metadata;
  const scheduler = context.spec.router?.scheduler;
  const self: GroupMember = {
    name: selfName,
    weight: context.spec.router?.route?.weight ?? 0,
    stopped: false,
    models: plainNames(namespace, declaredNames(context.spec, selfName)),
    backend: backendOf(selfName, context.service.spec, scheduler && { group: POOL_GROUP_V1, name: inferencePoolName(scheduler, selfName) }),
    refused: false,
  };
  const [model = ''] = plainNames(namespace, [effectiveModelName(context.spec, selfName)]);
  const matches = (member: GroupMember): boolean =>
    member.stopped ? member.models.includes(model) : member.models.join('\n') === self.models.join('\n');
  const published = context.service.status?.router?.group;
  const known = new Set(published?.name === group ? published.members?.filter(({ stopped }) => !stopped).map(({ name }) => name) : []);

  const members = [self];
  const waiting: GroupMember[] = [];
  for (const peer of services) {
    if (peer.metadata.name === selfName || peer.metadata.deletionTimestamp || routingGroupOf(peer) !== group) continue;
    const member = memberOf(yield* withStatedSpec(peer, context), peer.spec);
    (isEligiblePeer(peer, known.has(member.name)) ? members : waiting).push(member);
  }
  const byName = (a: GroupMember, b: GroupMember): number => (a.name < b.name ? -1 : 1);
  members.sort(byName);
  return {
    name: group,
    self,
    matching: members.filter(matches),
    divergent: members.filter((member) => !matches(member)),
    waiting: waiting.filter(matches).sort(byName),
  };
}

/** A peer whose status does not say which models it has, because it is stopped or has no address, with what its configs state. */
function* withStatedSpec(peer: LLMInferenceService, { options }: Context): Inquiry<LLMInferenceService> {
  if (!hasConfigs(peer) || publishedNames(peer).length > 0) return peer;
  const spec = yield* mergeStated(peer, options);
  return isRejection(spec) ? peer : { ...peer, spec };
}

/** A peer as a member of its group, from what it stored. */
export function memberOf(peer: LLMInferenceService, stored: LLMInferenceServiceSpec | undefined): GroupMember {
  const name = peer.metadata.name ?? '';
  const published = peer.status?.router?.scheduler?.inferencePool;
  return {
    name,
    weight: routingWeightOf(peer),
    stopped: isStopped(peer.metadata),
    models: comparedNames(peer),
    backend: backendOf(name, stored, published && { group: published.group, name: published.name }),
    refused: isRefused(peer),
  };
}

/** Whether a gateway refuses the route of a service, as the service itself has found. */
export function isRefused({ status }: LLMInferenceService): boolean {
  return Object.values<string | undefined>(refusalReasons).includes(findCondition(status?.conditions, conditionTypes.groupDegraded)?.reason);
}

/**
 * Where the traffic of a member goes (R5.109): the external pool of its stored spec, else the pool it manages or has from a config, else
 * its workload Service.
 */
export function backendOf(
  name: string,
  stored: LLMInferenceServiceSpec | undefined,
  pool: { readonly group: string; readonly name: string } | undefined,
): MemberBackend {
  const external = externalPoolName(stored?.router?.scheduler);
  if (external) return { group: POOL_GROUP_V1ALPHA2, kind: 'InferencePool', name: external, port: BACKEND_PORT };
  if (pool) return { group: pool.group, kind: 'InferencePool', name: pool.name, port: BACKEND_PORT };
  return { group: '', kind: 'Service', name: childName(name, suffixes.workloadService), port: BACKEND_PORT };
}

/**
 * The backends of every rule the members share: running members by weight, 0 included. Stopped members are left out, because
 * some gateways leak traffic to backends of weight 0 (R5.111).
 */
export function weightedBackends(group: RoutingGroup): BackendRef[] {
  return group.matching.filter((member) => !member.stopped).map(weightedBackend);
}

/** A member as a backend of a rule. */
export const weightedBackend = ({ backend, weight }: GroupMember): BackendRef => ({ ...backend, weight });

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
