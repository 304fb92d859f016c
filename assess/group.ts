import { conditionTypes } from '../api/conditions.ts';
import type { HTTPRoute } from '../api/gateway-api.ts';
import { findServices, get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { childName, suffixes } from '../api/names.ts';
import { isDefaultPool } from '../api/predicates.ts';
import type { LLMInferenceService } from '../api/types.ts';
import { isWorkloadService } from '../render/backends.ts';
import type { EventText } from '../render/children.ts';
import { type RoutingGroup, routingGroupOf } from '../render/routing-group.ts';
import { type ConditionChange, clearCondition, markFalse, markTrue } from './condition-change.ts';

const { groupReady, groupDegraded } = conditionTypes;

/** A service without group has neither condition (R5.116). */
export const noGroup: readonly ConditionChange[] = [clearCondition(groupReady), clearCondition(groupDegraded)];

/** Conditions of a group whose shared rules were written, and an event while its members are divergent (R5.115). */
export function assessGroup(group: RoutingGroup): { conditions: ConditionChange[]; events: EventText[] } {
  const degraded = degradation(group);
  if (!degraded) return { conditions: [markTrue(groupReady), clearCondition(groupDegraded)], events: [] };
  const { reason, message } = degraded;
  const event: EventText = { type: 'Warning', reason, message: `routing group "${group.name}": ${degraded.event}` };
  return { conditions: [markTrue(groupReady), markTrue(groupDegraded, reason, message)], events: [event] };
}

function degradation(group: RoutingGroup): { reason: string; message: string; event: string } | undefined {
  if (group.divergent.length > 0) {
    const sets = [...new Set(group.divergent.map((member) => member.models.join('+')))].sort();
    return {
      reason: 'MemberDivergence',
      message: `group has members with different model sets: ${sets.join(', ')}`,
      event: 'members have divergent model.name or LoRA adapter sets; each set is routed on its own',
    };
  }
  if (group.matching.some((member) => !member.stopped && member.weight > 0)) return undefined;
  const message = 'all running members have weight 0: requests on the shared paths are refused';
  return { reason: 'NoWeight', message, event: message };
}

/** How long the deletion of a member waits for its peers; a peer that cannot reconcile must not hold it for ever (B5.11). */
const PATIENCE_MS = 10 * 60 * 1000;

/**
 * The members that still send traffic to a service that is being deleted, sorted (R5.118). The finalizer stays while there are
 * any. Members that are being deleted themselves do not count (R5.120).
 *
 * @param now milliseconds since the epoch
 */
export function* peersInTheWay(service: LLMInferenceService, now: number): Inquiry<string[]> {
  const group = routingGroupOf(service);
  const { name = '', namespace = '', deletionTimestamp } = service.metadata;
  if (group === undefined || now - Date.parse(deletionTimestamp ?? '') > PATIENCE_MS) return [];
  const inTheWay: string[] = [];
  for (const peer of yield* findServices(namespace, { by: 'group', keys: [group] })) {
    const peerName = peer.metadata.name ?? '';
    if (peerName === name || peer.metadata.deletionTimestamp || routingGroupOf(peer) !== group) continue;
    const route = yield* get<HTTPRoute>(kinds.httpRoute, namespace, childName(peerName, suffixes.route));
    if (route && refersTo(route, name)) inTheWay.push(peerName);
  }
  return inTheWay.sort();
}

/** Whether a route sends traffic to the default pool or the workload Service of a service (R5.118). */
export function refersTo(route: HTTPRoute, serviceName: string): boolean {
  const backends = (route.spec?.rules ?? []).flatMap((rule) => rule.backendRefs ?? []);
  return backends.some((backend) => isDefaultPool(backend, serviceName) || isWorkloadService(backend, serviceName));
}

/** Conditions of a member whose deletion waits for peers; at least one name (R5.119). */
export function finalizationPending(peers: readonly string[]): ConditionChange[] {
  const who = peers.length === 1 ? `member ${peers[0]}` : `members ${peers.join(', ')}`;
  return [markFalse(groupReady, 'FinalizationPending', `waiting for ${who} to remove backendRef before deletion`), clearCondition(groupDegraded)];
}
