import { answerAsync } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import { finalizers } from '../../api/metadata.ts';
import { finalizationPending, peersInTheWay } from '../../assess/group.ts';
import { authBindingName, isOwnAuthBinding } from '../../render/scheduler/access.ts';
import { openAnswers } from '../answers.ts';
import { isNotFound } from '../runtime/api-error.ts';
import type { Client } from '../runtime/client.ts';
import type { Requeue } from '../runtime/queue.ts';
import { publishStatus } from '../status-publisher.ts';
import type { ServiceEnvironment } from './environment.ts';
import { applyChanges, beginPass, finishedStatus, type StoredService } from './pass.ts';

/** How soon a deletion that waits for peers looks again (R3.5). */
const PENDING_MS = 5_000;

/** Adds our finalizer where it is missing (R3.2 step 2); a patch of the metadata, so that an object that became invalid can get it too (B3.27). */
export async function ensureFinalizer(client: Client, service: StoredService): Promise<StoredService> {
  const present = service.metadata.finalizers ?? [];
  if (present.includes(finalizers.service)) return service;
  return await writeFinalizers(client, service, [...present, finalizers.service]);
}

/**
 * What has to happen before a service may go (R3.5): its group lets go of it, and its cluster-scoped binding is removed, which
 * no owner reference can do. Everything else is garbage-collected.
 */
export async function finalizeService(environment: ServiceEnvironment, service: StoredService): Promise<Requeue | undefined> {
  if (!service.metadata.finalizers?.includes(finalizers.service)) return undefined;
  const now = environment.now();
  const answers = openAnswers(environment, now);
  const peers = await answerAsync(peersInTheWay(service, now), answers.respond);
  if (peers.length > 0) {
    const pass = beginPass(service, now, answers);
    applyChanges(pass.conditions, finalizationPending(peers));
    const written = await publishStatus(environment.client, kinds.service, service, finishedStatus(pass));
    if (written) environment.written.observe(written);
    return { requeueAfterMs: PENDING_MS };
  }
  await removeSchedulerBinding(environment.client, service);
  await dropFinalizer(environment.client, service);
  const { uid, namespace, name } = service.metadata;
  environment.validator.forget(uid);
  environment.written.forget(uid);
  environment.applier.forget(service);
  const key = `${namespace}/${name}`;
  environment.dependencies.forget(key);
  environment.news.forget(key);
  return undefined;
}

/** The name may stand for another service too, so the labels and the subject decide whose binding it is (B4.8). */
async function removeSchedulerBinding(client: Client, service: StoredService): Promise<void> {
  const bindingName = authBindingName(service.metadata);
  const binding = await client.get(kinds.clusterRoleBinding, undefined, bindingName);
  if (!binding) return;
  if (!isOwnAuthBinding({ service }, binding)) return;
  try {
    await client.delete(
      kinds.clusterRoleBinding,
      undefined,
      bindingName,
      binding.metadata.uid ? { preconditions: { uid: binding.metadata.uid } } : {},
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** An object that is gone already is fine. */
async function dropFinalizer(client: Client, service: StoredService): Promise<void> {
  try {
    await writeFinalizers(
      client,
      service,
      (service.metadata.finalizers ?? []).filter((f) => f !== finalizers.service),
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function writeFinalizers(client: Client, { metadata }: StoredService, values: string[]): Promise<StoredService> {
  const { namespace, name, resourceVersion } = metadata;
  const patch = { metadata: { finalizers: values, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
  return client.patch<StoredService>(kinds.service, namespace, name, patch);
}
