import { canonicalQuantity } from '../../api/quantity.ts';
import type { MergeList, MergeMap, MergeNode, MergeObject, MergeScalar } from '../../api/schema/merge-schema.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * What a layer states: the value without what its type treats as unset (R2.32) and without fields the type does not know;
 * quantities in canonical form. Content without types stays as it is (R2.32a). Shares everything that does not change.
 */
export function prune(value: unknown, node: MergeNode): unknown {
  return pruneValue(value, node, true);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined stands for "not set". A required field is never dropped (R2.38). */
function pruneValue(value: unknown, node: MergeNode, required: boolean): unknown {
  if (value === null || value === undefined) return undefined;
  switch (node.kind) {
    case 'scalar':
      return pruneScalar(value, node, required);
    case 'object':
      return isObject(value) ? pruneObject(value, node) : value;
    case 'map':
      return isObject(value) ? pruneMap(value, node, required) : value;
    case 'list':
      return Array.isArray(value) ? pruneList(value, node, required) : value;
    default:
      return value;
  }
}

function pruneScalar(value: unknown, { scalar, nullable }: MergeScalar, required: boolean): unknown {
  if (scalar === 'quantity') return canonicalQuantity(value as string | number);
  if (required || nullable || scalar === 'intOrString') return value;
  return value === '' || value === 0 || value === false ? undefined : value;
}

function pruneObject(value: JsonObject, node: MergeObject): JsonObject {
  return mapEntries(value, (child, key) => {
    const field = Object.hasOwn(node.fields, key) ? node.fields[key] : undefined;
    return field === undefined ? undefined : pruneValue(child, field, node.required.includes(key));
  });
}

function pruneMap(value: JsonObject, { values }: MergeMap, required: boolean): JsonObject | undefined {
  const pruned = mapEntries(value, (child) => {
    if (child === null) return undefined;
    return values === 'quantity' ? canonicalQuantity(child as string | number) : child;
  });
  return required || Object.keys(pruned).length > 0 ? pruned : undefined;
}

function pruneList(value: readonly unknown[], { items }: MergeList, required: boolean): readonly unknown[] | undefined {
  if (value.length === 0) return required ? value : undefined;
  if (items.kind === 'free' || (items.kind === 'scalar' && items.scalar !== 'quantity')) return value;
  const pruned = value.map((item) => pruneValue(item, items, true));
  return pruned.every((item, i) => item === value[i]) ? value : pruned;
}

/** The object with every entry changed; entries that become undefined are left out. The object itself when nothing changes. */
function mapEntries(value: JsonObject, change: (child: unknown, key: string) => unknown): JsonObject {
  let copy: Record<string, unknown> | undefined;
  const keys = Object.keys(value);
  for (const [i, key] of keys.entries()) {
    const child = value[key];
    const changed = change(child, key);
    if (copy === undefined) {
      if (changed === child && changed !== undefined) continue;
      copy = {};
      for (const before of keys.slice(0, i)) copy[before] = value[before];
    }
    if (changed !== undefined) copy[key] = changed;
  }
  return copy ?? value;
}
