import { type Kind, kindOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import type { ObjectRef } from '../../render/children.ts';
import { isAlreadyExists, isConflict, isImmutable, isKindNotServed, isNotFound, textOf } from './api-error.ts';
import { comparisonWith, deviationsOf, foreignKeys, hashOf, type Memory } from './apply-memory.ts';
import type { Client } from './client.ts';
import { differences, sharedKeys } from './compare.ts';
import { mayAdd, prepareDesired } from './desired.ts';
import type { CacheAnswer } from './informer.ts';
import { shapeOf } from './known-defaults.ts';
import { ownedBy } from './managed-fields.ts';
import type { Json, Shape } from './shape.ts';
import { compareVersions } from './store.ts';

/** What came of applying one object. */
export type Outcome =
  | { readonly action: 'created' | 'updated' | 'unchanged'; readonly object: KubeObject }
  /** Somebody else's object has the name; nothing was written (R3.40). */
  | { readonly action: 'foreign'; readonly message: string }
  /** The server refuses to change a field that cannot change; the caller may recreate the object (B3.1). */
  | { readonly action: 'immutable'; readonly message: string; readonly object: KubeObject };

/** What came of removing one object. `foreign` objects are left alone (B3.10), `terminating` ones are on their way already. */
export type Removal = 'deleted' | 'absent' | 'foreign' | 'terminating';

export interface RemoveOptions {
  readonly orphan?: boolean;
}

/** On whose behalf objects are written. */
export type Owner = Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>;

export interface ApplierOptions {
  readonly client: Client;
  /** What the caches know about an object; undefined when its kind is not cached, which leads to live reads. */
  readonly cacheLookup: (ref: ObjectRef) => CacheAnswer | undefined;
  readonly fieldManager: string;
  /** Prefixes of labels and annotations that others may put on objects of kinds whose metadata is ours alone otherwise. */
  readonly keptKeys?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Makes the API server agree with desired objects, with as few requests as possible (docs/decisions/0003-apply.md). */
export interface Applier {
  /**
   * `desired` states only what its owner owns. Throws an Error whose message starts with `failed to create|get|update <typeName> ns/name:`
   * when the server refuses or cannot be reached; its `cause` is the client's error.
   */
  apply(owner: Owner, desired: KubeObject): Promise<Outcome>;
  /**
   * Deletes with the uid as precondition and, as the server does, what the object owns in the background (R3.40a), or leaves that behind when
   * `orphan` says so. Throws `failed to get|delete <typeName> ns/name: …`.
   */
  remove(owner: Owner, ref: ObjectRef, options?: RemoveOptions): Promise<Removal>;
  /** Whether the object is, in this version, what was last written or found to be right. */
  knows(object: KubeObject): boolean;
  /** Drops what is remembered about the objects of an owner that is gone. */
  forget(owner: Owner): void;
}

/** How often one object is looked at anew because somebody wrote it in between: controllers and gateways write statuses just when it is new. */
const RETRIES = 3;

/** How long our own write is trusted over a cache that has not seen it. */
const TRUST_WRITE_MS = 30_000;

/** One object to apply, with what belongs to it. */
interface Task {
  readonly owner: Owner;
  readonly ref: ObjectRef;
  readonly desired: KubeObject;
  readonly hash: string;
  /** How often the pass over this object may still start anew from a live read. */
  readonly retries: number;
}

/** `v1.Deployment ns/name`, as errors and events call an object. */
export function describe(ref: { readonly kind: Kind; readonly namespace?: string | undefined; readonly name: string }): string {
  return `${ref.kind.typeName} ${ref.namespace ?? ''}/${ref.name}`;
}

/** The reference to an object of a known kind. */
export function refOf(object: Owner): ObjectRef {
  const kind = kindOf(object);
  if (!kind) throw new Error(`unknown kind ${object.apiVersion} ${object.kind}`);
  const { namespace, name = '' } = object.metadata;
  return { kind, name, ...(kind.namespaced && namespace ? { namespace } : {}) };
}

const keyOf = (ref: ObjectRef): string => `${ref.kind.apiVersion} ${ref.kind.plural} ${ref.namespace ?? ''}/${ref.name}`;

function failure(verb: 'create' | 'get' | 'update' | 'delete', ref: ObjectRef, error: unknown): Error {
  // A kind that is not served must not look like an object that could not be created (R3.40b).
  const what = isKindNotServed(error) ? 'get' : verb;
  return new Error(`failed to ${what} ${describe(ref)}: ${textOf(error)}`, { cause: error });
}

/** Whether the owner's uid is that of the object's controller. Cluster-scoped objects cannot have a namespaced owner and pass. */
function isControlledBy(owner: Owner, ref: ObjectRef, object: KubeObject): boolean {
  if (!ref.kind.namespaced) return true;
  return object.metadata.ownerReferences?.some((r) => r.controller === true && r.uid === owner.metadata.uid) ?? false;
}

function foreign(owner: Owner, ref: ObjectRef): Outcome {
  return { action: 'foreign', message: `failed to update ${describe(ref)}: it is not controlled by ${describe(refOf(owner))}` };
}

/** Creates an applier. It remembers what it wrote for as long as it lives; losing that costs a few reads, never a wrong write. */
export function createApplier(options: ApplierOptions): Applier {
  const { client, cacheLookup, fieldManager, keptKeys, now = Date.now } = options;
  const shapeFor = (kind: Kind): Shape => shapeOf(kind, keptKeys);
  const memories = new Map<string, Memory>();
  /** Objects we deleted, until the cache has seen that they are gone. */
  const removed = new Map<string, { readonly uid: string; readonly ownerUid: string | undefined }>();

  async function readLive(ref: ObjectRef): Promise<KubeObject | undefined> {
    try {
      return await client.get(ref.kind, ref.namespace, ref.name);
    } catch (error) {
      throw failure('get', ref, error);
    }
  }

  /** The object as far as we know: from the cache, or our own last write while the cache lags behind it. */
  async function observe(ref: ObjectRef): Promise<KubeObject | undefined> {
    const cached = cacheLookup(ref);
    if (!cached) return readLive(ref);
    if (removed.has(keyOf(ref))) {
      if (cached.object?.metadata.uid === removed.get(keyOf(ref))?.uid) return undefined;
      removed.delete(keyOf(ref));
    }
    const written = memories.get(keyOf(ref))?.written;
    if (!written || now() - written.at > TRUST_WRITE_MS) return cached.object;
    return compareVersions(cached.resourceVersion, written.object.metadata.resourceVersion) < 0 ? written.object : cached.object;
  }

  function remember(
    { owner, ref, desired, hash }: Task,
    object: KubeObject,
    deviations: ReadonlyMap<string, string>,
    written?: Memory['written'],
  ): void {
    memories.set(keyOf(ref), {
      ownerUid: owner.metadata.uid,
      hash,
      version: object.metadata.resourceVersion,
      deviations,
      keys: new Set(sharedKeys(shapeFor(ref.kind), desired)),
      ...(written === undefined ? {} : { written }),
    });
  }

  function rememberWrite(task: Task, object: KubeObject): void {
    remember(task, object, deviationsOf(shapeFor(task.ref.kind), task.desired, object), { object, at: now() });
  }

  async function create(task: Task): Promise<Outcome> {
    const { ref, desired } = task;
    try {
      const object = await client.create(desired, { fieldManager });
      rememberWrite(task, object);
      return { action: 'created', object };
    } catch (error) {
      if (!isAlreadyExists(error) || task.retries === 0) throw failure('create', ref, error);
      // The cache lags, or cannot see it because a label is missing.
      return fromLive({ ...task, retries: task.retries - 1 });
    }
  }

  /** Starts anew from a live read. */
  async function fromLive(task: Task): Promise<Outcome> {
    const live = await readLive(task.ref);
    return live ? update(task, live) : create(task);
  }

  async function update(task: Task, observed: KubeObject): Promise<Outcome> {
    const { owner, ref } = task;
    if (!isControlledBy(owner, ref, observed)) return foreign(owner, ref);
    if (observed.metadata.deletionTimestamp) return { action: 'unchanged', object: observed };
    const memory = memories.get(keyOf(ref));
    if (memory?.hash === task.hash && memory.version === observed.metadata.resourceVersion) return { action: 'unchanged', object: observed };

    const shape = shapeFor(ref.kind);
    const desired = prepareDesired(ref.kind, task.desired, observed);
    const keys = memory?.keys ?? (await keysOwned(ref, foreignKeys(shape, desired, observed)));
    const exact = comparisonWith(memory, keys);
    const keeps = memory?.hash === task.hash ? mayAdd(ref.kind, desired) : undefined;
    const isRight = keeps !== undefined && !differences(shape, desired, observed, { ...exact, keeps });
    const patch = isRight ? undefined : differences(shape, desired, observed, exact);
    if (!patch) {
      // Still our own write: the cache has not seen it yet.
      const written = memory?.written?.object === observed ? memory.written : undefined;
      remember({ ...task, desired }, observed, memory?.deviations ?? new Map(), written);
      return { action: 'unchanged', object: observed };
    }
    return write({ ...task, desired }, observed, patch);
  }

  /** After a restart: which of the labels and annotations that nobody asks for any more were ours. Managed fields are not cached. */
  async function keysOwned(ref: ObjectRef, pointers: readonly string[]): Promise<Set<string>> {
    if (pointers.length === 0) return new Set();
    const live = await readLive(ref);
    return live ? ownedBy(fieldManager, live, pointers) : new Set();
  }

  async function write(task: Task, observed: KubeObject, patch: Json): Promise<Outcome> {
    const { ref } = task;
    const { resourceVersion } = observed.metadata;
    const body = { ...patch, metadata: { ...(patch.metadata as Json | undefined), resourceVersion } };
    try {
      const object = await client.patch(ref.kind, ref.namespace, ref.name, body, { fieldManager });
      rememberWrite(task, object);
      // The server saw no difference: a default we do not know, found out once.
      const action = object.metadata.resourceVersion === resourceVersion ? 'unchanged' : 'updated';
      return { action, object };
    } catch (error) {
      if (isImmutable(error)) return { action: 'immutable', message: failure('update', ref, error).message, object: observed };
      if ((isConflict(error) || isNotFound(error)) && task.retries > 0) {
        return fromLive({ ...task, retries: task.retries - 1 });
      }
      throw failure('update', ref, error);
    }
  }

  async function deleteObserved(
    owner: Owner,
    ref: ObjectRef,
    observed: KubeObject | undefined,
    options: RemoveOptions,
    retries: number,
  ): Promise<Removal> {
    if (!observed) return 'absent';
    if (observed.metadata.deletionTimestamp) return 'terminating';
    if (!isControlledBy(owner, ref, observed)) return 'foreign';
    if (ref.kind.namespaced && owner.metadata.deletionTimestamp) return 'terminating';
    try {
      await sendDelete(owner, ref, observed, options);
      return 'deleted';
    } catch (error) {
      if (isNotFound(error) || isKindNotServed(error)) return 'absent';
      // Another object took the name in the meantime.
      if (isConflict(error) && retries > 0) return deleteObserved(owner, ref, await readLive(ref), options, retries - 1);
      throw failure('delete', ref, error);
    }
  }

  async function sendDelete(owner: Owner, ref: ObjectRef, { metadata: { uid } }: KubeObject, { orphan = false }: RemoveOptions): Promise<void> {
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    await client.delete(ref.kind, ref.namespace, ref.name, { ...preconditions, ...(orphan ? { propagationPolicy: 'Orphan' } : {}) });
    // What is orphaned stays until the garbage collector is through.
    if (uid !== undefined && !orphan) removed.set(keyOf(ref), { uid, ownerUid: owner.metadata.uid });
  }

  return {
    async apply(owner, stated) {
      const ref = refOf(stated);
      const task: Task = { owner, ref, desired: stated, hash: hashOf(stated), retries: RETRIES };
      const observed = await observe(ref);
      return observed ? update(task, observed) : create({ ...task, desired: prepareDesired(ref.kind, stated, undefined) });
    },

    async remove(owner, ref, removal = {}) {
      try {
        const observed = await observe(ref);
        return await deleteObserved(owner, ref, observed, removal, RETRIES);
      } catch (error) {
        if (error instanceof Error && isKindNotServed(error.cause)) return 'absent';
        throw error;
      } finally {
        memories.delete(keyOf(ref));
      }
    },

    knows(object) {
      const { resourceVersion } = object.metadata;
      return resourceVersion !== undefined && memories.get(keyOf(refOf(object)))?.version === resourceVersion;
    },

    forget(owner) {
      for (const known of [memories, removed]) {
        for (const [key, { ownerUid }] of known) if (ownerUid === owner.metadata.uid) known.delete(key);
      }
    },
  };
}
