import { conditionTypes } from '../api/conditions.ts';
import { parseDuration } from '../api/duration.ts';
import type { HTTPRoute } from '../api/gateway-api.ts';
import { findServices, get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { annotations } from '../api/metadata.ts';
import { childName, suffixes } from '../api/names.ts';
import type { HTTPRouteRule, LLMInferenceService } from '../api/types.ts';
import { releaseMember, waysTo } from '../render/member-release.ts';
import { routingGroupOf } from '../render/routing-group.ts';
import { type ConditionChange, clearCondition, markFalse } from './condition-change.ts';

const { groupReady, groupDegraded } = conditionTypes;

/** A member whose managed route still sends traffic to a service that is being deleted. */
export interface BlockingPeer {
  readonly peer: LLMInferenceService;
  readonly route: HTTPRoute;
  /** The rules the route should have. */
  readonly released: readonly HTTPRouteRule[];
}

/**
 * The members that still send traffic to a service that is being deleted, sorted by name (R5.118). The finalizer stays while there
 * are any. Members that are being deleted themselves do not count (R5.120), nor do routes that are not the peer's own.
 */
export function* peersInTheWay(service: LLMInferenceService): Inquiry<BlockingPeer[]> {
  const group = routingGroupOf(service);
  const { name, namespace = '' } = service.metadata;
  if (group === undefined) return [];
  const services = yield* findServices(namespace, { by: 'group', keys: [group] });
  const staying = services.filter((other) => other.metadata.name !== name && !other.metadata.deletionTimestamp && routingGroupOf(other) === group);
  const leadsTo = waysTo(service, staying);
  const inTheWay: BlockingPeer[] = [];
  for (const peer of staying) {
    const route = yield* get<HTTPRoute>(kinds.httpRoute, namespace, childName(peer.metadata.name ?? '', suffixes.route));
    if (!route || !isControlledBy(peer, route)) continue;
    const released = releaseMember(route, peer, leadsTo);
    if (released) inTheWay.push({ peer, route, released });
  }
  return inTheWay.sort((a, b) => ((a.peer.metadata.name ?? '') < (b.peer.metadata.name ?? '') ? -1 : 1));
}

const isControlledBy = ({ metadata: { uid } }: LLMInferenceService, { metadata }: HTTPRoute): boolean =>
  metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) ?? false;

/** How long the deletion of a member waits for peers when its annotation does not say otherwise. */
const PATIENCE_MS = 10 * 60 * 1000;

/**
 * How much longer a service that is being deleted waits for its peers, in milliseconds; at most 0 when it has waited long enough. A
 * peer that cannot be reconciled must not hold it for ever (B5.11).
 *
 * @param now milliseconds since the epoch
 */
export function patienceLeft({ metadata }: LLMInferenceService, now: number): number {
  const patience = parseDuration(metadata.annotations?.[annotations.groupFinalizationTimeout] ?? '') ?? PATIENCE_MS;
  return Date.parse(metadata.deletionTimestamp ?? '') + patience - now;
}

/** Conditions of a member whose deletion waits for peers; at least one (R5.119). */
export function finalizationPending(peers: readonly BlockingPeer[]): ConditionChange[] {
  const names = peers.map(({ peer }) => peer.metadata.name);
  const who = names.length === 1 ? `member ${names[0]}` : `members ${names.join(', ')}`;
  return [markFalse(groupReady, 'FinalizationPending', `waiting for ${who} to remove backendRef before deletion`), clearCondition(groupDegraded)];
}
