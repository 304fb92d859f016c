import { Document } from 'yaml';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { LLMInferenceService } from '../api/types.ts';
import type { Plan } from '../assess/plan.ts';
import { type Manifest, ManifestError, problemAt, readManifests } from './manifest-files.ts';
import { type OfflineCluster, offlineCluster, type Sources } from './offline-cluster.ts';
import { explain, objectsOf, planOffline } from './offline-service.ts';
import { findingAt, findRefusals, isOurs, placed, printFinding, warnOfScaling } from './validate.ts';

export type RenderOptions = Sources & { readonly namespace: string };

/**
 * The objects that the services in files become, in the order in which the operator writes them. Configs, Gateways, Secrets and
 * whatever else stands in the files is what the renderer finds in the cluster.
 *
 * @param options `namespace`: for objects that state none
 * @param warn told of autoscalers that are missing among the objects
 * @throws ManifestError when a file cannot be read, holds no service, or a service or config would be refused or cannot be served
 */
export function renderFiles(paths: readonly string[], options: RenderOptions, warn: (text: string) => void = () => undefined): KubeObject[] {
  return planFiles(paths, options).plans.flatMap(({ manifest, plan }) => {
    for (const finding of warnOfScaling(manifest, plan)) warn(printFinding(finding));
    return objectsOf(plan);
  });
}

/**
 * What the services in files come to, and the cluster they were planned for.
 *
 * @throws ManifestError as `renderFiles`
 */
export function planFiles(
  paths: readonly string[],
  options: RenderOptions,
): { readonly cluster: OfflineCluster; readonly plans: readonly { readonly manifest: Manifest; readonly plan: Plan }[] } {
  const manifests = readManifests(paths).map((manifest) => placed(manifest, options.namespace));
  const cluster = offlineCluster(
    manifests.map(({ object }) => object),
    options,
  );
  const services = acceptedServices(manifests, cluster);
  if (services.length === 0) throw new ManifestError([problemAt(paths.join(', '), undefined, `no ${kinds.service.kind} in there`)]);
  return { cluster, plans: services.map((manifest) => ({ manifest, plan: planOne(manifest, cluster) })) };
}

/** The services among manifests. Throws ManifestError when the API server or a webhook would refuse a service or config of them. */
export function acceptedServices(manifests: readonly Manifest[], cluster: Pick<OfflineCluster, 'settings' | 'options'>): Manifest[] {
  const ours = manifests.filter(({ object }) => isOurs(object));
  const refused = ours.flatMap((manifest) => findRefusals(manifest, cluster));
  if (refused.length > 0) throw new ManifestError(refused.map(printFinding));
  return ours.filter(({ object }) => object.kind === kinds.service.kind);
}

function planOne(manifest: Manifest, cluster: OfflineCluster): Plan {
  const plan = planOffline(manifest.object, cluster);
  if (!isRejection(plan)) return plan;
  throw refusal(manifest, plan);
}

/** That a service cannot be served, at its line. */
export function refusal(manifest: Manifest, rejection: Rejection): ManifestError {
  const { field, text } = explain(rejection, manifest.object as unknown as LLMInferenceService);
  return new ManifestError([printFinding(findingAt(manifest, 'error', field, text))]);
}

/** Objects as one YAML stream. */
export function printObjects(objects: readonly KubeObject[]): string {
  return objects.map((object) => new Document(object, { aliasDuplicateObjects: false }).toString({ lineWidth: 0 })).join('---\n');
}
