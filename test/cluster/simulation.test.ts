import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { Condition, KubeObject } from '../../api/kubernetes.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { essentialControllers, workloadControllers } from '../../control-plane/flags.ts';
import { type Simulation, type SimulationOptions, startSimulation } from '../../control-plane/simulation/simulation.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

interface Status {
  [field: string]: unknown;
  conditions?: Condition[];
  parents?: { parentRef: { kind?: string; name: string }; controllerName?: string; conditions: Condition[] }[];
  parent?: { parentRef: { kind?: string; name: string }; conditions: Condition[] }[];
}

const statusOf = (object: KubeObject | undefined): Status => (object?.status ?? {}) as Status;
/** `Type=Status/Reason` of each condition. */
const told = (conditions: Condition[] | undefined): string[] => (conditions ?? []).map((c) => `${c.type}=${c.status}/${c.reason}`);

const podTemplate = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'vllm:1' }], initContainers: [{ name: 'storage-initializer', image: 'init:1' }] },
});
const deployment = (ns: string, replicas: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'qwen', namespace: ns },
  spec: { replicas, selector: { matchLabels: { app: 'qwen' } }, template: podTemplate('qwen') },
});
const leaderWorkerSet = (ns: string, replicas: number, size: number): KubeObject => ({
  apiVersion: 'leaderworkerset.x-k8s.io/v1',
  kind: 'LeaderWorkerSet',
  metadata: { name: 'big', namespace: ns },
  spec: { replicas, leaderWorkerTemplate: { size, workerTemplate: podTemplate('big') } },
});
const gateway = (ns: string): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'front', namespace: ns },
  spec: { gatewayClassName: 'simulated', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
});
const route = (ns: string, group: string): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'qwen', namespace: ns },
  spec: { parentRefs: [{ name: 'front' }], rules: [{ backendRefs: [{ group, kind: 'InferencePool', name: 'qwen', port: 8000 }] }] },
});
const pool = (ns: string): KubeObject => ({
  apiVersion: kinds.inferencePool.apiVersion,
  kind: 'InferencePool',
  metadata: { name: 'qwen', namespace: ns },
  spec: { selector: { matchLabels: { app: 'qwen' } }, targetPorts: [{ number: 8000 }], endpointPickerRef: { name: 'epp', port: { number: 9002 } } },
});
const poolAlpha = (ns: string): KubeObject => ({
  apiVersion: kinds.inferencePoolAlpha.apiVersion,
  kind: 'InferencePool',
  metadata: { name: 'qwen', namespace: ns },
  spec: { selector: { app: 'qwen' }, targetPortNumber: 8000, extensionRef: { name: 'epp' } },
});

describe('the simulation', () => {
  describe('without pods', () => {
    let running: Simulation | undefined;
    let ns: string;
    const errors: unknown[] = [];

    async function simulate(options: SimulationOptions = {}): Promise<ControlPlane> {
      const controlPlane = await cluster();
      ns = await namespace('simulated');
      const ignore = (object: KubeObject) => object.metadata.namespace !== ns && object.kind !== 'GatewayClass';
      running = await startSimulation(controlPlane, { ignore, onError: (error) => errors.push(error), ...options });
      return controlPlane;
    }
    afterEach(async () => {
      await running?.stop();
      expect(errors).to.deep.equal([]);
    });

    const read = async (kind: Kind, name: string): Promise<Status> => statusOf(await (await cluster()).admin.get(kind, ns, name));

    it('makes a Deployment available, and follows its replicas', async () => {
      const { admin } = await simulate();
      await admin.create(deployment(ns, 2));
      await eventually(async () =>
        expect(await read(kinds.deployment, 'qwen')).to.include({ observedGeneration: 1, replicas: 2, availableReplicas: 2 }),
      );
      expect(told((await read(kinds.deployment, 'qwen')).conditions)).to.deep.equal([
        'Available=True/MinimumReplicasAvailable',
        'Progressing=True/NewReplicaSetAvailable',
      ]);
      await admin.patch(kinds.deployment, ns, 'qwen', { spec: { replicas: 0 } });
      await eventually(async () => expect((await read(kinds.deployment, 'qwen')).observedGeneration).to.equal(2));
      expect(await read(kinds.deployment, 'qwen')).to.not.have.any.keys('replicas', 'readyReplicas');
    });

    it('shows progress when it is told to take its time', async () => {
      const { admin } = await simulate({ delayMs: 150 });
      await admin.create(deployment(ns, 2));
      await eventually(async () => expect((await read(kinds.deployment, 'qwen')).readyReplicas).to.equal(1));
      expect(told((await read(kinds.deployment, 'qwen')).conditions)[0]).to.equal('Available=False/MinimumReplicasUnavailable');
      await eventually(async () => expect((await read(kinds.deployment, 'qwen')).readyReplicas).to.equal(2));
    });

    it('makes a LeaderWorkerSet available', async () => {
      const { admin } = await simulate();
      await admin.create(leaderWorkerSet(ns, 2, 4));
      await eventually(async () => expect(await read(kinds.leaderWorkerSet, 'big')).to.include({ replicas: 2, readyReplicas: 2 }));
      const status = await read(kinds.leaderWorkerSet, 'big');
      expect(told(status.conditions)).to.deep.equal(['Available=True/AllGroupsReady', 'Progressing=False/AllGroupsReady']);
      expect(status.hpaPodSelector).to.equal('leaderworkerset.sigs.k8s.io/name=big,leaderworkerset.sigs.k8s.io/worker-index=0');
    });

    it('programs a Gateway, accepts its routes and the pools they lead to', async () => {
      const { admin } = await simulate({ gateways: { address: '127.0.0.1' } });
      for (const object of [pool(ns), poolAlpha(ns), route(ns, 'inference.networking.k8s.io')]) await admin.create(object);
      await eventually(async () => expect((await read(kinds.httpRoute, 'qwen')).parents).to.deep.equal([]));

      await admin.create(gateway(ns));
      await eventually(async () => expect((await read(kinds.inferencePool, 'qwen')).parents).to.have.length(1));
      const gatewayStatus = await read(kinds.gateway, 'front');
      expect(told(gatewayStatus.conditions)).to.deep.equal(['Accepted=True/Accepted', 'Programmed=True/Programmed']);
      expect(gatewayStatus.addresses).to.deep.equal([{ type: 'IPAddress', value: '127.0.0.1' }]);
      await eventually(async () => {
        const [listener] = (await read(kinds.gateway, 'front')).listeners as { name: string; attachedRoutes: number }[];
        expect(listener).to.include({ name: 'http', attachedRoutes: 1 });
      });

      await eventually(async () => expect((await read(kinds.httpRoute, 'qwen')).parents).to.have.length(1));
      expect(told((await read(kinds.httpRoute, 'qwen')).parents?.[0]?.conditions)).to.deep.equal([
        'Accepted=True/Accepted',
        'ResolvedRefs=True/ResolvedRefs',
      ]);

      const [parent] = (await read(kinds.inferencePool, 'qwen')).parents ?? [];
      expect(parent?.parentRef).to.deep.equal({ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'front', namespace: ns });
      expect(told(parent?.conditions)).to.deep.equal(['Accepted=True/Accepted', 'ResolvedRefs=True/ResolvedRefs']);
      expect((await read(kinds.inferencePoolAlpha, 'qwen')).parent?.map((p) => p.parentRef.kind)).to.deep.equal(['Status']);
    });

    it('accepts pools of v1alpha2, and forgets the gateway when the route is gone', async () => {
      const { admin } = await simulate();
      for (const object of [gateway(ns), poolAlpha(ns), route(ns, 'inference.networking.x-k8s.io')]) await admin.create(object);
      const parentNames = async () => (await read(kinds.inferencePoolAlpha, 'qwen')).parent?.map((p) => p.parentRef.name);
      await eventually(async () => expect(await parentNames()).to.deep.equal(['front']));
      await admin.delete(kinds.httpRoute, ns, 'qwen');
      await eventually(async () => expect(await parentNames()).to.deep.equal([]));
    });

    it('can be a gateway that does not know pools of v1alpha2', async () => {
      const { admin } = await simulate({ gateways: { poolGroups: ['inference.networking.k8s.io'] } });
      for (const object of [gateway(ns), route(ns, 'inference.networking.x-k8s.io')]) await admin.create(object);
      await eventually(async () =>
        expect(told((await read(kinds.httpRoute, 'qwen')).parents?.[0]?.conditions)).to.deep.equal([
          'Accepted=True/Accepted',
          'ResolvedRefs=False/InvalidKind',
        ]),
      );
    });

    it('comes to rest', async () => {
      const { admin } = await simulate();
      for (const object of [deployment(ns, 2), leaderWorkerSet(ns, 1, 2), gateway(ns), pool(ns), route(ns, 'inference.networking.k8s.io')]) {
        await admin.create(object);
      }
      const objects = () =>
        Promise.all(
          [kinds.deployment, kinds.leaderWorkerSet, kinds.inferencePool, kinds.httpRoute].map(async (kind) => (await admin.list(kind, ns)).items[0]),
        );
      await eventually(async () => {
        for (const { conditions, parents } of (await objects()).map(statusOf)) expect(conditions ?? parents).to.have.length.above(0);
      });
      const before = await objects();

      // A change that concerns all of them and changes none; then one whose effect shows that it has been dealt with.
      await admin.patch(kinds.gateway, ns, 'front', { metadata: { annotations: { touched: 'true' } } });
      await admin.create({ ...gateway(ns), metadata: { name: 'later', namespace: ns } });
      await eventually(async () => expect(told((await read(kinds.gateway, 'later')).conditions)).to.include('Programmed=True/Programmed'));
      expect(await objects()).to.deep.equal(before);
    });

    it('needs the real workload controllers for pods, and says so', async () => {
      const error = await startSimulation(await cluster(), { pods: {} }).then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error?.message).to.contain('does not run deployment-controller, replicaset-controller');
    });
  });

  describe('with pods', () => {
    let controlPlane: ControlPlane;
    let simulation: Simulation;
    let count = 0;

    before(async () => {
      controlPlane = await startControlPlane({
        controllers: [...essentialControllers, ...workloadControllers],
        definitions: await readManifests(foreignDefinitions),
      });
      simulation = await startSimulation(controlPlane, { pods: { addressOf: () => `127.0.1.${++count}` } });
    });
    after(async () => {
      await simulation.stop();
      await controlPlane.stop();
    });

    const podsOf = async (app: string) =>
      (await controlPlane.admin.list(kinds.pod, 'default')).items.filter((pod) => pod.metadata.labels?.app === app);

    it('runs those that the real controllers make of a Deployment', async () => {
      await controlPlane.admin.create(deployment('default', 3));
      await eventually(async () => {
        const status = statusOf(await controlPlane.admin.get(kinds.deployment, 'default', 'qwen'));
        expect(status).to.include({ readyReplicas: 3, availableReplicas: 3 });
      });
      const pods = await podsOf('qwen');
      expect(new Set(pods.map((pod) => statusOf(pod).podIP)).size).to.equal(3);
      expect(statusOf(pods[0]).podIP).to.match(/^127\.0\.1\.\d+$/);
      expect(told(statusOf(pods[0]).conditions)).to.include('Ready=True/Simulated');
      expect(pods[0]?.metadata.ownerReferences?.[0]?.kind).to.equal('ReplicaSet');

      await controlPlane.admin.patch(kinds.deployment, 'default', 'qwen', { spec: { replicas: 1 } });
      await eventually(async () => expect(await podsOf('qwen')).to.have.length(1));
    });

    it('makes and runs those of a LeaderWorkerSet, group by group', async () => {
      const { admin } = controlPlane;
      await admin.create(leaderWorkerSet('default', 2, 3));
      const ready = async () => statusOf(await admin.get(kinds.leaderWorkerSet, 'default', 'big')).readyReplicas;
      await eventually(async () => expect(await ready()).to.equal(2));
      expect((await podsOf('big')).map((pod) => pod.metadata.name).sort()).to.deep.equal([
        'big-0',
        'big-0-1',
        'big-0-2',
        'big-1',
        'big-1-1',
        'big-1-2',
      ]);

      await admin.patch(kinds.leaderWorkerSet, 'default', 'big', { spec: { replicas: 1 } });
      await eventually(async () => expect(await podsOf('big')).to.have.length(3));

      const before = (await podsOf('big')).map((pod) => pod.metadata.uid);
      const workerTemplate = { ...podTemplate('big'), metadata: { labels: { app: 'big', version: '2' } } };
      await admin.patch(kinds.leaderWorkerSet, 'default', 'big', { spec: { leaderWorkerTemplate: { workerTemplate } } });
      await eventually(async () => {
        const pods = await podsOf('big');
        expect(pods.map((pod) => pod.metadata.labels?.version)).to.deep.equal(['2', '2', '2']);
        expect(pods.filter((pod) => before.includes(pod.metadata.uid))).to.deep.equal([]);
        expect(await ready()).to.equal(1);
      });
      await admin.delete(kinds.leaderWorkerSet, 'default', 'big');
      await eventually(async () => expect(await podsOf('big')).to.deep.equal([]));
    });
  });
});
