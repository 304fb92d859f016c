import { createHash } from 'node:crypto';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type Comparison, differences, sharedKeys } from './compare.ts';
import { isObject, type Json, type Shape } from './shape.ts';

/** What the applier remembers about one object it wrote or found right. */
export interface Memory {
  readonly ownerUid: string | undefined;
  /** Hash of the desired state that was applied. */
  readonly hash: string;
  /** The resourceVersion at which the object was known to agree with it. */
  readonly version: string | undefined;
  /** Differences the server (or its webhooks) made of our write, by pointer: what we said and what it became. */
  readonly deviations: ReadonlyMap<string, string>;
  /** Pointers to the keys of shared maps that are ours. */
  readonly keys: ReadonlySet<string>;
  /** Our last write, until the cache has seen it. */
  readonly written?: { readonly object: KubeObject; readonly at: number };
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  );
}

export const hashOf = (desired: KubeObject): string => createHash('sha256').update(canonical(desired)).digest('base64');

const deviation = (desired: unknown, observed: unknown): string => canonical([desired ?? null, observed ?? null]);

/** How to compare with what is remembered; `keys` are the pointers known to be ours. */
export function comparisonWith(memory: Memory | undefined, keys: ReadonlySet<string>): Comparison {
  return {
    accepts: (path, desired, observed) => memory?.deviations.get(path) === deviation(desired, observed),
    drops: (path) => keys.has(path),
  };
}

/** Where the server's answer to our own write differs from what we wrote: from now on that counts as right. */
export function deviationsOf(shape: Shape, desired: KubeObject, answer: KubeObject): Map<string, string> {
  const found = new Map<string, string>();
  differences(shape, desired, answer, {
    accepts(path, wanted, observed) {
      found.set(path, deviation(wanted, observed));
      return true;
    },
    drops: () => false,
  });
  return found;
}

/** Keys that well-known controllers put on objects of ours; asking the server whose they are would be a waste. */
const WELL_KNOWN = /\/(deployment\.kubernetes\.io~1[^/]+|scaledobject\.keda\.sh~1name|kubectl\.kubernetes\.io~1restartedAt)$/;

/** Pointers to shared keys that are there though `desired` does not name them. */
export function foreignKeys(shape: Shape, desired: Json, observed: Json): string[] {
  const ours = new Set(sharedKeys(shape, desired));
  return sharedKeys(shape, observed).filter((pointer) => !ours.has(pointer) && !WELL_KNOWN.test(pointer));
}
