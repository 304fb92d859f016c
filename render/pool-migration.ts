import { findCondition } from '../api/conditions.ts';
import type { HTTPRoute } from '../api/gateway-api.ts';
import { type InferencePool, poolParents } from '../api/inference-pool.ts';
import { get, type Inquiry } from '../api/inquiry.ts';
import { type Kind, kinds } from '../api/kinds.ts';
import { annotations } from '../api/metadata.ts';
import type { Context } from './children.ts';
import { nameOf } from './identity.ts';

/** The annotations of a managed route, or of the status that stands in for one, that names its pool by v1 for good (R5.39). */
export const migrated = { [annotations.inferencePoolMigrated]: 'v1' };

export const isMigrated = (found: Readonly<Record<string, string>> | undefined): boolean => found?.[annotations.inferencePoolMigrated] === 'v1';

/**
 * Whether what the managed route has decided has to outlive it, because it goes and its service stays (B5.4). It is worth keeping
 * when no gateway takes the v1alpha2 pool; where one takes both, a new route may begin as any other does. To be asked
 * while the pools of a service that is being stopped are still there.
 */
export function* outlivesRoute(context: Context): Inquiry<boolean> {
  if (isMigrated(context.service.status?.annotations)) return true;
  const { namespace } = context.service.metadata;
  const route = yield* get<HTTPRoute>(kinds.httpRoute, namespace, nameOf(context, 'route'));
  return isMigrated(route?.metadata.annotations) && !(yield* isAccepted(kinds.inferencePoolAlpha, context));
}

/**
 * Whether a service without managed route had one that had gone over to v1: its status remembers it, or somebody deleted the
 * route that the status still lists, and gateways take the v1 pool only (B5.4).
 */
export function* hadMigrated(context: Context): Inquiry<boolean> {
  const { status } = context.service;
  if (isMigrated(status?.annotations)) return true;
  const listed = (status?.router?.gateways ?? []).flatMap(({ httpRoutes = [] }) => httpRoutes.map(({ name }) => name));
  if (!listed.includes(nameOf(context, 'route'))) return false;
  return (yield* isAccepted(kinds.inferencePool, context)) && !(yield* isAccepted(kinds.inferencePoolAlpha, context));
}

/** Whether a gateway accepts the default pool in this version. */
function* isAccepted(kind: Kind, context: Context): Inquiry<boolean> {
  const pool = yield* get<InferencePool>(kind, context.service.metadata.namespace, nameOf(context, 'inferencePool'));
  return pool !== undefined && poolParents(pool).some(({ conditions }) => findCondition(conditions, 'Accepted')?.status === 'True');
}
