import { Document } from 'yaml';
import { applyDefaults } from '../api/default.ts';
import { answer } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { LLMInferenceService } from '../api/types.ts';
import { planService } from '../assess/plan.ts';
import type { Context } from '../render/children.ts';
import { type Manifest, ManifestError, readManifests } from './manifest-files.ts';
import { type OfflineCluster, offlineCluster } from './offline-cluster.ts';

/** Stands for the uid a service gets when it is created. */
const NO_UID = '00000000-0000-0000-0000-000000000000';

/**
 * The objects that the services in files become, in the order in which the operator writes them. Configs, Gateways, Secrets and
 * whatever else stands in the files is what the renderer finds in the cluster.
 *
 * @param namespace for objects that state none
 * @throws ManifestError when a file cannot be read, holds no service, or a service cannot be rendered
 */
export function renderFiles(paths: readonly string[], options: { presets: string; settings?: string | undefined; namespace: string }): KubeObject[] {
  const manifests = readManifests(paths).map((manifest) => placed(manifest, options.namespace));
  const services = manifests.filter(({ object }) => object.apiVersion === kinds.service.apiVersion && object.kind === kinds.service.kind);
  if (services.length === 0) throw new ManifestError(`${paths.join(', ')}: no ${kinds.service.kind} of ${kinds.service.apiVersion} in there`);
  const cluster = offlineCluster(
    manifests.map(({ object }) => object),
    options,
  );
  return services.flatMap((manifest) => renderOne(manifest, cluster));
}

function placed(manifest: Manifest, namespace: string): Manifest {
  const { metadata } = manifest.object;
  return { ...manifest, object: { ...manifest.object, metadata: { ...metadata, namespace: metadata.namespace ?? namespace } } };
}

function renderOne(manifest: Manifest, cluster: OfflineCluster): KubeObject[] {
  const { settings, options, respond } = cluster;
  const fail = ({ message, field }: Rejection): never => {
    throw new ManifestError(
      `${manifest.file}:${manifest.lineOf(field ?? 'spec')}: ${manifest.object.metadata.name}: ${field ? `${field}: ` : ''}${message}`,
    );
  };
  const stored = { ...manifest.object, metadata: { uid: NO_UID, ...manifest.object.metadata } } as unknown as LLMInferenceService;
  const service = applyDefaults(stored) as Context['service'];
  const plan = answer(planService(service, settings, options), respond);
  if (isRejection(plan)) return fail(plan);
  if (plan.rejection) return fail(plan.rejection);
  return plan.stages.flatMap((stage) => (stage.rejection ? fail(stage.rejection) : stage.present));
}

/** Objects as one YAML stream. */
export function printObjects(objects: readonly KubeObject[]): string {
  return objects.map((object) => new Document(object, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 })).join('---\n');
}
