import { Document } from 'yaml';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection } from '../api/rejection.ts';
import type { LLMInferenceService } from '../api/types.ts';
import { type Manifest, ManifestError, problemAt, readManifests } from './manifest-files.ts';
import { type OfflineCluster, offlineCluster, type Sources } from './offline-cluster.ts';
import { explain, renderService } from './offline-service.ts';
import { findingAt, findRefusals, isOurs, placed, printFinding } from './validate.ts';

/**
 * The objects that the services in files become, in the order in which the operator writes them. Configs, Gateways, Secrets and
 * whatever else stands in the files is what the renderer finds in the cluster.
 *
 * @param options `namespace`: for objects that state none
 * @throws ManifestError when a file cannot be read, holds no service, or a service or config would be refused or cannot be served
 */
export function renderFiles(paths: readonly string[], options: Sources & { readonly namespace: string }): KubeObject[] {
  const manifests = readManifests(paths).map((manifest) => placed(manifest, options.namespace));
  const cluster = offlineCluster(
    manifests.map(({ object }) => object),
    options,
  );
  const refused = manifests.filter(({ object }) => isOurs(object)).flatMap((manifest) => findRefusals(manifest, cluster));
  if (refused.length > 0) throw new ManifestError(refused.map(printFinding));
  const services = manifests.filter(({ object }) => isOurs(object) && object.kind === kinds.service.kind);
  if (services.length === 0) throw new ManifestError([problemAt(paths.join(', '), undefined, `no ${kinds.service.kind} in there`)]);
  return services.flatMap((manifest) => renderOne(manifest, cluster));
}

function renderOne(manifest: Manifest, cluster: OfflineCluster): readonly KubeObject[] {
  const rendered = renderService(manifest.object, cluster);
  if (!isRejection(rendered)) return rendered;
  const { field, text } = explain(rendered, manifest.object as unknown as LLMInferenceService);
  throw new ManifestError([printFinding(findingAt(manifest, 'error', field, text))]);
}

/** Objects as one YAML stream. */
export function printObjects(objects: readonly KubeObject[]): string {
  return objects.map((object) => new Document(object, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 })).join('---\n');
}
