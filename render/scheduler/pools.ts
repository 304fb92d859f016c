import { toAlphaPoolSpec } from '../../api/inference-pool.ts';
import { type Inquiry, served } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import { components } from '../../api/metadata.ts';
import { isRejection, reject } from '../../api/rejection.ts';
import type { Context, ObjectRef, Stage } from '../children.ts';
import { child, childRef, componentLabels, nameOf } from '../identity.ts';

/** The pools of a managed scheduler, by name, in the API groups that the server has (R4.2). */
export function* poolRefs(context: Context): Inquiry<readonly ObjectRef[]> {
  const name = nameOf(context, 'inferencePool');
  const alpha = yield* served(kinds.inferencePoolAlpha);
  return [kinds.inferencePool, ...(alpha ? [kinds.inferencePoolAlpha] : [])].map((kind) => childRef(context, kind, name));
}

/**
 * The InferencePool of the merged spec as v1 and, where the server has it, as v1alpha2 (R4.90, R4.91). Which of them the
 * route points to does not matter here (R4.94).
 */
export function* renderPools(context: Context): Inquiry<Stage> {
  const spec = context.spec.router?.scheduler?.pool?.spec;
  const field = 'spec.router.scheduler.pool.spec';
  const failed = (message: string): Stage => ({
    name: 'pools',
    present: [],
    absent: [],
    rejection: reject('InvalidInferencePool', message, { field }),
  });
  if (spec === undefined) return failed('failed to build expected inference pool: spec.router.scheduler.pool has neither ref nor spec');
  const name = nameOf(context, 'inferencePool');
  const metadata = { labels: componentLabels(context, components.scheduler) };
  const pool = { ...child(context, kinds.inferencePool, name, metadata), spec };
  if (!(yield* served(kinds.inferencePoolAlpha))) return { name: 'pools', present: [pool], absent: [] };

  const alphaSpec = toAlphaPoolSpec(spec);
  if (isRejection(alphaSpec)) return failed(`failed to convert inference pool to v1alpha2: ${alphaSpec.message}`);
  const alphaPool = { ...child(context, kinds.inferencePoolAlpha, name, metadata), spec: alphaSpec };
  return { name: 'pools', present: [pool, alphaPool], absent: [] };
}
