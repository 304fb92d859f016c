import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { labels, PART_OF } from '../../api/metadata.ts';
import type { ObjectRef } from '../../render/children.ts';
import { BY_DEPLOYMENT, deploymentOf } from '../caches.ts';
import { isNotFound } from '../runtime/api-error.ts';
import type { Client } from '../runtime/client.ts';
import type { ServiceEnvironment } from './environment.ts';

type Sources = Pick<ServiceEnvironment, 'client' | 'caches'>;

/** What the garbage collector waits for when an object is to leave behind what it owns. */
const ORPHAN_FINALIZER = 'orphan';

/** Whether there are pods of a Deployment, which may be gone, that are not on their way out. */
function hasPods({ caches }: Sources, namespace: string, deployment: string): boolean {
  const pods = caches.of(kinds.pod)?.byIndex(BY_DEPLOYMENT, `${namespace}/${deployment}`) ?? [];
  return pods.some(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/**
 * Removes the ReplicaSets of a Deployment that has let go of them to be made anew, where the new one is not wanted any more or did not come to
 * take them over: nobody else would, and their pods would serve for ever (docs/decisions/0003-apply.md). Who made them is told by
 * their names and labels; one that has an owner is left alone. The API server is asked only while there are pods without a Deployment.
 *
 * @returns what was removed
 * @throws ApiError, or a network error
 */
export async function removeOrphans(sources: Sources, namespace: string, deployment: string): Promise<ObjectRef[]> {
  const known = sources.caches.of(kinds.deployment)?.get(namespace, deployment);
  return hasPods(sources, namespace, deployment) ? removeUnowned(sources, namespace, deployment, known) : [];
}

/**
 * The same for a service that is about to go: afterwards nobody would look again, so the Deployment is read from the API server.
 *
 * @returns what was removed, or `waits` while the Deployment is on its way out and has not yet let go of its pods
 * @throws ApiError, or a network error
 */
export async function removeLastOrphans(sources: Sources, namespace: string, deployment: string): Promise<ObjectRef[] | 'waits'> {
  if (!hasPods(sources, namespace, deployment)) return [];
  const live = await sources.client.get(kinds.deployment, namespace, deployment);
  if (live?.metadata.deletionTimestamp && live.metadata.finalizers?.includes(ORPHAN_FINALIZER)) return 'waits';
  return removeUnowned(sources, namespace, deployment, live);
}

async function removeUnowned({ client }: Sources, namespace: string, deployment: string, live: KubeObject | undefined): Promise<ObjectRef[]> {
  const { observedGeneration = 0 } = (live?.status ?? {}) as { observedGeneration?: number };
  // Its controller has seen it and has adopted them, or it still owns them.
  if (live && (live.metadata.deletionTimestamp || observedGeneration > 0)) return [];
  const { items } = await client.list(kinds.replicaSet, { namespace, labelSelector: `${labels.partOf}=${PART_OF}` });
  const orphans = items.filter((set) => deploymentOf(set.metadata.name, set) === deployment && !isOwned(set));
  await Promise.all(orphans.map((set) => remove(client, set)));
  return orphans.map(({ metadata: { name = '' } }) => ({ kind: kinds.replicaSet, namespace, name }));
}

const isOwned = ({ metadata: { ownerReferences = [], deletionTimestamp } }: KubeObject): boolean =>
  deletionTimestamp !== undefined || ownerReferences.some(({ controller }) => controller);

async function remove(client: Client, { metadata: { namespace, name = '', uid } }: KubeObject): Promise<void> {
  try {
    await client.delete(kinds.replicaSet, namespace, name, uid === undefined ? {} : { preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
