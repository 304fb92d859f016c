import { conditionTypes } from '../../api/conditions.ts';
import type { EventText } from '../../api/event-text.ts';
import { kinds } from '../../api/kinds.ts';
import { finalizers } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { authBindingName, isOwnAuthBinding } from '../../render/scheduler/access.ts';
import { openAnswers } from '../answers.ts';
import { isConflict, isNotFound, textOf } from '../runtime/api-error.ts';
import type { Client } from '../runtime/client.ts';
import type { Requeue } from '../runtime/queue.ts';
import { publishStatus } from '../status-publisher.ts';
import type { ServiceEnvironment } from './environment.ts';
import { leaveGroup, PENDING_MS } from './group-release.ts';
import { removeLastOrphans } from './orphans.ts';
import { beginPass, type StoredService } from './pass.ts';
import { deletionEvent } from './stages.ts';

/**
 * Adds our finalizer where it is missing (R3.2 step 2); a patch of the metadata, so that an object that became invalid can get it too (B3.27).
 *
 * @returns the service with it; undefined when the service is gone
 * @throws when it cannot be added, which users are told in an event (B3.14)
 */
export async function ensureFinalizer({ client, events }: ServiceEnvironment, service: StoredService): Promise<StoredService | undefined> {
  const present = service.metadata.finalizers ?? [];
  if (present.includes(finalizers.service)) return service;
  try {
    return await writeFinalizers(client, service, [...present, finalizers.service]);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!isConflict(error)) events.record(service, [failedTo('add the finalizer', error)]);
    throw error;
  }
}

const failedTo = (what: string, error: unknown): EventText => ({
  type: 'Warning',
  reason: 'Error',
  message: `Reconciliation failed: failed to ${what}: ${textOf(error)}`,
});

/**
 * What has to happen before a service may go (R3.5): its group lets go of it, and what no owner reference leads to is removed: its
 * cluster-scoped binding, and pods that a Deployment let go of. Everything else is garbage-collected.
 *
 * @throws when something of this fails, which users are told in a condition and an event (B3.14)
 */
export async function finalizeService(environment: ServiceEnvironment, service: StoredService): Promise<Requeue | undefined> {
  try {
    return await finalize(environment, service);
  } catch (error) {
    if (!isConflict(error)) await reportFailure(environment, service, error);
    throw error;
  }
}

async function reportFailure(environment: ServiceEnvironment, service: StoredService, error: unknown): Promise<void> {
  const { client, events, written } = environment;
  const text = failedTo('finalize', error);
  events.record(service, [text]);
  const now = environment.now();
  const { conditions, status } = beginPass(service, now, openAnswers(environment, now));
  conditions.markFalse(conditionTypes.ready, 'FinalizationFailed', text.message);
  // The failure itself counts more than that it cannot be told.
  const updated = await publishStatus(client, kinds.service, service, { ...status, conditions: conditions.list() }).catch(() => undefined);
  if (updated) written.observe(updated);
}

async function finalize(environment: ServiceEnvironment, service: StoredService): Promise<Requeue | undefined> {
  if (!service.metadata.finalizers?.includes(finalizers.service)) return undefined;
  const requeue = await leaveGroup(environment, service);
  if (requeue) return requeue;
  if (!(await removePodsLeft(environment, service))) return { requeueAfterMs: PENDING_MS };
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

/**
 * Owner references do not lead to the pods of a Deployment that was just being made anew.
 *
 * @returns false while one has not yet let go of its pods; its end wakes the service
 */
async function removePodsLeft(environment: ServiceEnvironment, service: StoredService): Promise<boolean> {
  const { namespace, name } = service.metadata;
  for (const suffix of [suffixes.main, suffixes.prefill]) {
    const deployment = childName(name, suffix);
    const removed = await removeLastOrphans(environment, namespace, deployment);
    if (removed === 'waits') return false;
    if (removed.length > 0) environment.events.record(service, removed.map(deletionEvent));
  }
  return true;
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
