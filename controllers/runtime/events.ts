import type { EventText } from '../../api/event-text.ts';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { isNotFound, textOf } from './api-error.ts';
import type { Client } from './client.ts';
import type { Log } from './log.ts';

/** Tells users what happened to an object, through core/v1 Events. Recording never fails and never waits. */
export interface EventRecorder {
  /**
   * Says what has happened. Of texts that are recorded together, equal ones are said once, and Normal ones of one reason become one
   * event, joined by `; `.
   */
  record(about: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>, texts: readonly EventText[]): void;
  /** Says what is so, for as long as it is: each time all of it is given, and only what was not among it the last time is recorded. */
  advise(about: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>, texts: readonly EventText[]): void;
  /** Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: Client;
  /** Who says it, such as `LLMInferenceServiceController`. */
  readonly component: string;
  readonly log?: Log;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The API server's limit for the message of an event. */
const LONGEST_MESSAGE = 1024;
/** Repetitions within this time are counted on the event that exists. */
const SAME_EVENT_MS = 10 * 60 * 1000;
/** An object may say this much at once, and one thing more every so often (as client-go limits it). */
const BURST = 25;
const REFILL_MS = 5 * 60 * 1000;
/** Events and objects that are remembered; older ones are forgotten first. */
const REMEMBERED = 4096;

type About = Parameters<EventRecorder['record']>[0];

interface Said {
  name: string;
  count: number;
  at: number;
}

interface Allowance {
  left: number;
  at: number;
}

/** A map that forgets its oldest entries. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.size > REMEMBERED ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}

const isSame = (a: EventText, b: EventText): boolean => a.type === b.type && a.reason === b.reason && a.message === b.message;

/**
 * Joins the Normal texts of each reason, as many as fit into one message, and leaves out repetitions. Warnings are found by their message: they
 * stay apart.
 */
export function joinTexts(texts: readonly EventText[]): EventText[] {
  const joined: EventText[] = [];
  const distinct = texts.filter((text, i) => texts.findIndex((other) => isSame(other, text)) === i);
  for (const text of distinct) {
    const message = text.message.slice(0, LONGEST_MESSAGE);
    const index = joined.findIndex(
      (other) =>
        text.type === 'Normal' &&
        other.type === text.type &&
        other.reason === text.reason &&
        other.message.length + message.length + 2 <= LONGEST_MESSAGE,
    );
    const found = joined[index];
    if (found) joined[index] = { ...found, message: `${found.message}; ${message}` };
    else joined.push({ ...text, message });
  }
  return joined;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, log, now = Date.now } = options;
  const said = new Map<string, Said>();
  const allowances = new Map<string, Allowance>();
  /** What was advised about an object the last time, by uid. */
  const advised = new Map<string, readonly EventText[]>();
  let writing: Promise<void> = Promise.resolve();
  let serial = 0;

  function mayWrite(uid: string): boolean {
    const before = allowances.get(uid) ?? { left: BURST, at: now() };
    const refilled = Math.floor((now() - before.at) / REFILL_MS);
    const left = Math.min(BURST, before.left + refilled);
    remember(allowances, uid, { left: Math.max(0, left - 1), at: before.at + refilled * REFILL_MS });
    return left > 0;
  }

  async function write(about: About, text: EventText): Promise<void> {
    const { uid = '', namespace = 'default', name = '' } = about.metadata;
    if (!mayWrite(uid)) {
      log?.debug({ object: `${namespace}/${name}`, reason: text.reason }, 'an event was left out: too many about this object');
      return;
    }
    const key = JSON.stringify([uid, text.type, text.reason, text.message]);
    const at = now();
    const earlier = said.get(key);
    if (earlier && at - earlier.at < SAME_EVENT_MS && (await repeat(namespace, earlier, at))) return;
    serial = (serial + 1) % 0x1000;
    const eventName = `${name.slice(0, 200)}.${at.toString(16)}${serial.toString(16).padStart(3, '0')}`;
    await client.create(eventOf(about, text, eventName, at));
    remember(said, key, { name: eventName, count: 1, at });
  }

  /** False when the event that was said before is gone. */
  async function repeat(namespace: string, earlier: Said, at: number): Promise<boolean> {
    try {
      const count = earlier.count + 1;
      await client.patch(kinds.event, namespace, earlier.name, { count, lastTimestamp: timestamp(at) });
      Object.assign(earlier, { count, at });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  const timestamp = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

  const eventOf = (about: About, text: EventText, name: string, at: number): KubeObject => ({
    apiVersion: kinds.event.apiVersion,
    kind: kinds.event.kind,
    metadata: { name, namespace: about.metadata.namespace ?? 'default' },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name: about.metadata.name,
      namespace: about.metadata.namespace,
      uid: about.metadata.uid,
      resourceVersion: about.metadata.resourceVersion,
    },
    type: text.type,
    reason: text.reason,
    message: text.message,
    source: { component },
    firstTimestamp: timestamp(at),
    lastTimestamp: timestamp(at),
    count: 1,
  });

  const record: EventRecorder['record'] = (about, texts) => {
    for (const text of joinTexts(texts)) {
      writing = writing
        .then(() => write(about, text))
        .catch((error: unknown) => log?.warn({ err: textOf(error), reason: text.reason }, 'an event could not be written'));
    }
  };

  return {
    record,
    advise(about, texts) {
      const { uid = '' } = about.metadata;
      const before = advised.get(uid) ?? [];
      if (texts.length > 0) remember(advised, uid, texts);
      else advised.delete(uid);
      record(
        about,
        texts.filter((text) => !before.some((other) => isSame(other, text))),
      );
    },
    flush: () => writing,
  };
}
