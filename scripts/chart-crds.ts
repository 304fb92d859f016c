import { stringify } from 'yaml';
import type { KubeObject } from '../api/kubernetes.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Parts shorter than this are written out again: an anchor would not save anything. */
const WORTH_SHARING = 200;

/**
 * A CustomResourceDefinition as YAML in which repeated parts, such as the schemas of pod specs, stand once and are referred to.
 * Helm keeps chart and rendered objects in one Secret of at most 1 MiB; written out, the two CRDs would fill it.
 */
export function compactCrd(crd: KubeObject): string {
  const known = new Map<string, Json>();
  const share = (value: Json): Json => {
    if (value === null || typeof value !== 'object') return value;
    const copy = Array.isArray(value) ? value.map(share) : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, share(part)]));
    const text = JSON.stringify(copy);
    if (text.length < WORTH_SHARING) return copy;
    const first = known.get(text) ?? copy;
    known.set(text, first);
    return first;
  };
  return stringify(share(crd as unknown as Json), { lineWidth: 0 });
}
