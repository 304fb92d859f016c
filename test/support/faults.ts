import type { Interference, Passing } from './api-proxy.ts';

type Decide = (passing: Passing) => Interference | undefined;

/** A fault for requests that may have it. */
export interface Fault {
  readonly hits: (passing: Passing) => boolean;
  readonly does: Interference;
}

const isWrite = ({ method }: Passing): boolean => method !== 'GET';
const isChange = ({ method }: Passing): boolean => method === 'PATCH' || method === 'PUT';
const isPlain = ({ isWatch }: Passing): boolean => !isWatch;

const refusal = (code: number, reason: string, message: string, headers: Record<string, string> = {}): Interference => ({
  answer: { code, headers, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message } },
});

/** What API servers and networks do to requests. */
export const faults = {
  conflict: { hits: isChange, does: refusal(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version') },
  throttled: { hits: isPlain, does: refusal(429, 'TooManyRequests', 'the server has received too many requests', { 'retry-after': '0' }) },
  unavailable: { hits: isPlain, does: refusal(503, 'ServiceUnavailable', 'the server is currently unable to handle the request') },
  timedOut: { hits: isPlain, does: refusal(504, 'Timeout', 'request did not complete within the allotted timeout') },
  lost: { hits: isPlain, does: { broken: 'before' } },
  unheard: { hits: isWrite, does: { broken: 'after' } },
  unanswered: { hits: isPlain, does: { stalled: 'before' } },
  halfAnswered: { hits: isPlain, does: { stalled: 'within' } },
  expired: {
    hits: ({ isWatch }) => isWatch,
    does: { answer: { code: 200, body: { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } } } },
  },
} as const satisfies Record<string, Fault>;

export interface Mishaps {
  readonly decide: Decide;
  /** How many requests were hit so far. */
  count(): number;
}

/**
 * Hits every `every`th request that a fault may hit, by turns with one fault and the next, `atMost` times in all; after that the world is
 * as it should be.
 */
export function mishaps(kinds: readonly Fault[], { every, atMost }: { readonly every: number; readonly atMost: number }): Mishaps {
  let seen = 0;
  let hit = 0;
  return {
    decide(passing) {
      const turns = [...kinds.slice(hit % kinds.length), ...kinds.slice(0, hit % kinds.length)];
      const fault = turns.find(({ hits }) => hits(passing));
      if (hit >= atMost || !fault || ++seen % every !== 0) return undefined;
      hit++;
      return fault.does;
    },
    count: () => hit,
  };
}

export interface Severance {
  readonly decide: Decide;
  /** Whether a namespace is cut off. */
  is(namespace: string): boolean;
}

/**
 * Lets no write through to the first of the namespaces, one to the second, two to the third, and so on; after that nothing about the namespace gets
 * through, as if its operator had ended. Dry runs change nothing, and events are told in passing: they do not count.
 */
export function severance(namespaces: readonly string[]): Severance {
  const left = new Map(namespaces.map((namespace, index) => [namespace, index]));
  const severed = new Set<string>();
  return {
    decide(passing) {
      const { pathname, searchParams } = passing.url;
      const namespace = /\/namespaces\/([^/]+)\//.exec(pathname)?.[1] ?? '';
      const allowed = left.get(namespace);
      if (allowed === undefined) return undefined;
      const counts = isWrite(passing) && !pathname.includes('/events') && !searchParams.has('dryRun');
      if (counts && allowed === 0) severed.add(namespace);
      else if (counts) left.set(namespace, allowed - 1);
      return severed.has(namespace) ? { broken: 'before' } : undefined;
    },
    is: (namespace) => severed.has(namespace),
  };
}
