import { isDeepStrictEqual } from 'node:util';
import type { Kind } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import { isNotFound } from './runtime/api-error.ts';
import type { Client } from './runtime/client.ts';

type Status = { conditions?: Condition[] };

const withoutTimes = (status: Status | undefined): unknown => ({
  ...status,
  conditions: status?.conditions?.map(({ lastTransitionTime: _, ...condition }) => condition),
});

/** Whether two statuses say the same; transition times do not count (R1.28). */
export function sameStatus(a: Status | undefined, b: Status | undefined): boolean {
  return isDeepStrictEqual(withoutTimes(a), withoutTimes(b));
}

/**
 * Replaces the status of an object when it says something new. A patch that touches nothing but the status cannot conflict, so
 * one request is enough. An object that is gone is fine.
 *
 * @returns the object as written, or undefined when there was nothing to write
 */
export async function publishStatus<T extends KubeObject>(client: Client, kind: Kind, object: T, status: Status): Promise<T | undefined> {
  if (sameStatus(object.status as Status | undefined, status)) return undefined;
  const { namespace, name = '' } = object.metadata;
  try {
    const patch = [{ op: 'add', path: '/status', value: status }];
    return await client.patch<T>(kind, namespace, name, patch, { type: 'json', subresource: 'status' });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
