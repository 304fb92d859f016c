import { isStopped } from '../api/predicates.ts';
import type { LLMInferenceService } from '../api/types.ts';
import { comparedNames } from '../render/model-names.ts';
import { isEligiblePeer, isRefused, isRoutable, routingGroupOf, routingWeightOf } from '../render/routing-group.ts';

/**
 * The routing groups of the namespace whose other members must be reconciled because of a change to one service (R5.122):
 * its group, and the one it has left. Empty when the change does not matter to peers (R5.123).
 *
 * @param before undefined on create
 * @param after undefined on delete
 */
export function groupsToWake(before: LLMInferenceService | undefined, after: LLMInferenceService | undefined): string[] {
  const groups = [before, after].flatMap((service) => (service && routingGroupOf(service)) ?? []);
  if (before && after && aspectsForPeers(before) === aspectsForPeers(after)) return [];
  return [...new Set(groups)];
}

/** Everything about a service that its peers use, as text. A replica count that does not change routability is not in it. */
function aspectsForPeers(service: LLMInferenceService): string {
  const { router, model, baseRefs } = service.spec ?? {};
  return JSON.stringify([
    service.metadata.deletionTimestamp !== undefined,
    isStopped(service.metadata),
    router ?? null,
    model ?? null,
    baseRefs ?? null,
    isRoutable(service),
    isEligiblePeer(service, true),
    isRefused(service),
    comparedNames(service),
    routingGroupOf(service) ?? null,
    routingWeightOf(service),
    service.status?.router?.scheduler?.inferencePool ?? null,
  ]);
}
