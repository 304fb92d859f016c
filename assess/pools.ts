import { conditionTypes, findCondition } from '../api/conditions.ts';
import { type InferencePool, type PoolParent, poolParents } from '../api/inference-pool.ts';
import { type Inquiry, served } from '../api/inquiry.ts';
import { type Kind, kinds } from '../api/kinds.ts';
import { externalPoolName, inferencePoolName } from '../api/predicates.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { Context } from '../render/children.ts';
import { type ConditionChange, clearCondition, markFalse, markStopped, markTrue } from './condition-change.ts';
import { readLive } from './workloads.ts';

/** A Gateway that has to accept a pool (R5.92). */
export interface GatewayKey {
  readonly name: string;
  readonly namespace: string;
}

export interface PoolAssessment {
  readonly condition: ConditionChange;
  /** The pass has failed: an external pool cannot be read (R5.95). */
  readonly rejection?: Rejection;
}

const FETCH_ERROR = 'InferencePoolFetchError';
const type = conditionTypes.inferencePoolReady;

/** The gateways that look after a pool, going by what it says itself. */
export function gatewaysOf(pool: InferencePool | undefined): GatewayKey[] {
  return (pool ? poolParents(pool) : []).flatMap(({ parentRef }) =>
    parentRef?.name ? [{ name: parentRef.name, namespace: parentRef.namespace || (pool?.metadata.namespace ?? '') }] : [],
  );
}

/**
 * Whether every one of the gateways accepts the pool; what others say about it does not matter (R4.95, R5.94). With the pool's own
 * gateways (`gatewaysOf`) it says whether everybody who looked at the pool accepts it, and somebody did (R5.98).
 */
export function isPoolReadyForGateways(pool: InferencePool | undefined, keys: readonly GatewayKey[]): boolean {
  if (pool === undefined || keys.length === 0) return false;
  return keys.every((key) => {
    const parents = parentsFor(pool, key);
    return parents.length > 0 && parents.every((parent) => isAccepted(parent, pool));
  });
}

/**
 * Condition `InferencePoolReady` (R5.91 - R5.97). The pool of a service without route is there for routes of others; then those
 * gateways have to accept it that say something about it (B5.17).
 *
 * @param routeGateways the gateways of the service's routes
 */
export function* assessPools(context: Context, routeGateways: readonly GatewayKey[]): Inquiry<PoolAssessment> {
  const scheduler = context.spec.router?.scheduler;
  if (context.stopped) return { condition: markStopped(type) };
  if (scheduler === undefined) return { condition: clearCondition(type) };
  const { name, namespace } = context.service.metadata;
  const pool = inferencePoolName(scheduler, name);
  const place = `${namespace}/${pool}`;
  const routed = context.spec.router?.route !== undefined;
  const keysFor = (found: InferencePool | undefined): readonly GatewayKey[] => (routed ? routeGateways : gatewaysOf(found));
  const v1 = yield* readPool(context, kinds.inferencePool, pool);
  if (externalPoolName(scheduler) !== undefined) {
    return v1 === undefined
      ? unreadable(`failed to fetch referenced Inference Pool ${place}: not found`)
      : { condition: reportPool(v1, keysFor(v1)) };
  }
  const alpha = yield* readPool(context, kinds.inferencePoolAlpha, pool);
  if ([v1, alpha].some((version) => isPoolReadyForGateways(version, keysFor(version)))) return { condition: markTrue(type) };
  const reported = v1 ?? alpha;
  if (reported !== undefined) return { condition: reportPool(reported, keysFor(reported)) };
  return { condition: markFalse(type, FETCH_ERROR, `Inference Pool ${place} not found (checked v1 and v1alpha2)`) };
}

function unreadable(problem: string): PoolAssessment {
  return {
    condition: markFalse(type, FETCH_ERROR, problem),
    rejection: reject(FETCH_ERROR, problem, { field: 'spec.router.scheduler.pool.ref' }),
  };
}

function* readPool(context: Context, kind: Kind, name: string): Inquiry<InferencePool | undefined> {
  return (yield* served(kind)) ? yield* readLive<InferencePool>(context, kind, name) : undefined;
}

/** What is to be said about one pool; the first that applies (R5.97). */
export function reportPool(pool: InferencePool, keys: readonly GatewayKey[]): ConditionChange {
  const place = `${pool.metadata.namespace}/${pool.metadata.name}`;
  const relevant = keys.flatMap((key) => parentsFor(pool, key));
  if (relevant.length === 0) return waiting(`Inference Pool ${place} exists but no Gateway controller has accepted it yet`);
  const missing = keys.find((key) => parentsFor(pool, key).length === 0);
  if (missing !== undefined) return waiting(`Inference Pool ${place} is not yet accepted by gateway ${missing.namespace}/${missing.name}`);
  const unaccepted = relevant.filter((parent) => !isAccepted(parent, pool));
  const [offending] = unaccepted.flatMap((parent) => accepted(parent) ?? []);
  if (offending !== undefined) {
    const { status, reason = '', message = '' } = offending;
    return markFalse(type, 'InferencePoolNotReady', `${place}: Accepted="${status}" (reason "${reason}", message "${message}")`);
  }
  return unaccepted.length > 0 ? markFalse(type, 'InferencePoolNotReady', `The inference pool ${place} is not ready`) : markTrue(type);
}

function waiting(message: string): ConditionChange {
  return markFalse(type, 'WaitingForGateway', message);
}

/** What the parents of that name say; one without a namespace is in the pool's (R5.93). */
function parentsFor(pool: InferencePool, key: GatewayKey): readonly PoolParent[] {
  return poolParents(pool).filter(
    ({ parentRef }) => parentRef?.name === key.name && (parentRef.namespace || pool.metadata.namespace) === key.namespace,
  );
}

const accepted = ({ conditions }: PoolParent) => findCondition(conditions, 'Accepted');

/** Accepted, and said about the pool as it is now (R4.95). */
function isAccepted(parent: PoolParent, pool: InferencePool): boolean {
  const condition = accepted(parent);
  if (condition?.status !== 'True') return false;
  const { observedGeneration = 0 } = condition;
  return observedGeneration === 0 || observedGeneration >= (pool.metadata.generation ?? 0);
}
