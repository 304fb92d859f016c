import { isDeepStrictEqual } from 'node:util';
import jsonPatch from 'fast-json-patch';
import { convertObject } from '../api/convert.ts';
import { followAdapters } from '../api/criticality.ts';
import { applyDefaults } from '../api/default.ts';
import { type FieldError, invalidStatus } from '../api/field-error.ts';
import { kinds, SERVING_GROUP } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { type LocalModelCache, labelLocalModel, mayBeCached } from '../api/local-model.ts';
import { annotations, SETTINGS_CONFIG_MAP } from '../api/metadata.ts';
import { suffixes } from '../api/names.ts';
import type { Options } from '../api/options.ts';
import { isStopped } from '../api/predicates.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import { withTypedDefaults } from '../api/typed-defaults.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig } from '../api/types.ts';
import { changesWhatWasSet, validateConfigFields } from '../api/validate/config.ts';
import { validateService } from '../api/validate/service.ts';
import { warnOfConfig } from '../api/warn/config.ts';
import { warnOfService } from '../api/warn/service.ts';
import { type AdmissionWebhook, admissionWebhooks } from '../api/webhooks.ts';
import { checkConfigTemplate } from '../assemble/check-config.ts';
import { parseSettings } from '../assemble/parse-settings.ts';
import { isWellKnown } from '../assemble/preset-names.ts';
import { checkTemplateSyntax } from '../assemble/template-syntax.ts';
import { readObject } from './admission-object.ts';
import { type AdmissionRequest, allow, deny, forbid, type JsonPatch, type Verdict } from './admission-review.ts';
import type { AdmissionHandler } from './application.ts';
import { warnOfNamedConfig, warnOfUsers } from './assembling.ts';
import type { AdmissionSources } from './sources.ts';

const HUB = kinds.service.apiVersion;

/** The admission handlers by path (R1.43). */
export function createHandlers(sources: AdmissionSources): Map<string, AdmissionHandler> {
  return new Map(admissionWebhooks.map((webhook) => [webhook.path, handlerOf(webhook, sources)]));
}

function handlerOf(webhook: AdmissionWebhook, sources: AdmissionSources): AdmissionHandler {
  if (webhook.verb === 'mutate') return (request) => mutateService(request, webhook, sources);
  return (request) => {
    if (request.operation === 'CONNECT') return allow;
    if (request.operation === 'DELETE') return webhook.kind === kinds.config ? deleteConfig(request, sources.options) : allow;
    if (request.operation !== 'CREATE' && request.operation !== 'UPDATE') return deny(400, `unknown operation ${JSON.stringify(request.operation)}`);
    return webhook.kind === kinds.config ? validateConfig(request, webhook, sources) : validateServiceWrite(request, webhook, sources);
  };
}

/**
 * Defaults a service of either version (R1.56 - R1.58; what is defaulted is the same in both) with a patch that touches nothing
 * else. An object that is being deleted is left alone, and what hinders the look-up of local models only costs a warning: nobody must
 * be kept from deleting or mending a service (B22).
 */
async function mutateService(request: AdmissionRequest, webhook: AdmissionWebhook, sources: AdmissionSources): Promise<Verdict> {
  if (request.operation === 'DELETE' || request.operation === 'CONNECT') return allow;
  const reading = readObject(request.object, webhook);
  if ('denial' in reading) return reading.denial;
  const { object } = reading;
  if (object.metadata.deletionTimestamp) return allow;
  const service = withTypedDefaults(object) as unknown as LLMInferenceService;
  const stored = request.operation === 'UPDATE' ? readObject(request.oldObject, webhook) : undefined;
  const old = stored && 'object' in stored ? (stored.object as unknown as LLMInferenceService) : service;
  const defaulted = followAdapters(applyDefaults(service), old);
  const concerned = old === service ? !isProbe(service) : concernsLocalModel(old, service);
  const caches = concerned ? await findLocalModels(sources, service, request.namespace) : undefined;
  const result = caches && 'found' in caches ? labelLocalModel(defaulted, caches.found) : defaulted;
  const patch = jsonPatch.compare(object, result) as JsonPatch;
  return { allowed: true, patch, warnings: caches && 'warning' in caches ? [caches.warning] : [] };
}

/** Whether an update touches anything that says where the model comes from. Finalizers and owners do not: they cost no look-up. */
const concernsLocalModel = (old: LLMInferenceService, { metadata, spec }: LLMInferenceService): boolean =>
  !isDeepStrictEqual([spec, metadata.labels, metadata.annotations], [old.spec, old.metadata.labels, old.metadata.annotations]);

/** The caches that may hold the model: none when local models are off, a warning when that cannot be found out. */
async function findLocalModels(
  sources: AdmissionSources,
  service: LLMInferenceService,
  requested: string,
): Promise<{ readonly found: readonly LocalModelCache[] } | { readonly warning: string }> {
  const warning = (cause: string) => ({ warning: `local model caches are not looked up: ${cause}` });
  try {
    const settings = await sources.settings();
    if (!settings) return warning(missingSettings);
    const localModel = JSON.parse(settings.data?.localModel ?? '{}') as { enabled?: unknown } | null;
    const namespace = service.metadata.namespace ?? requested;
    return { found: localModel?.enabled === true && mayBeCached(service) ? await sources.localModelCaches(namespace) : [] };
  } catch (error) {
    return warning((error as Error).message);
  }
}

const missingSettings = `configmaps ${JSON.stringify(SETTINGS_CONFIG_MAP)} not found`;

/**
 * What the reference refuses is refused (R1.61), and a template that nothing can mend; what has no effect or is a mistake for certain is a
 * warning (docs/decisions/0005-admission.md).
 */
async function validateServiceWrite(request: AdmissionRequest, webhook: AdmissionWebhook, sources: AdmissionSources): Promise<Verdict> {
  const { operation, object, oldObject, name, namespace } = request;
  const reading = readObject(object, webhook);
  if ('denial' in reading) return reading.denial;
  const stored = operation === 'UPDATE' ? readObject(oldObject, webhook) : undefined;
  if (stored && 'denial' in stored) return stored.denial;
  const service = reading.object as unknown as LLMInferenceService;
  const old = stored?.object as LLMInferenceService | undefined;
  const { errors, warnings } = validateService(service, old, webhook.version);
  if (errors.length > 0) return denyInvalid(reading.object, name, errors, warnings);
  if (!isToBeRendered(service, old)) return { allowed: true, warnings };
  const broken = newTemplateErrors(service, old);
  if (broken.length > 0) return denyInvalid(reading.object, name, broken, warnings);
  if (webhook.version === 'v1alpha1') return { allowed: true, warnings };
  return {
    allowed: true,
    warnings: [...warnings, ...warnOfService(service, old), ...(await warnOfNamedConfig(service, namespace, sources))].map(shortened),
  };
}

/** Whether this is how the operator has an effective spec checked (R2.90); it is never stored. */
const isProbe = ({ metadata }: Pick<LLMInferenceService, 'metadata'>): boolean => metadata.generateName?.endsWith(suffixes.validation) === true;

/**
 * Whether it matters how the service renders. Nobody is kept from deleting, stopping or labelling a service, or from removing its
 * finalizer, and the probe by which the operator checks an effective spec is rendered already (R2.90).
 */
function isToBeRendered({ metadata, spec }: LLMInferenceService, old: LLMInferenceService | undefined): boolean {
  if (metadata.deletionTimestamp || isStopped(metadata) || isProbe({ metadata })) return false;
  return old === undefined || isStopped(old.metadata) || !isDeepStrictEqual(spec, old.spec);
}

/** Templates that are broken and were not before: what got in once does not block other changes. */
function newTemplateErrors(service: LLMInferenceService, old: LLMInferenceService | undefined): FieldError[] {
  const errors = checkTemplateSyntax(service.spec);
  if (errors.length === 0 || !old) return errors;
  const known = new Set(checkTemplateSyntax(old.spec).map(({ field, value }) => `${field}=${value}`));
  return errors.filter(({ field, value }) => !known.has(`${field}=${value}`));
}

/** The API server cuts warnings when they are longer than this. */
const LONGEST_WARNING = 256;
const shortened = (text: string): string => (text.length > LONGEST_WARNING ? `${text.slice(0, LONGEST_WARNING - 1)}…` : text);

function denyInvalid(object: KubeObject, name: string, errors: readonly FieldError[], warnings: readonly string[]): Verdict {
  return { allowed: false, warnings, status: invalidStatus(object.kind, SERVING_GROUP, object.metadata.name ?? name, errors) };
}

/** Field errors first, then whether the config's templates render (R1.73 - R1.78). */
async function validateConfig(request: AdmissionRequest, webhook: AdmissionWebhook, sources: AdmissionSources): Promise<Verdict> {
  const reading = readObject(request.object, webhook);
  if ('denial' in reading) return reading.denial;
  const { object } = reading;
  const isUpdate = request.operation === 'UPDATE';
  if (isUpdate && object.metadata.deletionTimestamp) return allow;
  const stored = isUpdate ? readObject(request.oldObject, webhook) : undefined;
  if (stored && 'denial' in stored) return stored.denial;
  const config = inHub(object);
  if (isRejection(config)) return deny(400, config.message);
  const warnings = stored ? warnOfPresetChange(config, inHub(stored.object), request, sources.options) : [];
  const errors = validateConfigFields(config);
  if (errors.length > 0) return denyInvalid(object, request.name, errors, warnings);
  const verdict = await checkTemplates(config, sources);
  return { ...verdict, warnings: verdict.allowed ? [...warnings, ...(await warnOfConfigWrite(config, request, sources))].map(shortened) : warnings };
}

/** What the config states that no service can use, and which services an update would break (B18). Presets are the operator's own. */
async function warnOfConfigWrite(config: LLMInferenceServiceConfig, request: AdmissionRequest, sources: AdmissionSources): Promise<string[]> {
  const { name = request.name, namespace = request.namespace } = config.metadata;
  const placed = { ...config, metadata: { ...config.metadata, name, namespace } };
  const own = isWellKnown(name, sources.options) ? [] : warnOfConfig(config);
  return request.operation === 'UPDATE' ? [...own, ...(await warnOfUsers(placed, sources))] : own;
}

function inHub(object: KubeObject): LLMInferenceServiceConfig | Rejection {
  const hub = object.apiVersion === HUB ? object : convertObject(object, HUB);
  return hub as unknown as LLMInferenceServiceConfig | Rejection;
}

function warnOfPresetChange(
  config: LLMInferenceServiceConfig,
  old: LLMInferenceServiceConfig | Rejection,
  request: AdmissionRequest,
  options: Options,
): string[] {
  const { name = request.name, namespace = request.namespace } = config.metadata;
  if (!isWellKnown(name, options) || isRejection(old) || !changesWhatWasSet(old.spec, config.spec)) return [];
  return [`modifying well-known config ${namespace}/${name} is not recommended. Consider creating a custom config instead`];
}

async function checkTemplates(config: LLMInferenceServiceConfig, { settings, options }: AdmissionSources): Promise<Verdict> {
  const configMap = await settings();
  if (!configMap) return missingConfigMap;
  const parsed = parseSettings(configMap.data ?? {}, options.systemNamespace);
  const rendered = isRejection(parsed) ? parsed : checkConfigTemplate(config, parsed, options);
  return isRejection(rendered) ? forbid(rendered) : allow;
}

const missingConfigMap: Verdict = {
  allowed: false,
  status: {
    metadata: {},
    status: 'Failure',
    code: 404,
    reason: 'NotFound',
    message: missingSettings,
    details: { name: SETTINGS_CONFIG_MAP, kind: 'configmaps' },
  },
};

/**
 * Well-known configs of the system namespace are protected; the finalizer protects the others while they are used (R1.79). The name
 * is that of the object: a request to delete a collection carries none.
 */
function deleteConfig({ name, namespace, oldObject }: AdmissionRequest, options: Options): Verdict {
  const stored = (oldObject as Partial<KubeObject> | null | undefined)?.metadata;
  const config = { name: stored?.name ?? name, namespace: stored?.namespace ?? namespace };
  if (config.namespace !== options.systemNamespace || !isWellKnown(config.name, options)) return allow;
  const text = `well-known config ${config.namespace}/${config.name}`;
  const isReleased = stored?.annotations?.[annotations.allowDeletion] === 'true';
  if (options.protectPresets && !isReleased) return forbid({ message: `${text} cannot be deleted` });
  return { allowed: true, warnings: [`deleting ${text} is not recommended`] };
}
