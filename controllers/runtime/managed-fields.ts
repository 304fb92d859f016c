import type { KubeObject } from '../../api/kubernetes.ts';
import { isObject } from './shape.ts';

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

/** Of the given JSON pointers to map members, those that the server records as last written by `fieldManager`. */
export function ownedBy(fieldManager: string, object: KubeObject, pointers: readonly string[]): Set<string> {
  const sets = ((object.metadata.managedFields ?? []) as ManagedFields[])
    .filter((entry) => entry.manager === fieldManager && !entry.subresource)
    .map((entry) => entry.fieldsV1);
  return new Set(pointers.filter((pointer) => sets.some((set) => holds(set, pointer))));
}

function holds(set: unknown, pointer: string): boolean {
  let here = set;
  for (const part of pointer.slice(1).split('/')) {
    const next = isObject(here) ? here[`f:${part.replaceAll('~1', '/').replaceAll('~0', '~')}`] : undefined;
    if (next === undefined) return false;
    here = next;
  }
  return true;
}
