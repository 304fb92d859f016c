import type { MergeNode, MergeObject } from '../../api/schema/merge-schema.ts';
import { MergeFailure } from './failure.ts';
import { mergeKeyedList } from './keyed-list.ts';
import { isObject } from './prune.ts';
import { unionMembers } from './unions.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * A pruned patch on top of a pruned base (R2.33 - R2.39). Neither is changed; the result shares what it takes from them.
 * `path` says where they are. Throws MergeFailure.
 */
export function applyPatch(base: unknown, patch: unknown, node: MergeNode, path: string): unknown {
  switch (node.kind) {
    case 'object':
      return isObject(base) && isObject(patch) ? applyObject(base, patch, node, path) : patch;
    case 'map':
      return isObject(base) && isObject(patch) ? applyMap(base, patch, path) : patch;
    case 'list':
      if (node.key === undefined || !Array.isArray(base) || !Array.isArray(patch)) return patch;
      return mergeKeyedList(base, patch, node.key, path, (old, changed, at) => applyPatch(old, changed, node.items, at));
    default:
      return patch;
  }
}

function applyObject(base: JsonObject, patch: JsonObject, node: MergeObject, path: string): JsonObject {
  const keys = Object.keys(patch);
  if (keys.length === 0) return base;
  const result: Record<string, unknown> = { ...base };
  const members = unionMembers(node);
  if (keys.some((key) => members.includes(key))) {
    for (const member of members) if (!Object.hasOwn(patch, member)) delete result[member];
  }
  for (const key of keys) {
    const field = node.fields[key];
    if (field === undefined) continue;
    const at = `${path}.${key}`;
    if (Object.hasOwn(result, key)) result[key] = applyPatch(result[key], patch[key], field, at);
    else if (field.kind !== 'map' || !hasDirective(patch[key])) result[key] = patch[key];
  }
  return result;
}

const DIRECTIVE = '$patch';

const hasDirective = (value: unknown): boolean => isObject(value) && Object.hasOwn(value, DIRECTIVE);

/**
 * Maps merge key by key (R2.34). The key `$patch` is the way to take entries away: `replace` puts the rest of the patch in the
 * place of the base, `delete` leaves nothing (R2.39).
 */
function applyMap(base: JsonObject, patch: JsonObject, path: string): JsonObject {
  if (!hasDirective(patch)) return { ...base, ...patch };
  const { [DIRECTIVE]: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw new MergeFailure(`${path}: unknown value ${JSON.stringify(directive)} of ${DIRECTIVE}: replace and delete are known`);
}
