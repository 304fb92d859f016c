import type { Container } from '../api/kubernetes.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import { type MergeNode, specMergeSchema } from '../api/schema/merge-schema.ts';
import { applyPatch } from './merge/apply.ts';
import { MergeFailure } from './merge/failure.ts';
import { prune } from './merge/prune.ts';

/**
 * A container with a user's changes merged over it, by the rules by which specs merge (R3.224): variables by name, mounts by
 * path, resources key by key. Neither input is changed. A list whose elements lack their key is a rejection.
 */
export function mergeContainer(base: Container, changes: Partial<Container>): Container | Rejection {
  try {
    return applyPatch(base, prune(changes, containerSchema), containerSchema, base.name) as Container;
  } catch (error) {
    if (error instanceof MergeFailure) return reject('MergeFailed', error.message);
    throw error;
  }
}

const containerSchema = itemsAt(specMergeSchema, ['template', 'initContainers']);

/** The schema of the elements of a list somewhere in the spec. */
function itemsAt(node: MergeNode, [field, ...path]: readonly string[]): MergeNode {
  if (node.kind === 'list') return node.items;
  const next = node.kind === 'object' && field !== undefined ? node.fields[field] : undefined;
  if (next === undefined) throw new Error(`the spec has no list at ${field}`);
  return itemsAt(next, path);
}
