import { isDeepStrictEqual } from 'node:util';
import { sameQuantity } from '../../api/quantity.ts';
import { defaultOf, isEmpty, isObject, isShared, type Json, type Shape } from './shape.ts';

/** What the comparison cannot know from the two objects. Paths are JSON pointers. */
export interface Comparison {
  /** Whether a difference is one that the server made of our own last write. */
  accepts(path: string, desired: unknown, observed: unknown): boolean;
  /** Whether a key of a shared map (or the element of a shared list) was ours before, so that leaving it out means to remove it. */
  drops(path: string): boolean;
  /** Whether what others added stays: fields that are not asked for, and elements after the last of a list. Nowhere when left out. */
  keeps?(path: string): boolean;
}

const SAME = Symbol('same');
type Difference = unknown | typeof SAME;

/** The pointer to a member. */
export const at = (path: string, key: string | number): string => `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/**
 * The JSON merge patch that turns what is observed into what is desired: only parts that differ, lists whole, null for what has
 * to go. Undefined when nothing differs. Fields that are left out in `desired` may hold their default, or what `shape` leaves
 * to others.
 */
export function differences(shape: Shape, desired: Json, observed: Json, comparison: Comparison): Json | undefined {
  const found = compareObjects(shape, desired, observed, '', comparison);
  return found === SAME ? undefined : (found as Json);
}

function compare(shape: Shape | undefined, desired: unknown, observed: unknown, path: string, comparison: Comparison): Difference {
  const [wanted, found] = [desired ?? undefined, observed ?? undefined];
  if (wanted === undefined) return found === undefined ? SAME : surplus(shape, found, path, comparison);
  if (found === undefined) return isEmpty(wanted) || comparison.accepts(path, wanted, found) ? SAME : withoutNulls(wanted);
  if (Array.isArray(wanted) && Array.isArray(found)) return compareLists(shape, wanted, found, path, comparison);
  if (isObject(wanted) && isObject(found)) return compareObjects(shape, wanted, found, path, comparison);
  if (wanted === found || (shape?.quantity && sameQuantity(wanted, found))) return SAME;
  return comparison.accepts(path, wanted, found) ? SAME : withoutNulls(wanted);
}

function compareObjects(shape: Shape | undefined, desired: Json, observed: Json, path: string, comparison: Comparison): Difference {
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(desired), ...Object.keys(observed)])) {
    const difference = compareField(shape, key, desired, observed, path, comparison);
    if (difference !== SAME) patch[key] = difference;
  }
  return Object.keys(patch).length === 0 ? SAME : patch;
}

function compareField(shape: Shape | undefined, key: string, desired: Json, observed: Json, path: string, comparison: Comparison): Difference {
  const [wanted, found] = [desired[key] ?? undefined, observed[key] ?? undefined];
  const here = at(path, key);
  if (wanted === undefined && found !== undefined) {
    if (shape?.assigned?.includes(key)) return SAME;
    if (isShared(shape, key)) return comparison.drops(here) ? null : SAME;
    // An empty value is a value here, not an absence.
    if (shape?.shared) return comparison.accepts(here, wanted, found) ? SAME : null;
    const standard = defaultOf(shape, key, desired);
    if (standard !== undefined && isDeepStrictEqual(standard, found)) return SAME;
  }
  if (found === undefined && (wanted === false || wanted === 0) && shape?.zero?.includes(key)) return SAME;
  return compare(shape?.fields?.[key] ?? shape?.values, wanted, found, here, comparison);
}

/** Something is there that was not asked for. */
function surplus(shape: Shape | undefined, found: unknown, path: string, comparison: Comparison): Difference {
  if (isEmpty(found)) return SAME;
  if (shape?.sharedBy && Array.isArray(found)) return compareShared(shape.sharedBy, shape, [], found, path, comparison);
  if (isObject(found) && shape && !shape.quantity) {
    const difference = compareObjects(shape, {}, found, path, comparison);
    // Nothing but defaults. What others wrote into a shared map below keeps the object from being removed as a whole.
    if (difference === SAME || shape.shared || holdsShared(shape)) return difference;
  }
  return comparison.keeps?.(path) || comparison.accepts(path, undefined, found) ? SAME : null;
}

const holdsShared = (shape: Shape): boolean => Object.values(shape.fields ?? {}).some((field) => field.shared !== undefined);

function compareLists(shape: Shape | undefined, desired: readonly unknown[], observed: readonly unknown[], path: string, comparison: Comparison) {
  if (shape?.sharedBy) return compareShared(shape.sharedBy, shape, desired, observed, path, comparison);
  const fits = comparison.keeps?.(path) ? desired.length <= observed.length : desired.length === observed.length;
  if (!fits) return comparison.accepts(path, desired, observed) ? SAME : withoutNulls(desired);
  const same = desired.map((element, i) => compare(shape?.items, element, observed[i], at(path, i), comparison)).every((d) => d === SAME);
  return same ? SAME : withoutNulls(desired);
}

/** Keeps elements of others, brings ours up to date, removes those that were ours before. */
function compareShared(
  keyOf: (element: Json) => string,
  shape: Shape,
  desired: readonly unknown[],
  observed: readonly unknown[],
  path: string,
  comparison: Comparison,
): Difference {
  const wanted = new Map(desired.map((element) => [keyOf(element as Json), element]));
  const present = new Map(observed.map((element) => [keyOf(element as Json), element]));
  const kept = observed.filter((element) => wanted.has(keyOf(element as Json)) || !comparison.drops(at(path, keyOf(element as Json))));
  const missing = desired.filter((element) => !present.has(keyOf(element as Json)));
  const isSame = ([key, element]: [string, unknown]): boolean =>
    !present.has(key) || compare(shape.items, element, present.get(key), at(path, key), comparison) === SAME;
  if (missing.length === 0 && kept.length === observed.length && [...wanted].every(isSame)) return SAME;
  return withoutNulls([...kept.map((element) => wanted.get(keyOf(element as Json)) ?? element), ...missing]);
}

/** Pointers to all keys of shared maps and elements of shared lists in an object. */
export function sharedKeys(shape: Shape | undefined, value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return shape?.sharedBy ? value.map((element) => at(path, shape.sharedBy?.(element) ?? '')) : [];
  if (!shape || !isObject(value)) return [];
  if (shape.shared)
    return Object.keys(value)
      .filter((key) => isShared(shape, key))
      .map((key) => at(path, key));
  return Object.entries(shape.fields ?? {}).flatMap(([key, field]) => sharedKeys(field, value[key], at(path, key)));
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === null || member === undefined ? [] : [[key, withoutNulls(member)]])),
  );
}
