import jsonPatch from 'fast-json-patch';
import { convertObject } from '../api/convert.ts';
import { applyDefaults } from '../api/default.ts';
import { type FieldError, invalidStatus } from '../api/field-error.ts';
import { kinds, SERVING_GROUP } from '../api/kinds.ts';
import type { ConfigMap, KubeObject } from '../api/kubernetes.ts';
import { type LocalModelCache, labelLocalModel } from '../api/local-model.ts';
import { SETTINGS_CONFIG_MAP } from '../api/metadata.ts';
import type { Options } from '../api/options.ts';
import { isRejection } from '../api/rejection.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig } from '../api/types.ts';
import { changesWhatWasSet, validateConfigFields } from '../api/validate/config.ts';
import { validateService } from '../api/validate/service.ts';
import { type AdmissionWebhook, admissionWebhooks } from '../api/webhooks.ts';
import { checkConfigTemplate } from '../assemble/check-config.ts';
import { parseSettings } from '../assemble/parse-settings.ts';
import { isWellKnown } from '../assemble/preset-names.ts';
import { type AdmissionRequest, allow, deny, type JsonPatch, type Verdict } from './admission-review.ts';
import type { AdmissionHandler } from './server.ts';

/** What admission needs to know of the cluster. */
export interface AdmissionSources {
  readonly options: Options;
  /** The operator's ConfigMap as it is now. */
  settings(): Promise<ConfigMap | undefined>;
  /** Local model caches a service of the namespace may use: those of the namespace first, then those of the cluster. */
  localModelCaches(namespace: string): Promise<readonly LocalModelCache[]>;
}

type Version = 'v1alpha1' | 'v1alpha2';
const HUB = kinds.service.apiVersion;

/** The admission handlers by path (R1.43). */
export function createHandlers(sources: AdmissionSources): Map<string, AdmissionHandler> {
  return new Map(admissionWebhooks.map((webhook) => [webhook.path, handlerOf(webhook, sources)]));
}

function handlerOf({ verb, kind, version }: AdmissionWebhook, sources: AdmissionSources): AdmissionHandler {
  if (verb === 'mutate') return (request) => mutateService(sources, request);
  if (kind === kinds.config) return (request) => validateConfigRequest(sources, request);
  return (request) => validateServiceRequest(request, version);
}

/**
 * Defaults a service (R1.56 - R1.58) with a patch that touches nothing else. What is defaulted stands in the same place in both
 * versions, so nothing is converted and nothing can get lost. An object that is being deleted is left alone, and what hinders
 * the look-up of local models only costs a warning: nobody must be kept from deleting or mending a service (B22).
 */
async function mutateService(sources: AdmissionSources, request: AdmissionRequest): Promise<Verdict> {
  const { object } = request;
  if (!object || request.operation === 'DELETE' || object.metadata?.deletionTimestamp) return allow;
  const warnings: string[] = [];
  const caches = await localModels(sources, object, request.namespace, warnings);
  const defaulted = labelLocalModel(applyDefaults(object as unknown as LLMInferenceService), caches);
  const patch = jsonPatch.compare(object, defaulted) as JsonPatch;
  return { allowed: true, ...(patch.length > 0 ? { patch } : {}), ...(warnings.length > 0 ? { warnings } : {}) };
}

/** The caches that may hold the model, none when local models are off. */
async function localModels(
  sources: AdmissionSources,
  service: KubeObject,
  namespace: string,
  warnings: string[],
): Promise<readonly LocalModelCache[]> {
  try {
    const text = (await sources.settings())?.data?.localModel;
    if (!text || (JSON.parse(text) as { enabled?: boolean } | null)?.enabled !== true) return [];
    return await sources.localModelCaches(service.metadata.namespace ?? namespace);
  } catch (error) {
    warnings.push(`local model caches were not looked up: ${(error as Error).message}`);
    return [];
  }
}

function validateServiceRequest({ object, oldObject, operation, name }: AdmissionRequest, version: Version): Verdict {
  if (!object || operation === 'DELETE') return allow;
  const old = operation === 'UPDATE' ? (oldObject as LLMInferenceService | undefined) : undefined;
  const { errors, warnings } = validateService(object as unknown as LLMInferenceService, old, version);
  return verdict(object, name, errors, warnings);
}

function verdict(object: KubeObject, name: string, errors: readonly FieldError[], warnings: readonly string[]): Verdict {
  if (errors.length === 0) return { allowed: true, warnings };
  return { allowed: false, warnings, status: invalidStatus(object.kind, SERVING_GROUP, object.metadata.name ?? name, errors) };
}

async function validateConfigRequest(sources: AdmissionSources, request: AdmissionRequest): Promise<Verdict> {
  const { options } = sources;
  const { object, oldObject, operation, name, namespace } = request;
  if (operation === 'DELETE') return deleteConfig(name, namespace, options);
  if (!object || (operation === 'UPDATE' && object.metadata.deletionTimestamp)) return allow;
  const hub = object.apiVersion === HUB ? object : convertObject(object, HUB);
  if (isRejection(hub)) return deny(400, hub.message);
  const config = hub as unknown as LLMInferenceServiceConfig;
  const warnings =
    operation === 'UPDATE' && isWellKnown(name, options) && changesWhatWasSet(oldObject?.spec, object.spec)
      ? [`modifying well-known config ${namespace}/${name} is not recommended. Consider creating a custom config instead`]
      : [];
  const errors = validateConfigFields(config);
  if (errors.length > 0) return verdict(object, name, errors, warnings);
  const configMap = await sources.settings();
  if (!configMap) {
    return { ...deny(404, `configmaps "${SETTINGS_CONFIG_MAP}" not found in namespace ${options.systemNamespace}`, 'NotFound'), warnings };
  }
  const settings = parseSettings(configMap.data ?? {}, options.systemNamespace);
  const rendered = isRejection(settings) ? settings : checkConfigTemplate(config, settings, options);
  return isRejection(rendered) ? { ...deny(403, rendered.message, 'Forbidden'), warnings } : { allowed: true, warnings };
}

/** Well-known configs of the system namespace are protected; the finalizer protects the others while they are used (R1.79). */
function deleteConfig(name: string, namespace: string, options: Options): Verdict {
  if (namespace !== options.systemNamespace || !isWellKnown(name, options)) return allow;
  if (options.protectPresets) return deny(403, `well-known config ${namespace}/${name} cannot be deleted`, 'Forbidden');
  return { allowed: true, warnings: [`deleting well-known config ${namespace}/${name} is not recommended`] };
}
