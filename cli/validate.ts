import { convertObject } from '../api/convert.ts';
import { applyDefaults } from '../api/default.ts';
import { errorBody, type FieldError, invalid } from '../api/field-error.ts';
import { groupOf, kinds, SERVING_GROUP } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection } from '../api/rejection.ts';
import { versions } from '../api/schema/index.ts';
import { checkStructure, checkTypes, withDefaults, withoutNulls } from '../api/structure.ts';
import { withTypedDefaults } from '../api/typed-defaults.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig } from '../api/types.ts';
import { validateConfigFields } from '../api/validate/config.ts';
import { validateService } from '../api/validate/service.ts';
import { warnOfConfig } from '../api/warn/config.ts';
import { warnOfService } from '../api/warn/service.ts';
import { checkConfigTemplate } from '../assemble/check-config.ts';
import { checkTemplateSyntax } from '../assemble/template-syntax.ts';
import type { Plan } from '../assess/plan.ts';
import { explainGroupName } from '../render/group-names.ts';
import { warnOfForeignConfig } from '../render/scheduler/findings.ts';
import { checkMetadata } from './check-metadata.ts';
import { type Manifest, ManifestError, problemAt, readManifests } from './manifest-files.ts';
import { type OfflineCluster, offlineCluster, type Sources, stored } from './offline-cluster.ts';
import { explain, planOffline, scalingRejections } from './offline-service.ts';
import { warnOfRoute } from './warn-of-route.ts';

/** What is wrong (the API server or the webhooks refuse it), or worth knowing, at one place of a manifest. */
export interface Finding {
  readonly level: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly object: string;
  readonly text: string;
}

/** Where objects go that state no namespace. */
const DEFAULT_NAMESPACE = 'default';

/**
 * Checks the manifests of files without a cluster, by the rules of the API server and the webhooks: unknown and malformed
 * fields first, then what the fields say together. A service that would be accepted but cannot be served gets a warning.
 * Objects of other kinds are passed over; configs among them are what baseRefs may name.
 *
 * @throws ManifestError when a file cannot be read as Kubernetes objects, or none of them holds anything to check
 */
export function validateFiles(paths: readonly string[], sources: Sources): { findings: Finding[]; checked: number } {
  const all = readManifests(paths).map((manifest) => placed(manifest, DEFAULT_NAMESPACE));
  const manifests = all.filter(({ object }) => isOurs(object));
  if (manifests.length === 0) {
    throw new ManifestError([problemAt(paths.join(', '), undefined, `no ${kinds.service.kind} and no ${kinds.config.kind} in there`)]);
  }
  const cluster = offlineCluster(
    all.map(({ object }) => object),
    sources,
  );
  return { findings: manifests.flatMap((manifest) => validateManifest(manifest, cluster)), checked: manifests.length };
}

/** The manifest with a namespace where its object states none. */
export function placed(manifest: Manifest, namespace: string): Manifest {
  const { metadata } = manifest.object;
  return { ...manifest, object: { ...manifest.object, metadata: { ...metadata, namespace: metadata.namespace ?? namespace } } };
}

/** Whether an object is a service or a config, or means to be one. */
export const isOurs = ({ apiVersion, kind }: KubeObject): boolean =>
  isServingKind(kind) || (apiVersion.startsWith(`${SERVING_GROUP}/`) && /^llm/i.test(kind));

const isServingKind = (kind: string): boolean => kind === kinds.service.kind || kind === kinds.config.kind;

function validateManifest(manifest: Manifest, cluster: OfflineCluster): Finding[] {
  const refused = findRefusals(manifest, cluster);
  const found = refused.length > 0 ? refused : findWarnings(manifest, cluster);
  return found.toSorted((a, b) => a.line - b.line);
}

/** Why the API server or the webhooks would refuse a service or config. */
export function findRefusals(manifest: Manifest, cluster: Pick<OfflineCluster, 'settings' | 'options'>): Finding[] {
  const { object } = manifest;
  const errors = (found: readonly FieldError[]): Finding[] => found.map((e) => findingAt(manifest, 'error', e.field, plainText(e)));
  const identity = checkIdentity(object);
  if (identity.length > 0) return errors(identity);
  const structure = [...checkMetadata(object), ...checkStructure(defaulted(object))];
  if (structure.length > 0) return errors(structure);
  if (object.kind === kinds.service.kind) {
    const refused = checkedService(object).errors;
    return errors(refused.length > 0 ? refused : checkTemplateSyntax((object as unknown as LLMInferenceService).spec));
  }
  return refuseConfig(manifest, cluster, errors);
}

function checkIdentity({ apiVersion, kind }: KubeObject): FieldError[] {
  if (groupOf({ apiVersion }) !== SERVING_GROUP || !versions.some((version) => apiVersion === `${SERVING_GROUP}/${version}`)) {
    return [invalid('apiVersion', apiVersion, `write ${kinds.service.apiVersion}`)];
  }
  return isServingKind(kind) ? [] : [invalid('kind', kind, `write ${/config/i.test(kind) ? kinds.config.kind : kinds.service.kind}`)];
}

/** The object as the schema gets to see it: defaulting comes before it, where types allow (R1.8). */
function defaulted(object: KubeObject): KubeObject {
  if (object.kind !== kinds.service.kind) return object;
  const given = withoutNulls(object);
  return checkTypes(given).length > 0 ? object : withTypedDefaults(given);
}

function checkedService(object: KubeObject): ReturnType<typeof validateService> {
  const version = object.apiVersion === kinds.service.apiVersion ? 'v1alpha2' : 'v1alpha1';
  const service = withDefaults(object) as unknown as LLMInferenceService;
  return validateService(version === 'v1alpha2' ? applyDefaults(service) : service, undefined, version);
}

function refuseConfig(
  manifest: Manifest,
  { settings, options }: Pick<OfflineCluster, 'settings' | 'options'>,
  errors: (found: readonly FieldError[]) => Finding[],
): Finding[] {
  const object = withDefaults(manifest.object);
  const hub = object.apiVersion === kinds.config.apiVersion ? object : convertObject(object, kinds.config.apiVersion);
  if (isRejection(hub)) return [findingAt(manifest, 'error', '', hub.message)];
  const config = hub as unknown as LLMInferenceServiceConfig;
  const fields = validateConfigFields(config);
  if (fields.length > 0) return errors(fields);
  const rendered = checkConfigTemplate(config, settings, options);
  if (!isRejection(rendered)) return [];
  const { field, text } = explain(rendered, {});
  return [findingAt(manifest, 'error', field, text)];
}

function findWarnings(manifest: Manifest, cluster: OfflineCluster): Finding[] {
  const { object } = manifest;
  const hub = withDefaults(stored(object));
  if (object.kind !== kinds.service.kind) return warnOfConfig(hub as unknown as LLMInferenceServiceConfig).map((text) => warningAt(manifest, text));
  const service = hub as unknown as LLMInferenceService;
  const stated = [...checkedService(object).warnings, ...warnOfService(service), ...warnOfRoute(service.spec ?? {})];
  const warnings = stated.map((text) => warningAt(manifest, text));
  const plan = planOffline(object, cluster);
  if (!isRejection(plan)) {
    const config = warnOfForeignConfig(service, plan.assembled);
    return [...warnings, ...config.map((text) => warningAt(manifest, text)), ...warnOfScaling(manifest, plan), ...warnOfName(manifest, plan)];
  }
  const { field, text } = explain(plan, object as unknown as LLMInferenceService);
  // Why the field cannot be served is said once, by whoever tried.
  const others = stated.filter((warning) => !warning.startsWith(`${field}: `)).map((warning) => warningAt(manifest, warning));
  return [...others, findingAt(manifest, 'warning', field, `cannot be served: ${text}`)];
}

/** What keeps the workloads of a planned service from being scaled. */
export function warnOfScaling(manifest: Manifest, plan: Plan): Finding[] {
  return scalingRejections(plan).map(({ field = 'spec', message }) => findingAt(manifest, 'warning', field, `cannot be scaled: ${message}`));
}

/** A name that its LeaderWorkerSets cannot live with. Admission says nothing, as the reference does. */
function warnOfName(manifest: Manifest, { assembled: { spec } }: Plan): Finding[] {
  const { name } = manifest.object.metadata;
  if (name === undefined) return [];
  const texts = [
    spec.worker && explainGroupName(name, 'mainMultiNode', spec),
    spec.prefill?.worker && explainGroupName(name, 'prefillMultiNode', spec.prefill),
  ];
  return texts.flatMap((text) => (text ? [findingAt(manifest, 'warning', 'metadata.name', text)] : []));
}

/** Warnings start with the path of their field, if they are about one. */
function warningAt(manifest: Manifest, text: string): Finding {
  const [, field = '', told = text] = /^(spec[^: ]*): (.*)$/s.exec(text) ?? [];
  return findingAt(manifest, 'warning', field, told);
}

/** A finding about a field of a manifest; the empty field stands for the whole object. */
export function findingAt(manifest: Manifest, level: Finding['level'], field: string, text: string): Finding {
  const { file, object } = manifest;
  const name = object.metadata.name ?? object.metadata.generateName ?? '';
  return { level, file, line: manifest.lineOf(field), object: `${object.kind}/${name}`, text: field ? `${field}: ${text}` : text };
}

/** The text of an error without what stands before it anyway: its path, and for types and unknown fields the kind of error. */
function plainText(error: FieldError): string {
  const { type, field, detail } = error;
  const short = detail.replaceAll(`${field} in body `, '');
  if (type === 'TypeInvalid') return short;
  if (type === 'Forbidden' && detail.startsWith('unknown field')) return short.replace(` "${field}"`, '');
  return errorBody({ ...error, detail: short });
}

/** `FILE:LINE: error: Kind/name: spec.field: what is wrong` */
export function printFinding({ level, file, line, object, text }: Finding): string {
  return `${file}:${line}: ${level}: ${object}: ${text}`;
}
