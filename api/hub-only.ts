import jsonPatch from 'fast-json-patch';
import { type AnyModel, adaptersOf } from './criticality.ts';
import { type AlphaInferencePoolSpec, fromAlphaPoolSpec, toAlphaPoolSpec } from './inference-pool.ts';
import { kinds } from './kinds.ts';
import { isRejection } from './rejection.ts';
import { checkStructure } from './structure.ts';
import type { InferencePoolSpec, ModelSpec, WorkloadSpec } from './types.ts';

/** A spec of either version: the two differ in the shape of the pool spec, and in what this file and criticality.ts handle. */
export type AnySpec = WorkloadSpec & {
  model?: AnyModel;
  prefill?: WorkloadSpec;
  router?: { scheduler?: { pool?: { spec?: unknown; ref?: unknown } } };
};

/** The confidential settings of a model, and the model they belong to: of another one they say nothing. */
interface ConfidentialModel {
  readonly name?: string;
  readonly uri?: string;
  readonly confidential: NonNullable<ModelSpec['confidential']>;
}

/** What v1alpha1 has no field for. It travels in one annotation from hub to spoke and back (B1). */
interface HubOnly {
  model?: ConfidentialModel;
  adapters?: ConfidentialModel[];
  kvCacheOffloading?: NonNullable<WorkloadSpec['kvCacheOffloading']>;
  prefillKvCacheOffloading?: NonNullable<WorkloadSpec['kvCacheOffloading']>;
  pool?: InferencePoolSpec;
}

const DEFAULT_APP_PROTOCOL = 'http';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSame = (a: unknown, b: unknown): boolean => jsonPatch.compare({ value: a ?? null }, { value: b ?? null }).length === 0;

/**
 * Takes out of a hub spec, the caller's own copy, what v1alpha1 has no field for, and turns its pool spec into that of v1alpha1.
 *
 * @returns what was taken, as text for the annotation; undefined when there was nothing
 */
export function takeHubOnly(spec: AnySpec): string | undefined {
  const taken: HubOnly = {};
  const own = takeOffloading(spec);
  const ofPrefill = isObject(spec.prefill) ? takeOffloading(spec.prefill) : undefined;
  if (own) taken.kvCacheOffloading = own;
  if (ofPrefill) taken.prefillKvCacheOffloading = ofPrefill;
  const [model] = isObject(spec.model) ? takeConfidential([spec.model]) : [];
  const adapters = takeConfidential(adaptersOf(spec.model));
  if (model) taken.model = model;
  if (adapters.length > 0) taken.adapters = adapters;
  const pool = spec.router?.scheduler?.pool;
  if (isObject(pool?.spec)) {
    const hub: InferencePoolSpec = pool.spec;
    const spoke = shownPool(hub);
    if (!isSame(fromAlphaPoolSpec(spoke), withoutDefaultProtocol(hub))) taken.pool = hub;
    pool.spec = spoke;
  }
  return Object.keys(taken).length > 0 ? JSON.stringify(taken) : undefined;
}

function takeOffloading(workload: WorkloadSpec): WorkloadSpec['kvCacheOffloading'] {
  const { kvCacheOffloading } = workload;
  delete workload.kvCacheOffloading;
  return kvCacheOffloading;
}

function takeConfidential(models: readonly AnyModel[]): ConfidentialModel[] {
  return models.flatMap((model) => {
    const { name, uri, confidential } = model;
    delete model.confidential;
    return confidential ? [{ ...(name === undefined ? {} : { name }), ...(uri === undefined ? {} : { uri }), confidential }] : [];
  });
}

/** The API server writes the protocol into every pool; that is no reason to carry the pool along. */
function withoutDefaultProtocol(pool: InferencePoolSpec): InferencePoolSpec {
  const { appProtocol, ...others } = pool;
  return appProtocol === DEFAULT_APP_PROTOCOL ? others : pool;
}

/** The pool spec as a v1alpha1 client sees it. Without target ports, which only a config may lack, the port is 0 (B3). */
function shownPool(hub: InferencePoolSpec): AlphaInferencePoolSpec {
  const hasPort = Array.isArray(hub.targetPorts) && isObject(hub.targetPorts[0]);
  const spoke = toAlphaPoolSpec(hasPort ? hub : { ...hub, targetPorts: [{ number: 0 }] });
  if (isRejection(spoke)) throw new Error(spoke.message);
  return spoke;
}

/**
 * Turns the pool spec of a v1alpha1 spec, the caller's own copy, into that of the hub, and puts back what was taken, as far as the
 * field it belongs to is what it was: another model is not confidential, another port is not the first of those ports.
 *
 * @param text the annotation; a user may have written anything there
 */
export function restoreHubOnly(spec: AnySpec, text: string | undefined): void {
  const kept = readHubOnly(text);
  const { model, prefill } = spec;
  const pool = spec.router?.scheduler?.pool;
  if (isObject(pool?.spec)) pool.spec = hubPool(pool.spec, kept.pool);
  if (kept.kvCacheOffloading) spec.kvCacheOffloading ??= kept.kvCacheOffloading;
  if (kept.prefillKvCacheOffloading && isObject(prefill)) prefill.kvCacheOffloading ??= kept.prefillKvCacheOffloading;
  if (kept.model && isObject(model) && model.uri === kept.model.uri) model.confidential ??= kept.model.confidential;
  for (const { name, uri, confidential } of kept.adapters ?? []) {
    const adapter = adaptersOf(model).find((a) => a.name === name && a.uri === uri && a.confidential === undefined);
    if (adapter) adapter.confidential = confidential;
  }
}

function hubPool(spoke: AlphaInferencePoolSpec, kept: InferencePoolSpec | undefined): InferencePoolSpec {
  const converted = fromAlphaPoolSpec(spoke);
  if (!kept) return converted;
  const shown = shownPool(kept);
  const source = (field: keyof AlphaInferencePoolSpec): InferencePoolSpec => (isSame(spoke[field], shown[field]) ? kept : converted);
  const { selector: _s, targetPorts: _t, endpointPickerRef: _e, ...others } = source('targetPortNumber');
  const { selector } = source('selector');
  const { targetPorts } = source('targetPortNumber');
  const { endpointPickerRef } = source('extensionRef');
  return {
    ...others,
    ...(selector === undefined ? {} : { selector }),
    ...(targetPorts === undefined ? {} : { targetPorts }),
    ...(endpointPickerRef === undefined ? {} : { endpointPickerRef }),
  };
}

/** What the annotation keeps; nothing when it does not fit the types of the hub, which no schema checks after this. */
function readHubOnly(text: string | undefined): HubOnly {
  if (!text) return {};
  try {
    const kept = JSON.parse(text) as HubOnly;
    return isObject(kept) && fitsTheHub(kept) ? kept : {};
  } catch {
    return {};
  }
}

function fitsTheHub({ model, adapters = [], kvCacheOffloading, prefillKvCacheOffloading, pool }: HubOnly): boolean {
  const spec = {
    ...(kvCacheOffloading === undefined ? {} : { kvCacheOffloading }),
    prefill: prefillKvCacheOffloading === undefined ? {} : { kvCacheOffloading: prefillKvCacheOffloading },
    model: { ...(model ?? {}), lora: { adapters } },
    router: { scheduler: { pool: pool === undefined ? {} : { spec: pool } } },
  };
  const { apiVersion, kind } = kinds.config;
  return !checkStructure({ apiVersion, kind, spec }).some(({ type }) => type === 'TypeInvalid');
}
