import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type Applier, type ApplierOptions, createApplier, type Owner, refOf } from '../../controllers/runtime/apply.ts';
import { namespace as newNamespace } from './cluster.ts';
import { type Observed, testCluster } from './runtime.ts';
import { typicalChildren } from './typical-children.ts';

export const FIELD_MANAGER = 'llmisvc-operator';

/** What tests of the applier stand on: a namespace with an owner in it, the objects it could own, and ways to look and to meddle. */
export interface ApplyGround {
  readonly cluster: Observed;
  readonly namespace: string;
  readonly owner: Owner;
  /** One of `typicalChildren`. */
  child(name: string): KubeObject;
  children(): KubeObject[];
  /** An applier that has just started; it reads live unless it is given a cache. */
  fresh(cacheLookup?: ApplierOptions['cacheLookup']): Applier;
  live(object: KubeObject): Promise<KubeObject>;
  /** Merges a patch into the object, as somebody else. */
  tamper(object: KubeObject, patch: object): Promise<KubeObject>;
}

/** Registers the hooks that lay the ground anew for each test of the suite. */
export function applyGround(): ApplyGround {
  let cluster: Observed;
  let namespace: string;
  let owner: Owner;
  let children: Record<string, KubeObject>;

  before(async () => {
    cluster = await testCluster();
  });
  after(() => cluster.client.close());

  beforeEach(async () => {
    namespace = await newNamespace('apply');
    // A real one, for the garbage collector deletes children whose owner it cannot find; of a kind in which no operator or webhook has a say.
    owner = await cluster.client.create<KubeObject>({ apiVersion: 'v1', kind: kinds.configMap.kind, metadata: { namespace, name: 'qwen' } });
    children = typicalChildren(owner);
    cluster.reports.length = 0;
  });

  return {
    get cluster() {
      return cluster;
    },
    get namespace() {
      return namespace;
    },
    get owner() {
      return owner;
    },
    child(name) {
      const found = children[name];
      if (!found) throw new Error(`no child ${name}`);
      return found;
    },
    children: () => Object.values(children),
    fresh: (cacheLookup = () => undefined) => createApplier({ client: cluster.client, cacheLookup, fieldManager: FIELD_MANAGER }),
    async live(object) {
      const { kind, name } = refOf(object);
      const found = await cluster.client.get(kind, object.metadata.namespace, name);
      if (!found) throw new Error(`${name} is not there`);
      return found;
    },
    tamper(object, patch) {
      const { kind, name } = refOf(object);
      return cluster.client.patch(kind, object.metadata.namespace, name, patch, { fieldManager: 'third-party' });
    },
  };
}

export const withSpec = (object: KubeObject, spec: object): KubeObject => ({ ...object, spec: { ...(object.spec as object), ...spec } });

export const withMetadata = (object: KubeObject, metadata: object): KubeObject => ({ ...object, metadata: { ...object.metadata, ...metadata } });

export interface PodTemplate {
  readonly metadata: Record<string, Record<string, string> | undefined>;
  readonly spec: Record<string, unknown> & { readonly containers: Record<string, unknown>[] };
}

export const templateOf = (object: KubeObject): PodTemplate => (object.spec as { template: PodTemplate }).template;
