import { setTimeout as delay } from 'node:timers/promises';
import { type Kind, kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { labels, PART_OF } from '../api/metadata.ts';
import type { LLMInferenceService } from '../api/types.ts';
import type { Client } from '../controllers/runtime/client.ts';
import { createInformer } from '../controllers/runtime/informer.ts';

export type StoredService = LLMInferenceService & KubeObject;

/** Kinds of which a plain service may have children. */
export const childKinds: readonly Kind[] = [
  kinds.deployment,
  kinds.coreService,
  kinds.secret,
  kinds.serviceAccount,
  kinds.role,
  kinds.roleBinding,
  kinds.clusterRoleBinding,
  kinds.httpRoute,
  kinds.inferencePool,
  kinds.inferencePoolAlpha,
  kinds.horizontalPodAutoscaler,
];

/** Watches services and children from outside. */
export interface Observer {
  /** When something changed last, on the clock of `performance.now()`. */
  lastChange(): number;
  /** The services whose namespace starts so. */
  services(prefix: string): readonly StoredService[];
  /** Resolves when that many services say that the operator has seen them as they are. */
  untilObserved(prefix: string, count: number): Promise<void>;
  stop(): Promise<void>;
}

const CHECK_MS = 50;

export async function startObserver(client: Client): Promise<Observer> {
  let last = 0;
  const services = createInformer<StoredService>({ client, kind: kinds.service });
  const children = childKinds.map((kind) => createInformer({ client, kind, metadataOnly: true }));
  for (const informer of [services, ...children]) {
    informer.start();
    await informer.waitForSync();
    informer.onChange(() => {
      last = performance.now();
    });
  }
  const under = (prefix: string) => services.list().filter(({ metadata }) => metadata.namespace?.startsWith(`${prefix}-`));
  return {
    lastChange: () => last,
    services: under,
    async untilObserved(prefix, count) {
      for (;;) {
        const observed = under(prefix).filter(({ metadata, status }) => status?.observedGeneration === metadata.generation);
        if (observed.length === count) return;
        await delay(CHECK_MS);
      }
    },
    async stop() {
      await Promise.all([services, ...children].map((informer) => informer.stop()));
    },
  };
}

/** The children of a service: what it owns, and the cluster-scoped objects that are labelled with it. */
export async function childrenByService(client: Client, services: readonly StoredService[]): Promise<Map<StoredService, KubeObject[]>> {
  const found = new Map(services.map((service) => [service, [] as KubeObject[]]));
  const byUid = new Map(services.map((service) => [service.metadata.uid, service]));
  const byName = new Map(services.map((service) => [`${service.metadata.namespace}/${service.metadata.name}`, service]));
  for (const kind of childKinds) {
    for (const object of (await client.list(kind)).items) {
      const owner = object.metadata.ownerReferences?.map(({ uid }) => byUid.get(uid)).find((service) => service !== undefined);
      const service = owner ?? (kind.namespaced ? undefined : byName.get(subjectOf(object)));
      if (service) found.get(service)?.push(object);
    }
  }
  return found;
}

function subjectOf(object: KubeObject): string {
  const { [labels.name]: name, [labels.partOf]: partOf } = object.metadata.labels ?? {};
  const [subject] = (object.subjects as { namespace?: string }[] | undefined) ?? [];
  return partOf === PART_OF ? `${subject?.namespace}/${name}` : '';
}
