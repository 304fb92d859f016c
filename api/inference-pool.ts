import type { Condition, ObjectMeta } from './kubernetes.ts';
import { isRejection, type Rejection, reject } from './rejection.ts';
import type { InferencePoolSpec } from './types.ts';

/** Port of the endpoint picker where a reference to a Service names none (R4.93, R2.85). */
export const PICKER_PORT = 9002;

const DEFAULT_PICKER_KIND = 'Service';
const DEFAULT_FAILURE_MODE = 'FailClose';

/** Spec of an InferencePool in `inference.networking.x-k8s.io/v1alpha2` (R4b.91). */
export interface AlphaInferencePoolSpec {
  selector?: Record<string, string>;
  targetPortNumber?: number;
  extensionRef?: { group?: string; kind?: string; name?: string; portNumber?: number; failureMode?: string };
}

/** What one parent (a Gateway) says about a pool. */
export interface PoolParent {
  parentRef?: { group?: string; kind?: string; name?: string; namespace?: string };
  conditions?: readonly (Condition & { observedGeneration?: number })[];
}

/** An InferencePool of either API version, as far as its readiness is concerned. */
export interface InferencePool {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  status?: { parents?: readonly PoolParent[]; parent?: readonly PoolParent[] };
}

/**
 * Pool spec of v1 as v1alpha2 (R4.92, R1 §11.3). Target ports after the first and `appProtocol` have no place there. A spec
 * without target ports cannot be expressed and is a rejection (B4.25).
 */
export function toAlphaPoolSpec(spec: InferencePoolSpec): AlphaInferencePoolSpec | Rejection {
  const [port] = spec.targetPorts ?? [];
  if (port === undefined) return reject('InvalidInferencePool', 'the InferencePool spec has no targetPorts', { field: 'targetPorts' });
  const picker = spec.endpointPickerRef;
  return {
    ...(spec.selector === undefined ? {} : { selector: { ...spec.selector.matchLabels } }),
    targetPortNumber: port.number,
    extensionRef: {
      ...(picker?.group === undefined ? {} : { group: picker.group }),
      kind: picker?.kind ?? DEFAULT_PICKER_KIND,
      name: picker?.name ?? '',
      ...(picker?.port === undefined ? {} : { portNumber: picker.port.number }),
      failureMode: picker?.failureMode ?? DEFAULT_FAILURE_MODE,
    },
  };
}

/** Pool spec of v1alpha2 as v1 (R4.93, R1 §11.2). An absent `extensionRef` becomes a picker reference without a name. */
export function fromAlphaPoolSpec(spec: AlphaInferencePoolSpec): InferencePoolSpec {
  const extension = spec.extensionRef ?? {};
  const kind = extension.kind || DEFAULT_PICKER_KIND;
  const port = extension.portNumber || (kind === DEFAULT_PICKER_KIND ? PICKER_PORT : undefined);
  return {
    ...(spec.selector === undefined ? {} : { selector: { matchLabels: { ...spec.selector } } }),
    targetPorts: [{ number: spec.targetPortNumber ?? 0 }],
    endpointPickerRef: {
      ...(extension.group === undefined ? {} : { group: extension.group }),
      kind,
      name: extension.name ?? '',
      ...(port === undefined ? {} : { port: { number: port } }),
      failureMode: extension.failureMode || DEFAULT_FAILURE_MODE,
    },
  };
}

/** Pool spec of v1alpha2 with what a way through v1 gives it: kind, port and failure mode of its picker (R1.58). */
export function completeAlphaPoolSpec(spec: AlphaInferencePoolSpec): AlphaInferencePoolSpec {
  const complete = toAlphaPoolSpec(fromAlphaPoolSpec(spec));
  return isRejection(complete) ? spec : complete;
}

/**
 * What the parents of a pool say, in the words of v1 (R5.93): v1 keeps them in `status.parents`, v1alpha2 in `status.parent`.
 * The entry and the condition that the v1alpha2 CRD puts there before anybody looked are left out, and its reason
 * `NotSupportedByGateway` reads `NotSupportedByParent` (R4.93).
 */
export function poolParents(pool: InferencePool): readonly PoolParent[] {
  const { parents, parent } = pool.status ?? {};
  return parents ?? (parent ?? []).filter((entry) => !isPlaceholder(entry)).map(inWordsOfV1);
}

function isPlaceholder({ parentRef }: PoolParent): boolean {
  return parentRef?.kind === 'Status' && parentRef.name === 'default';
}

function inWordsOfV1(parent: PoolParent): PoolParent {
  const conditions = (parent.conditions ?? [])
    .filter(({ type, status, reason }) => !(type === 'Accepted' && status === 'Unknown' && reason === 'Pending'))
    .map((condition) => (condition.reason === 'NotSupportedByGateway' ? { ...condition, reason: 'NotSupportedByParent' } : condition));
  return { ...parent, conditions };
}
