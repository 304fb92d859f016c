import { isDeepStrictEqual } from 'node:util';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { Condition, KubeObject } from '../../api/kubernetes.ts';
import { labels, PART_OF } from '../../api/metadata.ts';
import type { Options } from '../../api/options.ts';
import { sameSettings } from '../../assemble/parse-settings.ts';
import { groupsToWake } from '../../assess/group-fan-out.ts';
import { namesToCompareAgain } from '../../render/model-collisions.ts';
import type { Caches } from '../caches.ts';
import type { Dependencies } from '../dependencies.ts';
import type { ServedKinds } from '../runtime/served-kinds.ts';
import type { News } from './news.ts';
import type { StoredService } from './pass.ts';

export interface ServiceWatches {
  readonly caches: Caches;
  readonly dependencies: Dependencies;
  readonly served: ServedKinds;
  readonly options: Options;
  readonly news: News;
  /** Asks for a pass over a service, by `namespace/name`. */
  enqueue(key: string): void;
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

/**
 * Whether somebody else changed the object: its spec, what its metadata says, or whether it is going. Our own status writes
 * change none of these (B3.6).
 */
export function isSubstantial(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  if (!before || !after) return true;
  const [a, b] = [before.metadata, after.metadata];
  return (
    a.uid !== b.uid ||
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    !isDeepStrictEqual([a.labels, a.annotations, a.finalizers], [b.labels, b.annotations, b.finalizers])
  );
}

/** Wires every event that can change the outcome of a service's pass to that service (R3.13, R5 §5.18). */
export function watchForServices(watches: ServiceWatches): void {
  const { caches } = watches;
  caches.services.onChange((before, after) => serviceChanged(watches, before, after));
  for (const cache of [...caches.children, ...caches.references]) {
    if (cache.kind === kinds.pod) cache.onChange((before, after) => podChanged(watches, before, after));
    else if (actuatorKinds.includes(cache.kind)) cache.onChange((before, after) => actuatorChanged(watches, cache.kind, before, after));
    else cache.onChange((before, after) => childChanged(watches, before, after));
  }
  for (const cache of caches.references) {
    cache.onChange((before, after) => {
      if (cache.kind !== kinds.gateway || !sameGateway(before, after)) dependencyChanged(watches, cache.kind, before, after);
    });
  }
  for (const { kind } of [...caches.children, ...caches.references]) {
    watches.served.onChange(kind, () => {
      for (const key of watches.dependencies.dependentsOfKind(kind)) watches.enqueue(key);
    });
  }
  caches.configs.onChange((before, after) => {
    if (isSubstantial(before, after)) dependencyChanged(watches, kinds.config, before, after);
  });
  for (const cache of caches.readByName) cache.onChange((before, after) => namedChanged(watches, cache.kind, before, after));
  caches.settings.onChange((before, after) => {
    if (!sameConfiguration(before, after, watches.options)) for (const service of caches.services.list()) watches.enqueue(keyOf(service));
  });
}

/** More services than this that serve one model know that they collide, and need not hear of each that joins or leaves. */
const CROWD = 20;

function serviceChanged({ dependencies, news, enqueue }: ServiceWatches, before: StoredService | undefined, after: StoredService | undefined): void {
  const service = after ?? before;
  if (!service) return;
  const key = keyOf(service);
  if (!after) enqueue(key);
  else if (isSubstantial(before, after)) news.ofService(key, after);
  const shared = { group: groupsToWake(before, after), model: namesToCompareAgain(before, after) };
  for (const by of ['group', 'model'] as const) {
    for (const value of shared[by]) {
      const peers = dependencies.dependentsOnIndex(service.metadata.namespace, by, value);
      if (by === 'model' && peers.size > CROWD) continue;
      for (const peer of peers) if (peer !== key) enqueue(peer);
    }
  }
}

/** The service an object belongs to; the scheduler's cluster-scoped binding has no owner and is found by its label and subject. */
function ownerKeyOf(object: KubeObject): string | undefined {
  const owner = object.metadata.ownerReferences?.find((ref) => ref.controller && ref.kind === kinds.service.kind);
  if (owner) return `${object.metadata.namespace}/${owner.name}`;
  const subject = object.kind === kinds.clusterRoleBinding.kind ? (object.subjects as { namespace?: string }[] | undefined)?.[0] : undefined;
  const name = object.metadata.labels?.[labels.name];
  return subject?.namespace && name ? `${subject.namespace}/${name}` : undefined;
}

/** A child wakes its owner. */
function childChanged({ enqueue, news }: ServiceWatches, before: KubeObject | undefined, after: KubeObject | undefined): void {
  const owner = after && ownerKeyOf(after);
  if (owner) {
    news.ofChild(owner, after);
    return;
  }
  const former = before && ownerKeyOf(before);
  if (former) enqueue(former);
}

const actuatorKinds: readonly Kind[] = [kinds.horizontalPodAutoscaler, kinds.scaledObject];

/** Everything but what an autoscaler notes down each time it looks: metrics, counts, times (R6.47). */
const actuatorAspects = ({ metadata, spec, status }: KubeObject): unknown => {
  const { conditions = [] } = (status ?? {}) as { conditions?: Condition[] };
  const { uid, labels: l, annotations, ownerReferences, finalizers, deletionTimestamp } = metadata;
  const told = conditions.map(({ type, status: value, reason, message }) => [type, value, reason, message]);
  return [uid, l, annotations, ownerReferences, finalizers, deletionTimestamp, spec, told];
};

/** The HPA that KEDA makes belongs to a ScaledObject; a service that waits for its end has asked about it (06 §12 item 3). */
function actuatorChanged(watches: ServiceWatches, kind: Kind, before: KubeObject | undefined, after: KubeObject | undefined): void {
  if (before && after && isDeepStrictEqual(actuatorAspects(before), actuatorAspects(after))) return;
  childChanged(watches, before, after);
  dependencyChanged(watches, kind, before, after);
}

const podAspects = (pod: KubeObject): unknown => {
  const { initContainerStatuses, containerStatuses, podIPs, conditions } = (pod.status ?? {}) as Record<string, unknown>;
  return [initContainerStatuses, containerStatuses, podIPs, conditions];
};

/** Pods matter by their addresses and by what their containers say; they map to the service they are labelled with (R3.15, B3.12). */
function podChanged({ enqueue }: ServiceWatches, before: KubeObject | undefined, after: KubeObject | undefined): void {
  if (!before || !after || isDeepStrictEqual(podAspects(before), podAspects(after))) return;
  const name = after.metadata.labels?.[labels.name];
  if (name) enqueue(`${after.metadata.namespace}/${name}`);
}

/** A Gateway counts its routes in its status; were that news, every route would wake all services of its Gateway. */
function sameGateway(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  return before !== undefined && after !== undefined && !isSubstantial(before, after) && isDeepStrictEqual(uncounted(before), uncounted(after));
}

function uncounted({ status }: KubeObject): unknown {
  const { listeners, ...rest } = (status ?? {}) as { listeners?: readonly Record<string, unknown>[] };
  return { ...rest, listeners: listeners?.map(({ attachedRoutes: _, ...listener }) => listener) };
}

/** Wakes those who asked about the object; its owner, who may be among them, hears of it as of its child. */
function dependencyChanged(
  { dependencies, enqueue }: ServiceWatches,
  kind: Kind,
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): void {
  for (const object of [before, after]) {
    if (!object) continue;
    const owner = ownerKeyOf(object);
    for (const key of dependencies.dependents(kind, object)) if (key !== owner) enqueue(key);
  }
}

/** What the operator made itself is followed by caches of its own. */
function namedChanged(watches: ServiceWatches, kind: Kind, before: KubeObject | undefined, after: KubeObject | undefined): void {
  const isChild = (after ?? before)?.metadata.labels?.[labels.partOf] === PART_OF;
  if (isChild) return;
  childChanged(watches, before, after);
  dependencyChanged(watches, kind, before, after);
}

/** Only what the operator reads from its ConfigMap counts; where it cannot be read, the text does (R2.6, R3.17). */
export function sameConfiguration(before: KubeObject | undefined, after: KubeObject | undefined, { systemNamespace }: Options): boolean {
  if (!before || !after) return false;
  const [a, b] = [before, after].map((object) => object.data as Record<string, string> | undefined);
  return sameSettings(a, b, systemNamespace);
}
