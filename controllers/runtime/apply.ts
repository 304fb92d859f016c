import type { KubeObject } from '../../api/kubernetes.ts';
import type { ObjectRef } from '../../render/children.ts';
import type { Client } from './client.ts';
import type { CacheAnswer } from './informer.ts';

/** What came of applying one object. */
export type Outcome =
  | { readonly action: 'created' | 'updated' | 'unchanged'; readonly object: KubeObject }
  /** Somebody else's object has the name; nothing was written (R3.40). */
  | { readonly action: 'foreign'; readonly message: string }
  /** The server refuses to change a field that cannot change; the caller may recreate the object (B3.1). */
  | { readonly action: 'immutable'; readonly message: string; readonly object: KubeObject };

/** What came of removing one object. `foreign` objects are left alone (B3.10), `terminating` ones are on their way already. */
export type Removal = 'deleted' | 'absent' | 'foreign' | 'terminating';

export interface ApplierOptions {
  readonly client: Client;
  /** What the caches know about an object; undefined when its kind is not cached, which leads to live reads. */
  readonly cacheLookup: (ref: ObjectRef) => CacheAnswer | undefined;
  readonly fieldManager: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Makes the API server agree with desired objects, with as few requests as possible (docs/decisions/0002-apply.md). */
export interface Applier {
  /**
   * `desired` states only what its owner owns. Throws an Error whose message starts with `failed to create|get|update <typeName> ns/name:`
   * when the server refuses or cannot be reached.
   */
  apply(owner: KubeObject, desired: KubeObject): Promise<Outcome>;
  /** Deletes in the background with the uid as precondition (R3.40a). Throws `failed to get|delete <typeName> ns/name: …`. */
  remove(owner: KubeObject, ref: ObjectRef): Promise<Removal>;
  /** Drops what is remembered about the objects of an owner that is gone. */
  forget(owner: KubeObject): void;
}
