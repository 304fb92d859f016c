import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject, Pod } from '../../api/kubernetes.ts';
import { suffixes } from '../../api/names.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { service } from '../support/manifests.ts';
import { sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, given, has, type Place } from '../support/story.ts';

const unavailable = {
  type: 'Available',
  status: 'False',
  reason: 'MinimumReplicasUnavailable',
  message: 'Deployment does not have minimum availability.',
};
const image = 'registry.example.com/x:1';
const container = (name: string, state: object, lastState: object = {}) => ({
  name,
  image,
  imageID: '',
  ready: false,
  restartCount: 3,
  state,
  lastState,
});

/** Pods that fail, and what the service has to say about it after its own reason. */
const failures: readonly (readonly [title: string, status: Pod['status'], words: string])[] = [
  [
    'its image cannot be pulled',
    { containerStatuses: [container('main', { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "vllm:latets"' } })] },
    'container main: ImagePullBackOff: Back-off pulling image "vllm:latets"',
  ],
  [
    'it runs out of memory',
    {
      containerStatuses: [
        container(
          'main',
          { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s' } },
          { terminated: { reason: 'OOMKilled', exitCode: 137 } },
        ),
      ],
    },
    'container main: OOMKilled: exit code 137',
  ],
  [
    'the model cannot be downloaded',
    {
      initContainerStatuses: [
        container('storage-initializer', { terminated: { reason: 'Error', exitCode: 1, message: '401 Client Error: 100% of 3 files refused\n' } }),
      ],
    },
    'init container storage-initializer: Error: exit code 1: 401 Client Error: 100% of 3 files refused',
  ],
  [
    'no node has room for it',
    {
      conditions: [
        { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.' },
      ],
    },
    'Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
  ],
];

describe('a service whose pods do not start (B3.12, R3.15)', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    // Nobody simulates workloads here: the test is the Deployment controller and the kubelet.
    place = { admin: (await cluster()).admin, namespace: await namespace('pods') };
  });
  afterEach(async () => {
    for (const { metadata } of (await place.admin.list(kinds.pod, place.namespace)).items) {
      await place.admin.delete(kinds.pod, place.namespace, metadata.name ?? '');
    }
    await clear(place);
  });

  const isStarting = condition('MainWorkloadReady', 'False', 'Progressing');

  async function createPod(labels: Record<string, string> | undefined, name: string): Promise<(status: Pod['status']) => Promise<unknown>> {
    const metadata = { name, namespace: place.namespace, ...(labels ? { labels } : {}) };
    await place.admin.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'main', image }] } });
    return (status) => place.admin.patch(kinds.pod, place.namespace, name, { status }, 'status');
  }

  /** A service with an unavailable Deployment and a pod of it. */
  async function starting(name: string): Promise<{ actor: Actor; setStatus: (status: Pod['status']) => Promise<unknown> }> {
    const actor = await given(place, service(name).without('router'));
    await actor.reaches(isStarting);
    await actor.changeChild(kinds.deployment, suffixes.main, { status: { conditions: [unavailable] } }, 'status');
    const { spec } = (await actor.child(kinds.deployment, suffixes.main)) as KubeObject & { spec: { template: KubeObject } };
    return { actor, setStatus: await createPod(spec.template.metadata.labels, `${name}-1`) };
  }

  for (const [title, status, words] of failures) {
    it(`says so when ${title}, under the reason that clients know`, async () => {
      const { actor, setStatus } = await starting('qwen');
      const bystander = await given(place, service('bystander').without('router'));
      await bystander.reaches(isStarting);
      const { resourceVersion } = (await bystander.stored()).metadata;
      await actor.reaches(condition('Ready', 'False', unavailable.reason, unavailable.message));

      await setStatus(status);
      const message = `${unavailable.message}; Pod qwen-1: ${words}`;
      await actor.reaches(
        condition('MainWorkloadReady', 'False', unavailable.reason, message),
        condition('WorkloadsReady', 'False', unavailable.reason, message),
        condition('Ready', 'False', unavailable.reason, message),
      );
      expect((await bystander.stored()).metadata.resourceVersion).to.equal(resourceVersion);
    });
  }

  it('says so for a group of pods, and is silent when they run', async () => {
    const many = await given(
      place,
      service('many')
        .with({ worker: {}, parallelism: { data: 2, dataLocal: 1 } })
        .without('router'),
    );
    await many.reaches(has(kinds.leaderWorkerSet, suffixes.mainMultiNode));
    const { spec } = (await many.child(kinds.leaderWorkerSet, suffixes.mainMultiNode)) as KubeObject & {
      spec: { leaderWorkerTemplate: { workerTemplate: KubeObject } };
    };
    const labels = { ...spec.leaderWorkerTemplate.workerTemplate.metadata.labels, 'leaderworkerset.sigs.k8s.io/name': 'many-kserve-mn' };
    const setStatus = await createPod(labels, 'many-1');
    await setStatus({
      containerStatuses: [container('main', { waiting: { reason: 'CreateContainerConfigError', message: 'secret "hf" not found' } })],
    });
    const words = 'LWS is progressing; Pod many-1: container main: CreateContainerConfigError: secret "hf" not found';
    await many.reaches(condition('WorkerWorkloadReady', 'False', 'Progressing', words), condition('Ready', 'False', 'Progressing', words));
    await setStatus({ containerStatuses: [{ ...container('main', { running: {} }), ready: true }] });
    await many.reaches(condition('WorkerWorkloadReady', 'False', 'Progressing', 'LWS is progressing'));
  });
});
