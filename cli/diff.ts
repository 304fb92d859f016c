import { type Answer, answerAsync, type Question } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { ConfigMap, KubeObject } from '../api/kubernetes.ts';
import { SETTINGS_CONFIG_MAP } from '../api/metadata.ts';
import type { Options } from '../api/options.ts';
import { usesConfig } from '../api/predicates.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { LLMInferenceService } from '../api/types.ts';
import { parseSettings } from '../assemble/parse-settings.ts';
import type { Settings } from '../assemble/settings.ts';
import { planService } from '../assess/plan.ts';
import type { LiveCluster } from './live-cluster.ts';
import { type Manifest, ManifestError, problemAt, readManifests } from './manifest-files.ts';
import { compareObjects, type ObjectChange, titleOf } from './object-changes.ts';
import { offlineCluster, overlay, type Sources, stored } from './offline-cluster.ts';
import { asStoredService, objectsOf, rejectionIn, scalingRejections } from './offline-service.ts';
import { acceptedServices, refusal } from './render.ts';
import { placed } from './validate.ts';

/** What would become of the objects of one service. */
export interface ServiceChange {
  /** `namespace/name` */
  readonly service: string;
  readonly changes: readonly ObjectChange[];
  /** Why the service cannot be served as it is now; what it has then is not known. */
  readonly brokenNow?: string;
}

/** One of the two states that are compared. */
interface Side {
  readonly settings: Settings;
  readonly options: Options;
  respond(question: Question): Answer | Promise<Answer>;
}

interface Pair {
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
  /** Where the service stands in the new files, if it does. */
  readonly manifest?: Manifest | undefined;
}

/**
 * How the objects of services in new files differ from those of the same services in old files. Services that only one side has
 * are created or deleted.
 *
 * @throws ManifestError when files cannot be read, or a service in them would be refused or cannot be served
 */
export async function diffAgainstFiles(
  paths: readonly string[],
  against: readonly string[],
  options: Sources & { readonly namespace: string },
): Promise<ServiceChange[]> {
  const sideOf = (files: readonly string[]) => {
    const manifests = readManifests(files).map((manifest) => placed(manifest, options.namespace));
    const cluster = offlineCluster(manifests.map(objectOf), options);
    return { cluster, services: new Map(acceptedServices(manifests, cluster).map((manifest) => [keyOf(manifest.object), manifest])) };
  };
  const [before, after] = [sideOf(against), sideOf(paths)];
  const keys = new Set([...after.services.keys(), ...before.services.keys()]);
  if (keys.size === 0) throw new ManifestError([problemAt(paths.join(', '), undefined, `no ${kinds.service.kind} in there`)]);
  const pairs = [...keys].map((key) => {
    const manifest = after.services.get(key);
    return { before: before.services.get(key)?.object, after: manifest?.object, manifest };
  });
  return await compareAll(pairs, before.cluster, after.cluster);
}

/**
 * What would change in a cluster if the objects in files were applied: for the services among them, and for the services of the
 * cluster that use the configs, or the operator's ConfigMap, among them. Nothing is written.
 *
 * @throws ManifestError as `diffAgainstFiles`, and when the cluster's settings cannot be read
 */
export async function diffAgainstCluster(paths: readonly string[], cluster: LiveCluster, namespace: string): Promise<ServiceChange[]> {
  const manifests = readManifests(paths).map((manifest) => placed(manifest, namespace));
  const objects = manifests.map(objectOf);
  const { options, respond } = cluster;
  const data = await cluster.settings();
  const before = { settings: settingsFrom(data, options), options, respond };
  const settings = settingsFrom(objects.find(isSettings)?.data ?? data, options);
  const services = acceptedServices(manifests, { settings, options });
  const pairs = await Promise.all(
    services.map(async (manifest): Promise<Pair> => {
      const { name = '', namespace: place = '' } = manifest.object.metadata;
      const live = (await respond({ ask: 'get', kind: kinds.service, namespace: place, name, fresh: true })) as KubeObject | undefined;
      return { before: live, after: live ? applied(live, stored(manifest.object)) : manifest.object, manifest };
    }),
  );
  const named = new Set(services.map(({ object }) => keyOf(object)));
  const users = (await usersOf(objects, cluster)).filter((service) => !named.has(keyOf(service)));
  pairs.push(...users.map((service) => ({ before: service, after: service })));
  if (pairs.length === 0) {
    const problem = `no ${kinds.service.kind} in there, and no config that one in the cluster uses`;
    throw new ManifestError([problemAt(paths.join(', '), undefined, problem)]);
  }
  const others = objects.filter((object) => object.kind !== kinds.service.kind).map(stored);
  const written = [...others, ...pairs.flatMap(({ after }) => (after ? [asStoredService(after) as unknown as KubeObject] : []))];
  return await compareAll(pairs, before, { settings, options, respond: overlay(written, respond) });
}

const objectOf = ({ object }: Manifest): KubeObject => object;
const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`;
const isSettings = (object: KubeObject): object is ConfigMap & KubeObject =>
  object.kind === 'ConfigMap' && object.metadata.name === SETTINGS_CONFIG_MAP;

function settingsFrom(data: Record<string, string> | undefined, { systemNamespace }: Options): Settings {
  const settings = parseSettings(data, systemNamespace);
  if (isRejection(settings)) throw new ManifestError([problemAt(`ConfigMap ${systemNamespace}/${SETTINGS_CONFIG_MAP}`, undefined, settings.message)]);
  return settings;
}

/** The object as it would be after the file was applied: labels and annotations of others stay. */
function applied(live: KubeObject, file: KubeObject): KubeObject {
  const labels = { ...live.metadata.labels, ...file.metadata.labels };
  const annotations = { ...live.metadata.annotations, ...file.metadata.annotations };
  return { ...file, metadata: { ...live.metadata, ...file.metadata, labels, annotations }, status: live.status };
}

/** The services of the cluster on which configs or settings among these objects have an effect. */
async function usersOf(objects: readonly KubeObject[], { options, services }: LiveCluster): Promise<readonly KubeObject[]> {
  if (objects.some(isSettings)) return await services();
  const configs = objects.filter(({ kind }) => kind === kinds.config.kind);
  const users = new Map<string, KubeObject>();
  for (const { metadata } of configs) {
    const { name = '', namespace = '' } = metadata;
    for (const service of await services(namespace === options.systemNamespace ? undefined : namespace)) {
      // A config of its own namespace hides that of the system namespace, so the name alone counts (R2.102).
      if (usesConfig(service as unknown as LLMInferenceService, name)) users.set(keyOf(service), service);
    }
  }
  return [...users.values()];
}

async function compareAll(pairs: readonly Pair[], before: Side, after: Side): Promise<ServiceChange[]> {
  const compared = await Promise.all(
    pairs.map(async (pair) => {
      const [old, current] = [await objectsOn(before, pair.before), await objectsOn(after, pair.after)];
      const service = keyOf((pair.after ?? pair.before) as KubeObject);
      if (isRejection(current)) {
        if (isRejection(old) && !pair.manifest) return { service, changes: [] };
        throw refusalOf(pair, current);
      }
      const changes = compareObjects(isRejection(old) ? [] : old, current);
      return isRejection(old) ? { service, changes, brokenNow: old.message } : { service, changes };
    }),
  );
  return compared.filter(({ changes }) => changes.length > 0);
}

async function objectsOn({ settings, options, respond }: Side, service: KubeObject | undefined): Promise<readonly KubeObject[] | Rejection> {
  if (!service) return [];
  const plan = await answerAsync(planService(asStoredService(service), settings, options), async (question) => respond(question));
  return isRejection(plan) ? plan : (rejectionIn(plan) ?? scalingRejections(plan)[0] ?? objectsOf(plan));
}

function refusalOf({ manifest, after }: Pair, rejection: Rejection): ManifestError {
  if (manifest) return refusal(manifest, rejection);
  return new ManifestError([
    `error: LLMInferenceService ${after ? keyOf(after) : ''} of the cluster could not be served any more: ${rejection.message}`,
  ]);
}

const ACTIONS = { created: '+', changed: '~', deleted: '-' } as const;

/** One line per object, for people: `~ Deployment models/qwen-kserve (apps/v1)`. */
export function summarise(services: readonly ServiceChange[]): string {
  if (services.length === 0) return 'no object would change\n';
  return services
    .flatMap(({ service, changes, brokenNow }) => [
      `${service}: ${changes.length} ${changes.length === 1 ? 'object' : 'objects'}`,
      ...(brokenNow === undefined ? [] : [`  as it is now it cannot be served, so all count as created: ${brokenNow}`]),
      ...changes.map(({ action, object }) => `  ${ACTIONS[action]} ${titleOf(object)}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
