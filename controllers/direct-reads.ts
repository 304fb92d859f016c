import { type Kind, kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Caches } from './caches.ts';
import { isKindNotServed } from './runtime/api-error.ts';
import type { Client } from './runtime/client.ts';

/** Reads an object from the API server; undefined when it, or its kind, does not exist. */
export type DirectRead = (kind: Kind, namespace: string | undefined, name: string) => Promise<KubeObject | undefined>;

/**
 * Every pass looks at service accounts, which hardly ever change and are neither large nor secret: one that was read is remembered
 * until the cache of metadata shows another version of it.
 */
export function createDirectRead(client: Client, caches: Caches): DirectRead {
  /** Read objects by their metadata as cached; what is gone from the cache is forgotten. */
  const known = new WeakMap<KubeObject, KubeObject>();
  const metadata = caches.readByName.find(({ kind }) => kind === kinds.serviceAccount);

  return async (kind, namespace, name) => {
    const seen = kind === kinds.serviceAccount ? metadata?.get(namespace, name) : undefined;
    const remembered = seen && known.get(seen);
    if (remembered) return remembered;
    try {
      const live = await client.get(kind, namespace, name);
      if (seen && live && live.metadata.resourceVersion === seen.metadata.resourceVersion) known.set(seen, live);
      return live;
    } catch (error) {
      if (isKindNotServed(error)) return undefined;
      throw error;
    }
  };
}
