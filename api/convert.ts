import { type AnyModel, moveCriticalitiesIn, moveCriticalitiesOut } from './criticality.ts';
import { type AnySpec, restoreHubOnly, takeHubOnly } from './hub-only.ts';
import { kinds, SERVING_GROUP } from './kinds.ts';
import type { KubeObject } from './kubernetes.ts';
import { annotations as keys } from './metadata.ts';
import { type Rejection, reject } from './rejection.ts';
import { withoutNulls } from './structure.ts';

const HUB = kinds.service.apiVersion;
const SPOKE = `${SERVING_GROUP}/v1alpha1`;
const VERSIONS: ReadonlySet<string> = new Set([HUB, SPOKE]);
const KINDS: ReadonlySet<string> = new Set([kinds.service.kind, kinds.config.kind]);

/** Status fields that only one of the versions has; the controller fills them in again (R1 §11.2, §11.3). */
const DROPPED_STATUS = ['router', 'workloads', 'appliedConfigs', 'referencedBy'];
const DROPPED_ADDRESS = ['origin', 'models'];

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Converts a service or config to another version of the API (R1 §11). Total and lossless for the spec: whatever v1alpha1
 * cannot express travels in annotations. Fields this code does not know are copied. The input is not changed.
 *
 * @returns the object in the desired version, or a rejection for a kind or version that is not ours
 */
export function convertObject(object: KubeObject, desired: string): KubeObject | Rejection {
  const { apiVersion, kind } = object;
  if (!KINDS.has(kind)) return reject('UnknownKind', `no conversion for kind ${JSON.stringify(kind)}`);
  if (!VERSIONS.has(apiVersion) || !VERSIONS.has(desired)) {
    return reject('UnknownVersion', `no conversion of ${kind} from ${JSON.stringify(apiVersion)} to ${JSON.stringify(desired)}`);
  }
  if (apiVersion === desired) {
    return reject('SameVersion', `${kind} is in version ${JSON.stringify(desired)} already`);
  }
  const { metadata, ...copy } = structuredClone(withoutNulls(object));
  const { annotations: given, ...otherMetadata } = metadata ?? {};
  const annotations = { ...given };
  const spec = isObject(copy.spec) ? (copy.spec as AnySpec) : undefined;
  if (desired === HUB) toHub(spec, annotations);
  else toSpoke(spec, annotations);
  dropStatusFields(copy.status);
  return {
    ...copy,
    apiVersion: desired,
    kind,
    metadata: Object.keys(annotations).length > 0 ? { ...otherMetadata, annotations } : otherMetadata,
  };
}

// Both directions work on a copy of their own.

function toHub(spec: AnySpec | undefined, annotations: Record<string, string>): void {
  const kept = annotations[keys.hubOnly];
  delete annotations[keys.hubOnly];
  if (!spec) return;
  if (isModel(spec.model)) moveCriticalitiesOut(spec.model, annotations);
  restoreHubOnly(spec, kept);
  dropEmptyLists(spec);
}

function toSpoke(spec: AnySpec | undefined, annotations: Record<string, string>): void {
  const taken = spec && takeHubOnly(spec);
  delete annotations[keys.hubOnly];
  if (taken) annotations[keys.hubOnly] = taken;
  if (spec) moveCriticalitiesIn(isModel(spec.model) ? spec.model : undefined, annotations);
}

const isModel = (model: unknown): model is AnyModel => isObject(model);

/** Lists of references and adapters are absent in the hub when they are empty (R1 §11.2). */
function dropEmptyLists(spec: AnySpec): void {
  const { model, router } = spec as { model?: { lora?: unknown }; router?: { route?: { http?: unknown }; gateway?: unknown; ingress?: unknown } };
  for (const [holder, list] of [
    [model?.lora, 'adapters'],
    [router?.route?.http, 'refs'],
    [router?.gateway, 'refs'],
    [router?.ingress, 'refs'],
  ] as const) {
    if (isObject(holder) && Array.isArray(holder[list]) && holder[list].length === 0) delete holder[list];
  }
}

function dropStatusFields(status: unknown): void {
  if (!isObject(status)) return;
  for (const field of DROPPED_STATUS) delete status[field];
  for (const address of Array.isArray(status.addresses) ? status.addresses.filter(isObject) : []) {
    for (const field of DROPPED_ADDRESS) delete address[field];
  }
}
