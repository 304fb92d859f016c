import { setTimeout as delay } from 'node:timers/promises';
import { groupOf, type Kind, kinds } from '../../api/kinds.ts';
import { textOf } from './api-error.ts';
import type { Client } from './client.ts';
import { createInformer, type Informer, type ServedWatch } from './informer.ts';
import type { Log } from './log.ts';

/** Which kinds the API server serves, kept up to date: CRDs come and go while the process runs, servers are upgraded (B3.21). */
export interface ServedKinds extends ServedWatch {
  /** Undefined until discovery has answered for the first time. */
  serves(kind: Kind): boolean | undefined;
  /** Calls back when a kind appears or goes, and once with the first answer if there is none yet. */
  onChange(kind: Kind, listener: (served: boolean) => void): () => void;
  start(): void;
  stop(): Promise<void>;
  waitForSync(signal?: AbortSignal): Promise<void>;
}

export interface ServedKindsOptions {
  readonly client: Client;
  /** Kinds to follow besides those somebody listens to. */
  readonly kinds?: readonly Kind[];
  readonly log?: Log;
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
}

/** Discovery follows a change of a CRD within moments; this long it is asked again until it has. */
const RECHECK_MS = [0, 50, 100, 200, 400, 800, 1500, 3000, 5000, 10_000, 20_000];

const crdName = (kind: Kind): string => `${kind.plural}.${groupOf(kind)}`;

/** One discovery at start, then one metadata-only watch of CRDs for the whole process. When that breaks, kinds that were missing are asked for. */
export function createServedKinds(options: ServedKindsOptions): ServedKinds {
  const { client, log } = options;
  const abort = new AbortController();
  const tracked = new Set<Kind>(options.kinds ?? Object.values(kinds));
  const listeners = new Map<Kind, Set<(served: boolean) => void>>();
  const rechecks = new Map<Kind, AbortController>();
  /** What discovery said, by `apiVersion plural`. */
  let served: Set<string> | undefined;
  let first: Promise<void> | undefined;
  let search: Promise<void> | undefined;
  const crds: Informer = createInformer({ ...options, kind: kinds.customResourceDefinition, metadataOnly: true, onRestart: searchMissing });

  const idOf = (kind: Kind): string => `${kind.apiVersion} ${kind.plural}`;

  function set(kind: Kind, now: boolean): void {
    if (!served || served.has(idOf(kind)) === now) return;
    if (now) served.add(idOf(kind));
    else served.delete(idOf(kind));
    log?.info({ kind: kind.kind, apiVersion: kind.apiVersion }, now ? 'kind is served now' : 'kind is no longer served');
    tell(kind, now);
  }

  function tell(kind: Kind, now: boolean): void {
    for (const listener of listeners.get(kind) ?? []) {
      try {
        listener(now);
      } catch (error) {
        log?.error({ err: error, kind: kind.kind }, 'a listener for served kinds failed');
      }
    }
  }

  /** What the server serves; undefined when `stop` comes first. */
  async function discover(): Promise<ReadonlySet<string> | undefined> {
    for (let wait = 100; !abort.signal.aborted; wait = Math.min(wait * 2, 5000)) {
      try {
        return await client.discover();
      } catch (error) {
        log?.warn({ err: textOf(error) }, 'discovery failed; trying again');
        await delay(wait, undefined, { signal: abort.signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  async function discoverFirst(): Promise<void> {
    const found = await discover();
    if (!found) return;
    served = new Set(found);
    for (const kind of listeners.keys()) tell(kind, served.has(idOf(kind)));
  }

  /** The next connection may lead to another server, one that serves more kinds of its own. Those that have a CRD are followed by it. */
  function searchMissing(): void {
    const missing = [...tracked].filter((kind) => served && !served.has(idOf(kind)) && !crds.get(undefined, crdName(kind)));
    if (missing.length === 0) return;
    search ??= discover().then((found) => {
      search = undefined;
      for (const kind of missing) if (found?.has(idOf(kind))) set(kind, true);
    });
  }

  /** Asks discovery until it agrees with what the CRD lets expect. */
  async function recheck(kind: Kind, expected: boolean): Promise<void> {
    rechecks.get(kind)?.abort();
    const current = new AbortController();
    rechecks.set(kind, current);
    for (const wait of RECHECK_MS) {
      await delay(wait, undefined, { signal: current.signal }).catch(() => undefined);
      if (current.signal.aborted) return;
      const now = await client.serves(kind).catch(() => undefined);
      if (current.signal.aborted) return;
      if (now !== undefined) set(kind, now);
      if (now === expected) break;
    }
    rechecks.delete(kind);
  }

  crds.onChange((before, after) => {
    const name = (after ?? before)?.metadata.name;
    const expected = after !== undefined && after.metadata.deletionTimestamp === undefined;
    for (const kind of tracked) {
      if (crdName(kind) === name && served && served.has(idOf(kind)) !== expected) void recheck(kind, expected);
    }
  });

  return {
    serves: (kind) => served?.has(idOf(kind)),
    onChange(kind, listener) {
      tracked.add(kind);
      const set = listeners.get(kind) ?? new Set();
      listeners.set(kind, set.add(listener));
      return () => set.delete(listener);
    },
    start() {
      first ??= discoverFirst().then(() => {
        // Begun after discovery: every CRD in the first list that discovery did not know is asked for again.
        if (!abort.signal.aborted) crds.start();
      });
    },
    async stop() {
      abort.abort();
      for (const current of rechecks.values()) current.abort();
      await Promise.all([first, search]);
      await crds.stop();
    },
    async waitForSync(signal) {
      await first;
      signal?.throwIfAborted();
    },
  };
}
