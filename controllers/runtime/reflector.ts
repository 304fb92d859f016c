import { setTimeout as delay } from 'node:timers/promises';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { isExpired, isTooLargeResourceVersion, textOf } from './api-error.ts';
import type { Client } from './client.ts';
import type { Log } from './log.ts';

/** Where list and watch put what they get. */
export interface Sink<T> {
  replace(objects: readonly T[], resourceVersion: string | undefined): void;
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
  bookmark(resourceVersion: string | undefined): void;
}

/** What is listed and watched, and how. */
export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Client;
  readonly kind: Kind;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Ask the server for metadata only. */
  readonly metadataOnly?: boolean;
  /** Applied to each object before it is handed on; managedFields are gone already. */
  readonly transform?: (object: T) => T;
  readonly log?: Log;
  readonly onRestart?: (kind: string, reason: string) => void;
  /** Waits between attempts after failures, in milliseconds. */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
  /** How long one watch request lasts, in seconds; the real value varies by up to its double. */
  readonly watchSeconds?: number;
  /** How long a watch may be silent, without a bookmark even, before it is taken for dead, in milliseconds. */
  readonly silenceMs?: number;
  readonly pageSize?: number;
}

type ReflectOptions<T extends KubeObject> = ReflectorOptions<T> & { readonly signal: AbortSignal };

const DEFAULT_BACKOFF = { firstMs: 200, maxMs: 30_000 };
const DEFAULT_WATCH_SECONDS = 300;
const DEFAULT_PAGE = 500;
/** A watch that ends sooner without an event counts as a failure: whatever ends it would do so again at once. */
const SHORT_WATCH_MS = 1000;
/** The API server sends a bookmark about once a minute to a watch that has nothing else to hear. */
const DEFAULT_SILENCE_MS = 180_000;

/** Where the reflector stands. */
interface Position {
  /** Where to watch from; undefined asks for a list. */
  from: string | undefined;
  /** The version the next list must at least have: '0' is whatever the server has at hand, '' is the newest. */
  atLeast: string;
  /** Whether the present watch has shown that watching works: it brought an event, or lasted a while. */
  alive: boolean;
}

/**
 * Lists once, then watches from that version on, for ever: an ended or broken watch resumes where it stopped; a version that has
 * expired (410) leads to a new list. No error ends it; failures in a row wait exponentially longer, with jitter. Resolves
 * when the signal is aborted, and gives nothing to the sink after that.
 */
export async function reflect<T extends KubeObject>(options: ReflectOptions<T>, sink: Sink<T>): Promise<void> {
  const { signal, kind, log, backoff = DEFAULT_BACKOFF } = options;
  const position: Position = { from: undefined, atLeast: '0', alive: false };
  let failures = 0;
  while (!signal.aborted) {
    position.alive = false;
    try {
      await relist(options, sink, position);
      await follow(options, sink, position);
      failures = position.alive ? 0 : failures + 1;
      options.onRestart?.(kind.kind, 'ended');
    } catch (error) {
      if (signal.aborted) return;
      failures = position.alive ? 1 : failures + 1;
      if (isExpired(error) || isTooLargeResourceVersion(error)) Object.assign(position, { from: undefined, atLeast: '' });
      options.onRestart?.(kind.kind, isExpired(error) ? 'expired' : 'failed');
      log?.warn({ err: textOf(error), kind: kind.kind, failures }, 'watch failed; trying again');
    }
    await pause(failures, backoff, signal);
  }
}

async function relist<T extends KubeObject>(options: ReflectOptions<T>, sink: Sink<T>, position: Position): Promise<void> {
  if (position.from !== undefined) return;
  const list = await listAll(options, position.atLeast);
  if (options.signal.aborted) return;
  sink.replace(list.objects, list.resourceVersion);
  position.from = list.resourceVersion ?? '0';
  position.atLeast = position.from;
}

async function follow<T extends KubeObject>(options: ReflectOptions<T>, sink: Sink<T>, position: Position): Promise<void> {
  if (position.from === undefined) return;
  const opened = performance.now();
  try {
    for await (const { type, object } of watchOnce(options, position.from)) {
      if (options.signal.aborted) return;
      position.alive = true;
      position.from = object.metadata.resourceVersion ?? position.from;
      position.atLeast = position.from;
      if (type === 'BOOKMARK') sink.bookmark(position.from);
      else sink.apply(type, prepared(options, object));
    }
  } finally {
    position.alive ||= performance.now() - opened > SHORT_WATCH_MS;
  }
}

async function pause(failures: number, backoff: { firstMs: number; maxMs: number }, signal: AbortSignal): Promise<void> {
  if (failures === 0) return;
  const wait = Math.min(backoff.firstMs * 2 ** (failures - 1), backoff.maxMs) * (1 + Math.random() / 2);
  await delay(wait, undefined, { signal }).catch(() => undefined);
}

/** All objects. Pages are used for lists of the newest state only: the server answers others from memory and ignores the limit. */
async function listAll<T extends KubeObject>(options: ReflectOptions<T>, atLeast: string) {
  const { client, kind, signal, pageSize = DEFAULT_PAGE } = options;
  const select = { ...selectionOf(options), signal };
  const version = atLeast === '' ? { limit: pageSize } : { resourceVersion: atLeast, resourceVersionMatch: 'NotOlderThan' as const };
  const objects: T[] = [];
  let page = await client.list<T>(kind, { ...select, ...version });
  for (;;) {
    for (const object of page.items) objects.push(prepared(options, object));
    if (!page.metadata.continue) return { objects, resourceVersion: page.metadata.resourceVersion };
    page = await client.list<T>(kind, { ...select, limit: pageSize, continue: page.metadata.continue });
  }
}

async function* watchOnce<T extends KubeObject>(options: ReflectOptions<T>, from: string) {
  const { client, kind, signal, watchSeconds = DEFAULT_WATCH_SECONDS, silenceMs = DEFAULT_SILENCE_MS } = options;
  // Spread, so that the watches of a process do not all end together.
  const timeoutSeconds = Math.ceil(watchSeconds * (1 + Math.random()));
  const abort = new AbortController();
  const stop = () => abort.abort();
  // A peer that vanished behind a load balancer neither ends the connection nor breaks it.
  const silence = setTimeout(() => abort.abort(new Error(`a watch was silent for ${silenceMs / 1000} s`)), silenceMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const events = client.watch<T>(kind, { ...selectionOf(options), resourceVersion: from, timeoutSeconds, signal: abort.signal });
    for await (const event of events) {
      silence.refresh();
      yield event;
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', stop);
    abort.abort();
  }
}

function selectionOf<T extends KubeObject>({ namespace, labelSelector, fieldSelector, metadataOnly }: ReflectOptions<T>) {
  return { namespace, labelSelector, fieldSelector, metadataOnly: metadataOnly ?? false };
}

/** managedFields can be most of an object, and nobody reads them from a cache. */
function prepared<T extends KubeObject>(options: ReflectOptions<T>, object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  const slim = { ...object, metadata };
  return options.transform ? options.transform(slim) : slim;
}
