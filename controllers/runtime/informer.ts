import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type ReflectorOptions, reflect } from './reflector.ts';
import { createStore, type Indexes, type Store } from './store.ts';

/** Told about every change: (undefined, new) appeared, (old, new) changed, (old, undefined) is gone. */
export type Handler<T> = (before: T | undefined, after: T | undefined) => void;

/** What a cache says about one object, and up to which resourceVersion it has seen its kind. */
export interface CacheAnswer {
  readonly object: KubeObject | undefined;
  readonly resourceVersion: string | undefined;
}

export interface InformerOptions<T extends KubeObject> extends ReflectorOptions<T> {
  readonly indexes?: Indexes<T>;
  /** Says whether the kind is served and calls back when that changes; kinds are taken for served when left out (B3.21). */
  readonly served?: ServedWatch;
}

/** The part of ServedKinds an informer needs. */
export interface ServedWatch {
  serves(kind: Kind): boolean | undefined;
  onChange(kind: Kind, listener: (served: boolean) => void): () => void;
}

/**
 * A cache of all objects of a kind (in a namespace, with labels), kept up to date by list and watch for as long as the process
 * lives. Objects in it are shared: never modify them.
 */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly kind: Kind;
  start(): void;
  stop(): Promise<void>;
  get(namespace: string | undefined, name: string): T | undefined;
  /** Sorted by namespace and name. */
  list(namespace?: string): readonly T[];
  /** Objects that an index function gave this key, sorted by namespace and name. Throws for an unknown index. */
  byIndex(index: string, key: string): readonly T[];
  /** For the applier: the object, and how far the cache has seen. */
  lookup(namespace: string | undefined, name: string): CacheAnswer;
  /** Whether the first list is in. A kind that is known not to be served counts as synced, and empty. */
  hasSynced(): boolean;
  /** Resolves when `hasSynced`; rejects only with the signal. */
  waitForSync(signal?: AbortSignal): Promise<void>;
  /** Calls back for each present object and from then on for each change. An exception of a handler is logged and goes no further. */
  onChange(handler: Handler<T>): () => void;
}

/** Creates an informer; nothing is read before `start`. */
export function createInformer<T extends KubeObject = KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { kind, served, log } = options;
  const handlers = new Set<Handler<T>>();
  const store: Store<T> = createStore(options.indexes ?? {});
  const waiters = new Set<() => void>();
  let synced = false;
  let run: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  let unsubscribe: (() => void) | undefined;

  function tell(handler: Handler<T>, before: T | undefined, after: T | undefined): void {
    try {
      handler(before, after);
    } catch (error) {
      const name = `${(after ?? before)?.metadata.namespace ?? ''}/${(after ?? before)?.metadata.name ?? ''}`;
      log?.error({ err: error, kind: kind.kind, object: name }, 'a handler failed');
    }
  }

  function emit(changes: readonly (readonly [T | undefined, T | undefined])[]): void {
    for (const [before, after] of changes) for (const handler of handlers) tell(handler, before, after);
  }

  function markSynced(): void {
    synced = true;
    for (const resolve of waiters) resolve();
    waiters.clear();
  }

  function begin(): void {
    if (run) return;
    synced = false;
    const abort = new AbortController();
    const done = reflect<T>(
      { ...options, signal: abort.signal },
      {
        replace(objects, resourceVersion) {
          emit(store.replace(objects, resourceVersion));
          markSynced();
        },
        apply(type, object) {
          emit(store.apply(type, object));
        },
        bookmark: (resourceVersion) => store.bookmark(resourceVersion),
      },
    );
    run = { abort, done };
  }

  async function end(): Promise<void> {
    const current = run;
    run = undefined;
    current?.abort.abort();
    await current?.done;
  }

  function follow(isServed: boolean): void {
    if (isServed) {
      begin();
      return;
    }
    void end();
    emit(store.replace([], undefined));
    markSynced();
  }

  return {
    kind,
    start() {
      if (unsubscribe) return;
      if (!served) {
        unsubscribe = () => undefined;
        begin();
        return;
      }
      unsubscribe = served.onChange(kind, follow);
      const now = served.serves(kind);
      if (now !== undefined) follow(now);
    },
    async stop() {
      unsubscribe?.();
      await end();
    },
    get: (namespace, name) => store.get(namespace, name),
    list: (namespace) => store.list(namespace),
    byIndex: (index, key) => store.byIndex(index, key),
    lookup: (namespace, name) => ({ object: store.get(namespace, name), resourceVersion: store.resourceVersion() }),
    hasSynced: () => synced,
    waitForSync(signal) {
      if (synced) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const aborted = () => {
          waiters.delete(finish);
          reject(signal?.reason);
        };
        const finish = () => {
          signal?.removeEventListener('abort', aborted);
          resolve();
        };
        if (signal?.aborted) return aborted();
        signal?.addEventListener('abort', aborted, { once: true });
        waiters.add(finish);
      });
    },
    onChange(handler) {
      handlers.add(handler);
      for (const object of store.list()) tell(handler, undefined, object);
      return () => handlers.delete(handler);
    },
  };
}
