import { convertObject } from '../api/convert.ts';
import { applyDefaults } from '../api/default.ts';
import { errorBody, type FieldError } from '../api/field-error.ts';
import { kinds, SERVING_GROUP } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection } from '../api/rejection.ts';
import { checkStructure, withDefaults } from '../api/structure.ts';
import type { LLMInferenceService, LLMInferenceServiceConfig } from '../api/types.ts';
import { validateConfigFields } from '../api/validate/config.ts';
import { validateService } from '../api/validate/service.ts';
import { checkConfigTemplate } from '../assemble/check-config.ts';
import { type Manifest, readManifests } from './manifest-files.ts';
import { type OfflineCluster, offlineCluster } from './offline-cluster.ts';

/** What is wrong, or worth knowing, at one place of a manifest. */
export interface Finding {
  readonly level: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly object: string;
  readonly text: string;
}

/**
 * Checks the manifests of files without a cluster, by the rules of the API server and the webhooks: unknown and malformed
 * fields first, then what the fields say together. Objects of other kinds are passed over.
 *
 * @throws ManifestError when a file cannot be read as Kubernetes objects
 */
export function validateFiles(
  paths: readonly string[],
  options: { presets: string; settings?: string | undefined },
): { findings: Finding[]; checked: number } {
  const manifests = readManifests(paths).filter(({ object }) => isOurs(object));
  const cluster = offlineCluster([], options);
  return { findings: manifests.flatMap((manifest) => validateManifest(manifest, cluster)), checked: manifests.length };
}

const isOurs = ({ apiVersion, kind }: KubeObject): boolean =>
  apiVersion.startsWith(`${SERVING_GROUP}/`) && (kind === kinds.service.kind || kind === kinds.config.kind);

function validateManifest(manifest: Manifest, cluster: OfflineCluster): Finding[] {
  const { object } = manifest;
  const finding = (level: Finding['level'], field: string, text: string): Finding => ({
    level,
    file: manifest.file,
    line: manifest.lineOf(field),
    object: `${object.kind}/${object.metadata.name ?? ''}`,
    text: field ? `${field}: ${text}` : text,
  });
  const errors = (found: readonly FieldError[]): Finding[] => found.map((e) => finding('error', e.field, errorBody(e)));

  if (!object.metadata.name && !object.metadata.generateName)
    return errors([{ type: 'Required', field: 'metadata.name', detail: 'name or generateName is required' }]);
  const structure = checkStructure(object);
  if (structure.length > 0) return errors(structure);
  const defaulted = withDefaults(object);
  if (object.kind === kinds.config.kind) return validateConfig(defaulted, cluster, errors, finding);

  const version = object.apiVersion === kinds.service.apiVersion ? 'v1alpha2' : 'v1alpha1';
  const service = defaulted as unknown as LLMInferenceService;
  const checked = validateService(version === 'v1alpha2' ? applyDefaults(service) : service, undefined, version);
  const found = [...errors(checked.errors), ...checked.warnings.map((text) => finding('warning', '', text))];
  if (!service.spec?.model?.uri && !service.spec?.baseRefs?.length) {
    found.push(finding('warning', 'spec.model.uri', 'no model is given, and no baseRef that could give one: nothing can be served'));
  }
  return found;
}

function validateConfig(
  object: KubeObject,
  { settings, options }: OfflineCluster,
  errors: (found: readonly FieldError[]) => Finding[],
  finding: (level: Finding['level'], field: string, text: string) => Finding,
): Finding[] {
  const hub = object.apiVersion === kinds.config.apiVersion ? object : convertObject(object, kinds.config.apiVersion);
  if (isRejection(hub)) return [finding('error', '', hub.message)];
  const config = hub as unknown as LLMInferenceServiceConfig;
  const fields = validateConfigFields(config);
  if (fields.length > 0) return errors(fields);
  const rendered = checkConfigTemplate(config, settings, options);
  return isRejection(rendered) ? [finding('error', rendered.field ?? 'spec', rendered.message)] : [];
}

/** `FILE:LINE: error: Kind/name: spec.field: what is wrong` */
export function printFinding({ level, file, line, object, text }: Finding): string {
  return `${file}:${line}: ${level}: ${object}: ${text}`;
}
