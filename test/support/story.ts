import { expect } from 'chai';
import type { HTTPRoute } from '../../api/gateway-api.ts';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { Condition, KubeObject } from '../../api/kubernetes.ts';
import { labels } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import type { LLMInferenceServiceStatus } from '../../api/types.ts';
import { type ApiClient, isNotFound } from '../../control-plane/api-client.ts';
import { eventually } from './eventually.ts';
import type { ServiceManifest } from './manifests.ts';

export type LiveService = KubeObject & { metadata: { uid: string; generation: number }; status?: LLMInferenceServiceStatus };

/** What a story waits for: throws as long as it is not so. It is asked again and again. */
export type Expectation = (actor: Actor) => Promise<unknown>;

/** One service in a namespace, and what a test can do with it. */
export interface Actor {
  readonly name: string;
  readonly namespace: string;
  readonly admin: ApiClient;
  /** The service as it is stored now. Throws when it is gone. */
  stored(): Promise<LiveService>;
  /** Waits until all of this holds at the same time. */
  reaches(...expectations: Expectation[]): Promise<void>;
  /** The child with this suffix of its name; throws when there is none. */
  child(kind: Kind, suffix: string): Promise<KubeObject>;
  /** Everything in the cluster that belongs to the service, by `Kind/name`. */
  children(): Promise<Map<string, KubeObject>>;
  events(): Promise<ServiceEvent[]>;
  /** Sets an annotation, or removes it. */
  annotate(key: string, value: string | null): Promise<void>;
  /** A JSON merge patch of the service. */
  change(patch: Record<string, unknown>): Promise<void>;
  changeChild(kind: Kind, suffix: string, patch: Record<string, unknown>, subresource?: 'status'): Promise<void>;
  deleteChild(kind: Kind, suffix: string): Promise<void>;
  delete(): Promise<void>;
}

export type ServiceEvent = KubeObject & { reason: string; message: string; type: string; count: number; source: { component: string } };

/** Where a story takes place. */
export interface Place {
  readonly admin: ApiClient;
  readonly namespace: string;
}

/** Creates a service and follows what becomes of it. */
export async function given({ admin, namespace }: Place, manifest: ServiceManifest | KubeObject): Promise<Actor> {
  const object = 'object' in manifest ? (manifest.object as KubeObject) : (manifest as KubeObject);
  await admin.create({ ...object, metadata: { ...object.metadata, namespace } });
  return actor({ admin, namespace }, object.metadata.name ?? '');
}

/** A service that exists already. */
export function actor({ admin, namespace }: Place, name: string): Actor {
  const patch = (body: Record<string, unknown>) => admin.patch(kinds.service, namespace, name, body);
  const self: Actor = {
    name,
    namespace,
    admin,
    async stored() {
      const found = await admin.get(kinds.service, namespace, name);
      if (!found) throw new Error(`service ${namespace}/${name} does not exist`);
      return found as LiveService;
    },
    async reaches(...expectations) {
      const check = async () => {
        for (const holds of expectations) await holds(self);
      };
      try {
        await eventually(check);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${await describe(self)}`, { cause: error });
      }
    },
    async child(kind, suffix) {
      const found = await admin.get(kind, namespace, childName(name, suffix));
      if (!found) throw new Error(`${kind.kind} ${namespace}/${childName(name, suffix)} does not exist`);
      return found;
    },
    async children() {
      const lists = await Promise.all(childKinds.map(async (kind) => ({ kind, items: await listServed(admin, kind, namespace) })));
      const own = lists.flatMap(({ kind, items }) =>
        items.filter((object) => belongsTo(self, kind, object)).map((object) => ({ kind, object: asObject(kind, object) })),
      );
      return new Map(own.map(({ kind, object }) => [`${keyOfKind(kind)}/${object.metadata.name}`, object]));
    },
    async events() {
      const { items } = await admin.list(kinds.event, namespace);
      return (items as (ServiceEvent & { involvedObject: { kind: string; name: string } })[]).filter(
        ({ involvedObject }) => involvedObject.kind === kinds.service.kind && involvedObject.name === name,
      );
    },
    async annotate(key, value) {
      await patch({ metadata: { annotations: { [key]: value } } });
    },
    async change(body) {
      await patch(body);
    },
    async changeChild(kind, suffix, body, subresource) {
      await admin.patch(kind, namespace, childName(name, suffix), body, subresource);
    },
    deleteChild: (kind, suffix) => admin.delete(kind, namespace, childName(name, suffix)),
    delete: () => admin.delete(kinds.service, namespace, name),
  };
  return self;
}

/** There is nothing of a kind that the API server does not serve. */
async function listServed(admin: ApiClient, kind: Kind, namespace: string): Promise<readonly KubeObject[]> {
  try {
    return (await admin.list(kind, kind.namespaced ? namespace : undefined)).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

const childKinds: readonly Kind[] = [
  kinds.deployment,
  kinds.leaderWorkerSet,
  kinds.coreService,
  kinds.secret,
  kinds.serviceAccount,
  kinds.configMap,
  kinds.role,
  kinds.roleBinding,
  kinds.clusterRoleBinding,
  kinds.horizontalPodAutoscaler,
  kinds.scaledObject,
  kinds.resourceClaimTemplate,
  kinds.httpRoute,
  kinds.inferencePool,
  kinds.inferencePoolAlpha,
];

/** Items of a list do not say what they are. */
const asObject = ({ apiVersion, kind }: Kind, item: KubeObject): KubeObject => ({ ...item, apiVersion, kind });

/** Kinds of the same name are told apart by their version. */
const keyOfKind = (kind: Kind): string => (kind === kinds.inferencePoolAlpha ? 'v1alpha2.InferencePool' : kind.kind);

function belongsTo({ name, namespace }: Actor, kind: Kind, object: KubeObject): boolean {
  if (kind === kinds.clusterRoleBinding) {
    const subjects = (object.subjects ?? []) as { namespace?: string }[];
    return object.metadata.labels?.[labels.name] === name && subjects.some((subject) => subject.namespace === namespace);
  }
  const owners = object.metadata.ownerReferences ?? [];
  return owners.some((owner) => owner.kind === kinds.service.kind && owner.name === name);
}

/** For a reader of a failed test. */
async function describe(actor: Actor): Promise<string> {
  const stored = await actor.stored().catch(() => undefined);
  if (!stored) return `${actor.namespace}/${actor.name} does not exist`;
  const conditions = (stored.status?.conditions ?? []).map((c) => `  ${c.type}=${c.status} ${c.reason ?? ''} ${c.message ?? ''}`.trimEnd());
  const events = (await actor.events().catch(() => [])).map(({ reason, message, count }) => `  ${reason} (${count}): ${message}`);
  return [`conditions of ${actor.namespace}/${actor.name}:`, ...conditions, 'events:', ...events].join('\n');
}

/** The condition has this status; reason and message count where they are given. */
export function condition(type: string, status: Condition['status'], reason?: string, message?: string | RegExp): Expectation {
  return async (actor) => {
    const stored = await actor.stored();
    const found = stored.status?.conditions?.find((c) => c.type === type);
    expect(found, `condition ${type}`).to.include({ status, ...(reason === undefined ? {} : { reason }) });
    if (message instanceof RegExp) expect(found?.message).to.match(message);
    else if (message !== undefined) expect(found?.message).to.equal(message);
    expect(stored.status?.observedGeneration, 'observedGeneration').to.equal(stored.metadata.generation);
  };
}

export const isReady: Expectation = condition('Ready', 'True');

export const hasNoCondition =
  (type: string): Expectation =>
  async (actor) =>
    expect((await actor.stored()).status?.conditions?.map((c) => c.type)).not.to.include(type);

/** There is such a child; what else is given has to be true of it. */
export const has =
  (kind: Kind, suffix: string, check?: (child: KubeObject) => unknown): Expectation =>
  async (actor) => {
    const child = await actor.child(kind, suffix);
    check?.(child);
  };

/** The HTTPRoute that the operator manages for the service. */
export const managedRoute = async (actor: Actor): Promise<HTTPRoute> => (await actor.child(kinds.httpRoute, suffixes.route)) as HTTPRoute;

/** There is no such child. */
export const lacks =
  (kind: Kind, suffix: string): Expectation =>
  async ({ admin, namespace, name }) =>
    expect(await admin.get(kind, namespace, childName(name, suffix)), `${kind.kind} ${childName(name, suffix)}`).to.equal(undefined);

/** Exactly these children, as `Kind/name`. */
export const hasChildren =
  (expected: readonly string[]): Expectation =>
  async (actor) =>
    expect([...(await actor.children()).keys()].sort()).to.deep.equal([...expected].sort());

export const isGone: Expectation = async ({ admin, namespace, name }) =>
  expect(await admin.get(kinds.service, namespace, name), `service ${namespace}/${name}`).to.equal(undefined);

/** Deletes all services of a place and waits until they and what they owned are gone, so that they do not get in the way of others. */
export async function clear({ admin, namespace }: Place): Promise<void> {
  const { items } = await admin.list(kinds.service, namespace);
  const actors = items.map(({ metadata }) => actor({ admin, namespace }, metadata.name ?? ''));
  await Promise.all(actors.map((one) => one.delete()));
  await Promise.all(actors.map((one) => one.reaches(isGone, hasChildren([]))));
}
