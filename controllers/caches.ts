import type { IndexKeys } from '../api/inquiry.ts';
import { type Kind, kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { labels, PART_OF, SETTINGS_CONFIG_MAP } from '../api/metadata.ts';
import type { Options } from '../api/options.ts';
import type { Distribution } from '../assess/distribution.ts';
import { collidingNames } from '../render/model-collisions.ts';
import { routingGroupOf } from '../render/routing-group.ts';
import type { StoredConfig } from './config/reconcile.ts';
import { configNamesOf } from './config/references.ts';
import type { Client } from './runtime/client.ts';
import { createInformer, type Informer, type InformerOptions } from './runtime/informer.ts';
import type { Log } from './runtime/log.ts';
import type { ServedKinds } from './runtime/served-kinds.ts';
import type { StoredService } from './service/pass.ts';

/** What this process knows of the cluster, kept up to date by watches (R1.95, R3.19). */
export interface Caches {
  readonly services: Informer<StoredService>;
  readonly configs: Informer<StoredConfig>;
  /** The operator's own ConfigMap, if it exists. */
  readonly settings: Informer;
  /** Every ConfigMap, Secret and service account, metadata only: a change wakes those who read its content (R2.103, B3.40). */
  readonly readByName: readonly Informer[];
  /** Objects with the part-of label only; others look absent. */
  readonly children: readonly Informer[];
  /** Objects of others that services refer to, all of them. */
  readonly references: readonly Informer[];
  readonly all: readonly Informer[];
  /** The cache that can answer for a kind, or undefined: then only the API server can. */
  of(kind: Kind): Informer | undefined;
}

const childKinds: readonly Kind[] = [
  kinds.deployment,
  kinds.leaderWorkerSet,
  kinds.secret,
  kinds.pod,
  kinds.serviceAccount,
  kinds.role,
  kinds.roleBinding,
  kinds.clusterRoleBinding,
  kinds.horizontalPodAutoscaler,
  kinds.scaledObject,
];

/** Kinds that are children and are referred to as well, and the claim template, which carries no labels (R3.31). */
const referenceKinds: readonly Kind[] = [
  kinds.coreService,
  kinds.gateway,
  kinds.httpRoute,
  kinds.inferencePool,
  kinds.inferencePoolAlpha,
  kinds.resourceClaimTemplate,
];

/** Kinds of which single objects are read from the API server: too large, or too secret, to be kept. */
const namedKinds: readonly Kind[] = [kinds.configMap, kinds.secret, kinds.serviceAccount];

/** Objects by the service they are labelled with. */
export const BY_SERVICE = 'service';
const byService = (object: KubeObject): string[] => {
  const name = object.metadata.labels?.[labels.name];
  return name === undefined ? [] : [`${object.metadata.namespace ?? ''}/${name}`];
};

/** The Deployment whose ReplicaSet has this name, by the hash that its objects carry as a label. */
export function deploymentOf(replicaSet: string | undefined, labelled: KubeObject): string | undefined {
  const hash = labelled.metadata.labels?.['pod-template-hash'];
  return hash !== undefined && replicaSet?.endsWith(`-${hash}`) ? replicaSet.slice(0, -hash.length - 1) : undefined;
}

/** Pods by the Deployment that made them, also when it is gone. */
export const BY_DEPLOYMENT = 'deployment';
const byDeployment = (pod: KubeObject): string[] => {
  const owner = pod.metadata.ownerReferences?.find(({ controller, kind }) => controller && kind === kinds.replicaSet.kind);
  const deployment = deploymentOf(owner?.name, pod);
  return deployment === undefined ? [] : [`${pod.metadata.namespace}/${deployment}`];
};

/** Services of the core API by the label that names the Gateway they belong to. */
export const BY_GATEWAY = 'gateway';
export const gatewayLabels: readonly string[] = [labels.gatewayName, labels.envoyGatewayName];
const byGateway = (object: KubeObject): string[] =>
  gatewayLabels.flatMap((label) => {
    const gateway = object.metadata.labels?.[label];
    return gateway === undefined ? [] : [`${label}=${gateway}`];
  });

export const BY_CONFIG = 'config';

/** A key of the indexes through which services of a namespace find each other. */
export const sharedKey = (namespace: string, key: string): string => `${namespace}/${key}`;
/** Services by routing group, also one that a config gave them, and by the models they claim (B5.27). */
const sharedIndexes: Readonly<Record<IndexKeys['by'], (service: StoredService) => string[]>> = {
  group: (service) => [routingGroupOf(service) ?? []].flat().map((group) => sharedKey(service.metadata.namespace, group)),
  model: (service) => collidingNames(service).map((model) => sharedKey(service.metadata.namespace, model)),
};

export function createCaches(sources: {
  client: Client;
  served: ServedKinds;
  options: Options;
  distribution: Distribution;
  log: Log;
  onRestart: (kind: string, reason: string) => void;
  silenceMs: number | undefined;
}): Caches {
  const { client, served, log, onRestart, options, distribution, silenceMs } = sources;
  const inform = <T extends KubeObject = KubeObject>(kind: Kind, more: Partial<InformerOptions<T>> = {}): Informer<T> =>
    createInformer<T>({ client, kind, served, log, onRestart, ...(silenceMs === undefined ? {} : { silenceMs }), ...more });
  const services = inform<StoredService>(kinds.service, { indexes: { [BY_CONFIG]: configNamesOf, ...sharedIndexes } });
  const configs = inform<StoredConfig>(kinds.config);
  const settings = inform(kinds.configMap, { namespace: options.systemNamespace, fieldSelector: `metadata.name=${SETTINGS_CONFIG_MAP}` });
  const readByName = namedKinds.map((kind) => inform(kind, { metadataOnly: true }));
  const children = childKinds.map((kind) =>
    inform(kind, {
      labelSelector: `${labels.partOf}=${PART_OF}`,
      indexes: { [BY_SERVICE]: byService, ...(kind === kinds.pod ? { [BY_DEPLOYMENT]: byDeployment } : {}) },
    }),
  );
  const references = [...referenceKinds, ...distribution.watchedKinds].map((kind) =>
    inform(kind, { indexes: { [BY_SERVICE]: byService, ...(kind === kinds.coreService ? { [BY_GATEWAY]: byGateway } : {}) } }),
  );
  const byKind = new Map<Kind, Informer>([services, configs, ...children, ...references].map((i) => [i.kind, i as Informer]));
  return {
    services,
    configs,
    settings,
    readByName,
    children,
    references,
    all: [services as Informer, configs as Informer, settings, ...readByName, ...children, ...references],
    of: (kind) => byKind.get(kind),
  };
}
