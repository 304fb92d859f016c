import { type AlphaInferencePoolSpec, fromAlphaPoolSpec, toAlphaPoolSpec } from './inference-pool.ts';
import { SERVING_GROUP } from './kinds.ts';
import type { KubeObject } from './kubernetes.ts';
import { annotations as keys } from './metadata.ts';
import { isRejection, type Rejection, reject } from './rejection.ts';
import type { InferencePoolSpec, ModelSpec, WorkloadSpec } from './types.ts';

const HUB = `${SERVING_GROUP}/v1alpha2`;
const SPOKE = `${SERVING_GROUP}/v1alpha1`;
const CRITICALITIES = new Set(['Critical', 'Standard', 'Sheddable']);
/** What the API server fills in anyway needs no keeping. */
const DEFAULT_APP_PROTOCOL = 'http';

type Json = Record<string, unknown>;
/** A model of either version. */
type Model = ModelSpec & { criticality?: string };
/** A spec of either version: the two differ in the shape of the pool spec and in the fields handled below. */
type AnySpec = WorkloadSpec & {
  model?: Model;
  prefill?: WorkloadSpec;
  router?: { scheduler?: { pool?: { spec?: unknown; ref?: unknown } } };
};

/** What v1alpha1 has no field for, carried in one annotation from hub to spoke and back (B1). */
interface HubOnly {
  confidential?: ModelSpec['confidential'];
  /** By adapter name. */
  adapterConfidential?: Record<string, ModelSpec['confidential']>;
  kvCacheOffloading?: WorkloadSpec['kvCacheOffloading'];
  prefillKvCacheOffloading?: WorkloadSpec['kvCacheOffloading'];
  targetPorts?: InferencePoolSpec['targetPorts'];
  appProtocol?: string;
}

/**
 * Converts a service or config to another version of the API (R1 §11). Total and lossless for the spec: whatever v1alpha1
 * cannot express travels in an internal annotation. Fields this code does not know are copied. The input is not changed.
 *
 * @returns the object in the desired version, or a rejection for a kind or version that is not ours
 */
export function convertObject(object: KubeObject, desired: string): KubeObject | Rejection {
  const { apiVersion, kind } = object;
  const known = new Set([HUB, SPOKE]);
  if (kind !== 'LLMInferenceService' && kind !== 'LLMInferenceServiceConfig') {
    return reject('UnknownKind', `no conversion for kind ${JSON.stringify(kind)}`);
  }
  if (!known.has(apiVersion) || !known.has(desired)) {
    return reject('UnknownVersion', `no conversion of ${kind} from ${JSON.stringify(apiVersion)} to ${JSON.stringify(desired)}`);
  }
  if (apiVersion === desired) {
    return reject('SameVersion', `${kind} is in version ${JSON.stringify(desired)} already`);
  }
  const copy = { ...structuredClone(object), apiVersion: desired };
  return desired === HUB ? toHub(copy) : toSpoke(copy);
}

function specOf(object: KubeObject): AnySpec | undefined {
  return typeof object.spec === 'object' && object.spec !== null ? (object.spec as AnySpec) : undefined;
}

// Both directions work on their own deep copy.

function toHub(object: KubeObject): KubeObject {
  const annotations = { ...object.metadata?.annotations };
  const spec = specOf(object);
  const kept = readKept(annotations);
  if (spec?.model) {
    if (spec.model.criticality) annotations[keys.modelCriticality] = spec.model.criticality;
    delete spec.model.criticality;
    moveAdapterCriticalitiesOut(spec.model, annotations);
  }
  const pool = spec?.router?.scheduler?.pool;
  if (pool?.spec) pool.spec = hubPoolSpec(pool.spec as AlphaInferencePoolSpec, kept);
  if (spec && kept) restore(spec, kept);
  delete annotations[keys.hubOnly];
  if (object.kind === 'LLMInferenceService') dropStatusFields(object.status, ['router', 'workloads', 'appliedConfigs']);
  else dropStatusFields(object.status, ['referencedBy']);
  return withAnnotations(object, annotations);
}

function toSpoke(object: KubeObject): KubeObject {
  const annotations = { ...object.metadata?.annotations };
  const spec = specOf(object);
  const hubOnly: HubOnly = {};
  if (spec) {
    takeWorkload(spec, (value) => Object.assign(hubOnly, { kvCacheOffloading: value }));
    if (spec.prefill) takeWorkload(spec.prefill, (value) => Object.assign(hubOnly, { prefillKvCacheOffloading: value }));
    if (spec.model) takeModel(spec.model, hubOnly);
    const pool = spec.router?.scheduler?.pool;
    if (pool?.spec) pool.spec = spokePoolSpec(pool.spec as InferencePoolSpec, hubOnly);
    if (spec.model) moveCriticalitiesIn(spec.model, annotations);
  }
  if (Object.keys(hubOnly).length > 0) annotations[keys.hubOnly] = JSON.stringify(hubOnly);
  const status = object.status as Json | undefined;
  dropStatusFields(status, object.kind === 'LLMInferenceService' ? ['router', 'workloads', 'appliedConfigs'] : ['referencedBy']);
  if (Array.isArray(status?.addresses)) {
    for (const address of status.addresses as Json[]) {
      delete address.origin;
      delete address.models;
    }
  }
  return withAnnotations(object, annotations);
}

function withAnnotations(object: KubeObject, annotations: Record<string, string>): KubeObject {
  const { annotations: _, ...metadata } = object.metadata ?? {};
  return { ...object, metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata };
}

function dropStatusFields(status: unknown, fields: readonly string[]): void {
  if (typeof status !== 'object' || status === null) return;
  for (const field of fields) delete (status as Json)[field];
}

function takeWorkload(workload: WorkloadSpec, keep: (value: WorkloadSpec['kvCacheOffloading']) => void): void {
  if (workload.kvCacheOffloading === undefined) return;
  keep(workload.kvCacheOffloading);
  delete workload.kvCacheOffloading;
}

function takeModel(model: ModelSpec, hubOnly: HubOnly): void {
  if (model.confidential) hubOnly.confidential = model.confidential;
  delete model.confidential;
  for (const adapter of adaptersOf(model)) {
    if (adapter.confidential && adapter.name) hubOnly.adapterConfidential = { ...hubOnly.adapterConfidential, [adapter.name]: adapter.confidential };
    delete adapter.confidential;
  }
}

/** The adapters of a model; the schema leaves the list open, so anything may stand there. */
function adaptersOf(model: ModelSpec): Model[] {
  const adapters: unknown = model.lora?.adapters;
  return Array.isArray(adapters) ? adapters.filter((a): a is Model => typeof a === 'object' && a !== null) : [];
}

function restore(spec: AnySpec, kept: HubOnly): void {
  if (kept.kvCacheOffloading && !spec.kvCacheOffloading) spec.kvCacheOffloading = kept.kvCacheOffloading;
  if (kept.prefillKvCacheOffloading && spec.prefill && !spec.prefill.kvCacheOffloading)
    spec.prefill.kvCacheOffloading = kept.prefillKvCacheOffloading;
  if (!spec.model) return;
  if (kept.confidential && !spec.model.confidential) spec.model.confidential = kept.confidential;
  for (const adapter of adaptersOf(spec.model)) {
    const confidential = kept.adapterConfidential?.[adapter.name ?? ''];
    if (confidential) adapter.confidential = confidential;
  }
}

function readKept(annotations: Record<string, string>): HubOnly | undefined {
  const kept = parseObject(annotations[keys.hubOnly]);
  return kept as HubOnly | undefined;
}

function parseObject(text: string | undefined): Json | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Extra ports come back only while the first one is what it was: another first port is another pool. */
function hubPoolSpec(spec: AlphaInferencePoolSpec, kept: HubOnly | undefined): InferencePoolSpec {
  const converted = fromAlphaPoolSpec(spec);
  const ports = kept?.targetPorts;
  const samePort = ports !== undefined && (ports[0]?.number ?? 0) === (spec.targetPortNumber ?? 0);
  return {
    ...converted,
    ...(samePort ? { targetPorts: ports } : {}),
    ...(kept?.appProtocol ? { appProtocol: kept.appProtocol } : {}),
  };
}

function spokePoolSpec(spec: InferencePoolSpec, hubOnly: HubOnly): AlphaInferencePoolSpec {
  const ports = spec.targetPorts ?? [];
  if (ports.length !== 1) hubOnly.targetPorts = ports;
  if (spec.appProtocol && spec.appProtocol !== DEFAULT_APP_PROTOCOL) hubOnly.appProtocol = spec.appProtocol;
  const converted = toAlphaPoolSpec(ports.length > 0 ? spec : { ...spec, targetPorts: [{ number: 0 }] });
  if (isRejection(converted)) throw new Error(converted.message);
  return converted;
}

function moveAdapterCriticalitiesOut(model: Model, annotations: Record<string, string>): void {
  const byIndex: Record<string, string> = {};
  adaptersOf(model).forEach((adapter, i) => {
    if (adapter.criticality) byIndex[i] = adapter.criticality;
    delete adapter.criticality;
  });
  if (Object.keys(byIndex).length > 0) annotations[keys.loraCriticalities] = JSON.stringify(byIndex);
}

/** Values outside the enum would make the object unreadable in v1alpha1, so they stay in the annotation (B2). */
function moveCriticalitiesIn(model: Model, annotations: Record<string, string>): void {
  const own = annotations[keys.modelCriticality];
  if (own && CRITICALITIES.has(own)) {
    model.criticality = own;
    delete annotations[keys.modelCriticality];
  }
  const byIndex = parseObject(annotations[keys.loraCriticalities]);
  if (!byIndex) return;
  adaptersOf(model).forEach((adapter, i) => {
    const value = byIndex[i];
    if (typeof value === 'string' && CRITICALITIES.has(value)) adapter.criticality = value;
  });
  delete annotations[keys.loraCriticalities];
}
