import { type MergeNode, specMergeSchema } from '../api/schema/merge-schema.ts';
import type { LLMInferenceServiceSpec } from '../api/types.ts';
import type { Assembled } from './assemble.ts';
import { prune } from './merge/prune.ts';
import type { Layer } from './merge.ts';

/** Field names and list indexes that lead from `spec` to a value. */
export type FieldPath = readonly (string | number)[];

/** Where a value of an effective spec comes from. */
export type FieldOrigin =
  /** A layer of the merge states it; `rendered` says that the layer states a template. */
  | { readonly from: 'layer'; readonly origin: string; readonly rendered: boolean }
  /** Nobody states it: the API server or the defaulting webhook wrote it into this layer. */
  | { readonly from: 'default'; readonly origin: string }
  /** The operator worked it out from the rest (R2.60, R2.61, R2.80 - R2.85). */
  | { readonly from: 'operator' }
  /** The ConfigMap that `config.ref` names (R2.84). */
  | { readonly from: 'configMap'; readonly namespace: string; readonly name: string };

/**
 * Tells for the scalars, and the empty lists and objects, of an effective spec where they come from.
 *
 * @param written the spec of a layer as its author wrote it, without defaults; the layer itself where that is not known
 */
export function fieldOrigins(
  { spec, rendered, layers, schedulerConfigMap }: Assembled,
  written: (layer: Layer) => LLMInferenceServiceSpec | undefined = () => undefined,
): (path: FieldPath) => FieldOrigin {
  const stages = layers.toReversed().map((layer) => ({
    origin: layer.origin,
    stated: prune(layer.spec, specMergeSchema),
    written: prune(written(layer) ?? layer.spec, specMergeSchema),
  }));
  return (path) => {
    if (schedulerConfigMap && path.slice(0, 4).join('.') === 'router.scheduler.config.inline') return { from: 'configMap', ...schedulerConfigMap };
    const value = valueAt(spec, spec, path);
    const before = valueAt(rendered, spec, path);
    if (before === undefined || !isSame(before, value)) return { from: 'operator' };
    const fits = (stated: unknown): boolean => stated !== undefined && (isSame(stated, before) || holdsTemplate(stated));
    const author = stages.find((layer) => fits(valueAt(layer.written, spec, path)));
    if (author) {
      return { from: 'layer', origin: author.origin, rendered: !isSame(valueAt(author.written, spec, path), before) };
    }
    const defaulted = stages.find((layer) => fits(valueAt(layer.stated, spec, path)));
    return defaulted ? { from: 'default', origin: defaulted.origin } : { from: 'operator' };
  };
}

/** Of scalars and empty collections. */
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const holdsTemplate = (value: unknown): boolean => typeof value === 'string' && value.includes('{{');

/** The value in `spec` that merges into the one at `path` of `guide`: elements of keyed lists are found by their key. */
function valueAt(spec: unknown, guide: unknown, path: FieldPath): unknown {
  let node: MergeNode | undefined = specMergeSchema;
  let [value, model] = [spec, guide];
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    const next = (model as Readonly<Record<string | number, unknown>>)[step];
    if (node?.kind === 'list' && node.key !== undefined && Array.isArray(value)) {
      const { key } = node;
      value = value.find((element) => sameKey(element, next, key));
    } else {
      value = (value as Readonly<Record<string | number, unknown>>)[step];
    }
    model = next;
    node = node?.kind === 'list' ? node.items : node?.kind === 'object' ? node.fields[step] : undefined;
  }
  return value;
}

const sameKey = (a: unknown, b: unknown, key: string): boolean =>
  (a as Readonly<Record<string, unknown>> | null)?.[key] === (b as Readonly<Record<string, unknown>> | null)?.[key];
