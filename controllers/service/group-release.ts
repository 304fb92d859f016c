import { answerAsync } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import type { LLMInferenceServiceStatus } from '../../api/types.ts';
import { type BlockingPeer, finalizationPending, patienceLeft, peersInTheWay } from '../../assess/group-finalization.ts';
import { openAnswers } from '../answers.ts';
import { isForbidden, isInvalid, isNotFound, textOf } from '../runtime/api-error.ts';
import type { Requeue } from '../runtime/queue.ts';
import { publishStatus } from '../status-publisher.ts';
import type { ServiceEnvironment } from './environment.ts';
import { applyChanges, beginPass, finishedStatus, type StoredService } from './pass.ts';

/** How soon a deletion that waits looks again when no event tells that it need not (R3.5, R5.119). */
export const PENDING_MS = 5_000;

/**
 * Waits until no route of the group leads to a service that is being deleted any more (R5.118). When that takes too long, the
 * routes of the peers that are in the way are changed in their stead (B5.11).
 *
 * @returns when to look again; undefined when nothing is in the way any more
 * @throws when a route cannot be changed now, or has changed meanwhile
 */
export async function leaveGroup(environment: ServiceEnvironment, service: StoredService): Promise<Requeue | undefined> {
  const now = environment.now();
  const { namespace, name } = service.metadata;
  const answers = openAnswers(environment, now, (question) => {
    // A peer's route that changes ends the waiting at once.
    if (question.ask === 'get') environment.dependencies.add(`${namespace}/${name}`, question);
  });
  const peers = await answerAsync(peersInTheWay(service), answers.respond);
  const left = patienceLeft(service, now);
  if (peers.length > 0 && left > 0) {
    const pass = beginPass(service, now, answers);
    applyChanges(pass.conditions, finalizationPending(peers));
    await tell(environment, service, finishedStatus(pass));
    return { requeueAfterMs: Math.min(PENDING_MS, left) };
  }
  for (const peer of peers) await releaseRoute(environment, service, peer);
  return undefined;
}

/** That a service cannot say why it waits is no reason to wait differently (R5.119). */
async function tell({ client, written, log }: ServiceEnvironment, service: StoredService, status: LLMInferenceServiceStatus): Promise<void> {
  try {
    const updated = await publishStatus(client, kinds.service, service, status);
    if (updated) written.observe(updated);
  } catch (error) {
    const { namespace, name } = service.metadata;
    log.warn({ service: `${namespace}/${name}`, err: error }, 'cannot say that the deletion waits for other members of the group');
  }
}

/** Changes a route only as it was seen. One that nobody accepts like this is left to its service, which is told. */
async function releaseRoute({ client, events }: ServiceEnvironment, service: StoredService, { peer, route, released }: BlockingPeer): Promise<void> {
  const { namespace, name = '', resourceVersion } = route.metadata;
  const what = `v1.HTTPRoute ${namespace}/${name}`;
  const why = `LLMInferenceService "${service.metadata.name}" is being deleted and has waited long enough for its backends to be removed`;
  try {
    await client.patch(kinds.httpRoute, namespace, name, { metadata: { resourceVersion }, spec: { rules: released } });
    events.record(peer, [{ type: 'Normal', reason: 'Updated', message: `Updated ${what}: ${why}` }]);
  } catch (error) {
    if (isNotFound(error)) return;
    if (!isInvalid(error) && !isForbidden(error)) throw error;
    events.record(peer, [{ type: 'Warning', reason: 'Error', message: `failed to update ${what}: ${textOf(error)}; ${why}` }]);
  }
}
