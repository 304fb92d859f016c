import { MergeFailure } from './failure.ts';
import { isObject } from './prune.ts';

type Item = Readonly<Record<string, unknown>>;

/**
 * Two lists whose elements are told apart by a key (R2.36): equal keys merge, new ones are added, none is removed. The order
 * follows R2.37.
 */
export function mergeKeyedList(
  base: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  path: string,
  merge: (base: unknown, patch: unknown, path: string) => unknown,
): readonly unknown[] {
  if (patch.length === 0) return base;
  const merged = keyed(base, key, path);
  const inBase = new Map<unknown, number>();
  merged.forEach((item, i) => {
    if (!inBase.has(item[key])) inBase.set(item[key], i);
  });
  const order: unknown[] = [];
  for (const item of keyed(patch, key, path)) {
    const value = item[key];
    const at = merged.findIndex((other) => other[key] === value);
    if (at < 0) merged.push(item);
    else merged[at] = merge(merged[at], item, `${path}[${String(value)}]`) as Item;
    if (!order.includes(value)) order.push(value);
  }
  return interleave(merged, key, order, inBase);
}

function keyed(list: readonly unknown[], key: string, path: string): Item[] {
  return list.map((item, i) => {
    if (!isObject(item) || item[key] === undefined) throw new MergeFailure(`${path}[${i}] does not contain declared merge key: ${key}`);
    return item;
  });
}

/**
 * Walks the keys of the patch and the elements only the base has side by side: an element of the base goes first where it stood
 * before the next key of the patch, if the base knows that key; else the patch goes first.
 */
function interleave(merged: readonly Item[], key: string, order: readonly unknown[], inBase: ReadonlyMap<unknown, number>): Item[] {
  const left = merged.filter((item) => !order.includes(item[key]));
  const result: Item[] = [];
  let next = 0;
  for (const value of order) {
    const place = inBase.get(value);
    let other = left[next];
    while (place !== undefined && other !== undefined && (inBase.get(other[key]) ?? 0) < place) {
      result.push(other);
      next += 1;
      other = left[next];
    }
    result.push(...merged.filter((item) => item[key] === value));
  }
  return [...result, ...left.slice(next)];
}
