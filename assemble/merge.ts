import { type Rejection, reject } from '../api/rejection.ts';
import { specMergeSchema } from '../api/schema/merge-schema.ts';
import type { LLMInferenceServiceSpec } from '../api/types.ts';
import { applyPatch } from './merge/apply.ts';
import { MergeFailure } from './merge/failure.ts';
import { prune } from './merge/prune.ts';

/** One spec that takes part in a merge. */
export interface Layer {
  /** Where it comes from, for messages: `UserRef:models/big`. */
  readonly origin: string;
  readonly spec: LLMInferenceServiceSpec;
}

/**
 * The layers folded into one spec, later ones overriding earlier ones (R2.30 - R2.41). No layer gives the empty spec, a single
 * one comes back unchanged. Inputs are not changed, and the result shares parts with them.
 */
export function mergeSpecs(layers: readonly Layer[]): LLMInferenceServiceSpec | Rejection {
  const [first, ...others] = layers;
  if (first === undefined || others.length === 0) return first?.spec ?? {};
  let merged: unknown = statements(first.spec);
  for (const layer of others) {
    try {
      merged = applyPatch(merged, statements(layer.spec), specMergeSchema, 'spec');
    } catch (error) {
      if (error instanceof MergeFailure) return reject('CombineBaseError', `failed to merge specs: ${layer.origin}: ${error.message}`);
      throw error;
    }
  }
  return merged as LLMInferenceServiceSpec;
}

/** Configs live long in a cache and take part in many merges, so what they state is worked out once. */
const pruned = new WeakMap<LLMInferenceServiceSpec, unknown>();

function statements(spec: LLMInferenceServiceSpec): unknown {
  const known = pruned.get(spec);
  if (known !== undefined) return known;
  const result = prune(spec, specMergeSchema);
  pruned.set(spec, result);
  return result;
}
