import { expect } from 'chai';
import { answer } from '../../../api/inquiry.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec, PodTemplate } from '../../../api/types.ts';
import type { Context, Stage, StageName } from '../../../render/children.ts';
import { renderWorkloads } from '../../../render/workload.ts';
import { answersFrom } from '../../support/answers.ts';
import { account, ownedByLlama, pod, podWithSidecar, workloadContext } from '../../support/workload-fixtures.ts';

interface Template {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: PodTemplate;
}
interface WorkloadObject extends KubeObject {
  spec: {
    replicas?: number;
    selector: { matchLabels: Record<string, string> };
    strategy?: unknown;
    template: Template;
    rolloutStrategy?: unknown;
    leaderWorkerTemplate: { size?: number; subGroupPolicy?: unknown; leaderTemplate?: Template; workerTemplate: Template };
  };
}

function render(context: Context, objects: readonly object[] = [account('default')]): Stage[] {
  const fromList = answersFrom(objects);
  return answer(renderWorkloads(context), (question) =>
    question.ask === 'certificate' ? { key: 'k', certificate: 'c', ca: 'c' } : fromList(question),
  );
}

const stage = (stages: readonly Stage[], name: StageName) => stages.find((s) => s.name === name) as Stage;
const find = (stages: readonly Stage[], name: string) =>
  stages.flatMap(({ present }) => present).find((o) => o.metadata.name === name && 'spec' in o) as WorkloadObject;
const present = (stages: readonly Stage[], ...kinds: string[]) =>
  stages.flatMap((s) => s.present.filter(({ kind }) => kinds.includes(kind)).map(({ metadata }) => metadata.name));
const absent = (stages: readonly Stage[], ...kinds: string[]) =>
  stages.flatMap((s) => s.absent.filter(({ kind }) => kinds.includes(kind.kind)).map(({ name }) => name));

const main = (spec: LLMInferenceServiceSpec = {}, metadata = {}, objects?: readonly object[]) =>
  find(render(workloadContext({ spec, metadata }), objects), 'llama-kserve');
const identity = (component: string, role: string) => ({
  'app.kubernetes.io/component': component,
  'app.kubernetes.io/name': 'llama',
  'app.kubernetes.io/part-of': 'llminferenceservice',
  'kserve.io/component': 'workload',
  'llm-d.ai/role': role,
});

describe('the stages of the workloads', () => {
  it('come in the order in which they are written', () => {
    expect(render(workloadContext()).map(({ name }) => name)).to.deep.equal(['certificate', 'multiNode', 'singleNode', 'workloadService', 'scaling']);
  });

  const deployments = ['llama-kserve', 'llama-kserve-prefill'];
  const groups = ['llama-kserve-mn', 'llama-kserve-mn-prefill'];
  const topologies: [string, LLMInferenceServiceSpec, string[]][] = [
    ['one node', {}, ['llama-kserve']],
    ['prefill and decode', { prefill: { template: pod() } }, deployments],
    ['prefill on several nodes', { prefill: { template: pod(), worker: {} } }, ['llama-kserve-mn-prefill', 'llama-kserve']],
    ['several nodes', { worker: {} }, ['llama-kserve-mn']],
    ['decode on several nodes', { worker: pod(), prefill: { template: pod() } }, ['llama-kserve-mn', 'llama-kserve-prefill']],
    ['both on several nodes', { worker: pod(), prefill: { worker: pod() } }, groups],
  ];
  for (const [title, spec, wanted] of topologies) {
    it(`hold the objects of ${title}, and want the others gone`, () => {
      const stages = render(workloadContext({ spec }));
      expect(present(stages, 'Deployment', 'LeaderWorkerSet')).to.deep.equal(wanted);
      expect(absent(stages, 'Deployment', 'LeaderWorkerSet')).to.have.members([...deployments, ...groups].filter((name) => !wanted.includes(name)));
    });
  }

  it('of a stopped service want everything gone, and ask nothing', () => {
    const spec = {
      model: { uri: 'broken' },
      template: podWithSidecar({}, { serviceAccountName: 'gone' }),
      worker: pod(),
      prefill: {},
      scaling: { maxReplicas: 2 },
    };
    const stages = answer(renderWorkloads(workloadContext({ spec, stopped: true })), () => expect.fail('a stopped service asked a question'));
    expect(stages.flatMap((s) => s.present)).to.deep.equal([]);
    expect(stages.map((s) => [s.name, s.absent.map(({ kind, name }) => `${kind.kind} ${name}`)])).to.deep.equal([
      ['certificate', ['Secret llama-kserve-self-signed-certs']],
      [
        'multiNode',
        [
          'ResourceClaimTemplate llama-managed-dra',
          'ServiceAccount llama-kserve-mn',
          'ServiceAccount llama-kserve-mn-prefill',
          'Role llama-kserve-mn-role',
          'RoleBinding llama-kserve-mn-rb',
          'LeaderWorkerSet llama-kserve-mn',
          'LeaderWorkerSet llama-kserve-mn-prefill',
        ],
      ],
      [
        'singleNode',
        [
          'ServiceAccount llama-kserve',
          'Role llama-kserve-role',
          'RoleBinding llama-kserve-rb',
          'Deployment llama-kserve',
          'Deployment llama-kserve-prefill',
        ],
      ],
      ['workloadService', ['Service llama-kserve-workload-svc']],
      [
        'scaling',
        [
          'HorizontalPodAutoscaler llama-kserve-hpa',
          'ScaledObject llama-kserve-keda',
          'HorizontalPodAutoscaler llama-kserve-prefill-hpa',
          'ScaledObject llama-kserve-prefill-keda',
        ],
      ],
    ]);
  });

  const bad = { uri: 'gs://bucket/model' };
  const gone = pod({}, { serviceAccountName: 'gone' });
  const unsupported = 'unsupported schema in model URI: gs://bucket/model';
  const single = 'ReconcileSingleNodeWorkloadError';
  const multi = 'ReconcileMultiNodeWorkloadError';
  const failures: [string, LLMInferenceServiceSpec, Record<string, string>, StageName, string, string][] = [
    [
      'a model',
      { model: bad },
      {},
      'singleNode',
      single,
      `failed to reconcile main workload: failed to attach model artifacts to main deployment: ${unsupported}`,
    ],
    [
      "a leader's model",
      { model: bad, worker: pod() },
      {},
      'multiNode',
      multi,
      `failed to reconcile multi-node main workload: failed to attach model artifacts to leader template: ${unsupported}`,
    ],
    [
      "a worker's model",
      { model: { uri: 'oci://image' }, worker: pod({ name: 'x' }) },
      {},
      'multiNode',
      multi,
      'failed to reconcile multi-node main workload: failed to attach model artifacts to worker template: no container found with name main',
    ],
    [
      'a prefill model',
      { model: { uri: 'oci://image' }, prefill: { template: pod({ name: 'x' }) } },
      {},
      'singleNode',
      single,
      'failed to reconcile prefill workload: failed to attach model artifacts to prefill deployment: no container found with name main',
    ],
    [
      "a prefill leader's model",
      { model: bad, prefill: { template: pod(), worker: pod() } },
      {},
      'multiNode',
      multi,
      `failed to reconcile multi-node prefill workload: failed to attach model artifacts to prefill leader template: ${unsupported}`,
    ],
    [
      "a prefill worker's model",
      { model: bad, prefill: { worker: pod() } },
      {},
      'multiNode',
      multi,
      `failed to reconcile multi-node prefill workload: failed to attach model artifacts to prefill worker template: ${unsupported}`,
    ],
    [
      'an account',
      { template: gone },
      {},
      'singleNode',
      single,
      'failed to reconcile service account: failed to fetch existing single node main service account ml/gone: serviceaccounts "gone" not found',
    ],
    [
      'a prefill account',
      { prefill: { template: gone } },
      {},
      'singleNode',
      single,
      'failed to reconcile prefill workload: failed to fetch existing single node prefill service account ml/gone: serviceaccounts "gone" not found',
    ],
    [
      'an account of groups',
      { worker: gone },
      {},
      'multiNode',
      multi,
      'failed to reconcile multi-node service account: failed to fetch existing multi node main service account ml/gone: serviceaccounts "gone" not found',
    ],
  ];
  for (const [title, spec, annotations, name, reason, message] of failures) {
    it(`end where ${title} cannot be rendered`, () => {
      const stages = render(workloadContext({ spec, metadata: { annotations } }));
      expect(stages.at(-1)).to.deep.include({ name, present: [], absent: [] });
      expect(stages.at(-1)?.rejection).to.deep.include({ reason, message });
    });
  }
});

describe('the Deployment of the main workload', () => {
  it('selects its pods by its identity', () => {
    const { metadata, spec } = main();
    const labels = identity('llminferenceservice-workload', 'both');
    expect(metadata.labels).to.deep.equal(labels);
    expect(spec.selector).to.deep.equal({ matchLabels: labels });
    expect(spec.template.metadata).to.deep.equal({ labels });
    expect(spec).to.not.have.any.keys('replicas', 'strategy');
  });

  it('decodes beside a prefill workload, which has labels of its own', () => {
    const stages = render(workloadContext({ spec: { prefill: { template: pod(), replicas: 2 } } }));
    expect(find(stages, 'llama-kserve').spec.template.metadata.labels['llm-d.ai/role']).to.equal('decode');
    const prefill = find(stages, 'llama-kserve-prefill');
    expect(prefill.spec.template.metadata.labels).to.deep.equal(identity('llminferenceservice-workload-prefill', 'prefill'));
    expect(prefill.spec.replicas).to.equal(2);
  });

  it('inherits approved keys of the service, and hands all keys of the spec to its pods', () => {
    const result = main(
      {
        labels: { tier: 'gold', 'kueue.x-k8s.io/priority-class': 'mine' },
        annotations: { note: 'x', 'serving.kserve.io/model-based-routing-enabled': 'true', 'prometheus.io/port': '9' },
      },
      {
        labels: { 'kueue.x-k8s.io/queue-name': 'q', 'kueue.x-k8s.io/priority-class': 'theirs', 'internal.serving.kserve.io/other': 'x', team: 'a' },
        annotations: {
          'k8s.v1.cni.cncf.io/networks': 'n',
          'prometheus.io/port': '8000',
          'leaderworkerset.sigs.k8s.io/x': 'y',
          'kubectl.kubernetes.io/last-applied-configuration': '{}',
        },
      },
    );
    const labels = {
      ...identity('llminferenceservice-workload', 'both'),
      'kueue.x-k8s.io/queue-name': 'q',
      'kueue.x-k8s.io/priority-class': 'mine',
      tier: 'gold',
    };
    expect(result.spec.template.metadata).to.deep.equal({
      labels,
      annotations: { 'k8s.v1.cni.cncf.io/networks': 'n', 'prometheus.io/port': '9', note: 'x' },
    });
    expect(result.metadata.labels).to.deep.equal(labels);
    expect(result.metadata.annotations).to.deep.equal({ 'k8s.v1.cni.cncf.io/networks': 'n', 'prometheus.io/port': '8000' });
  });

  it('selects by overridden identity labels', () => {
    const { spec } = main({ labels: { 'app.kubernetes.io/name': 'other' } });
    expect(spec.selector.matchLabels['app.kubernetes.io/name']).to.equal('other');
    expect(spec.template.metadata.labels['app.kubernetes.io/name']).to.equal('other');
  });

  describe('next to a live one', () => {
    const live = (matchLabels: Record<string, string>, replicas = 3): KubeObject =>
      ownedByLlama({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'llama-kserve' },
        spec: { replicas, selector: { matchLabels }, template: {} },
      });
    const against = (object: KubeObject, spec: LLMInferenceServiceSpec = {}) => {
      const stages = render(workloadContext({ spec }), [object]);
      return { stage: stage(stages, 'singleNode'), spec: find(stages, 'llama-kserve').spec };
    };

    it('keeps the selector as long as it fits, narrow or wide', () => {
      for (const labels of [{ 'app.kubernetes.io/name': 'llama' }, { ...identity('llminferenceservice-workload', 'both'), tier: 'gold' }]) {
        const result = against(live(labels), { labels: { tier: 'gold', more: 'x' } });
        expect(result.spec.selector).to.deep.equal({ matchLabels: labels });
        expect(result.stage.recreate).to.deep.equal([]);
        expect(result.spec).to.not.have.property('replicas');
      }
    });

    it('is made anew, with the replicas it has, when the selector does not fit', () => {
      const result = against(live(identity('llminferenceservice-workload', 'decode')));
      expect(result.stage.recreate?.map(({ name }) => name)).to.deep.equal(['llama-kserve']);
      expect(result.stage.events?.map(({ reason }) => reason)).to.deep.equal(['WorkloadRecreated']);
      expect(result.spec.replicas).to.equal(3);
      expect(result.spec.selector.matchLabels['llm-d.ai/role']).to.equal('both');
    });

    it('leaves one that is not ours to whoever writes', () => {
      const { metadata, ...rest } = live({ app: 'x' });
      const result = against({ ...rest, metadata: { name: metadata.name ?? '', namespace: 'ml' } } as KubeObject);
      expect(result.stage.recreate).to.deep.equal([]);
      expect(result.spec.selector.matchLabels).to.not.have.property('app');
    });
  });

  for (const [given, strategy] of [
    [undefined, undefined],
    [{}, undefined],
    [{ maxSurge: 1 }, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }],
    [
      { maxUnavailable: 0, maxSurge: '10%' },
      { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '10%' } },
    ],
  ] as const) {
    it(`rolls out by ${JSON.stringify(given)} as ${JSON.stringify(strategy)}`, () => {
      expect(main(given === undefined ? {} : { rolloutStrategy: given }).spec.strategy).to.deep.equal(strategy);
    });
  }

  describe('with a routing sidecar', () => {
    const sidecar = (spec: LLMInferenceServiceSpec, template = podWithSidecar()) => {
      const { spec: podSpec } = main({ template, ...spec }, {}, [account('mine')]).spec.template;
      return { account: podSpec.serviceAccountName, env: podSpec.initContainers?.[0]?.env };
    };
    const pool = (value: string) => [{ name: 'INFERENCE_POOL_NAME', value }];

    it('runs as the managed account and knows the pool', () => {
      expect(sidecar({ router: {} })).to.deep.equal({ account: 'llama-kserve', env: pool('llama-inference-pool') });
    });
    it('knows a pool that the user refers to', () => {
      expect(sidecar({ router: { scheduler: { pool: { ref: { name: 'shared' } } } } }).env).to.deep.equal(pool('shared'));
    });
    it('needs no pool without a router', () => expect(sidecar({}).env).to.equal(undefined));
    it('keeps the account the user names', () => {
      expect(sidecar({}, podWithSidecar({}, { serviceAccountName: 'mine' })).account).to.equal('mine');
    });
    it('keeps the pool the user names', () => {
      expect(sidecar({ router: {} }, podWithSidecar({ env: pool('own') })).env).to.deep.equal(pool('own'));
    });
  });

  it('is empty without a template, for the server to refuse', () => {
    const context = workloadContext();
    const { template: _, ...spec } = context.spec;
    expect(find(render({ ...context, spec }), 'llama-kserve').spec.template.spec).to.deep.equal({});
  });

  it('tells that changes of the storage initializer have no effect, and that no container gets the model', () => {
    const template = pod({ name: 'vllm' }, { initContainers: [{ name: 'storage-initializer', args: ['x'] }] });
    const events = stage(render(workloadContext({ spec: { template } })), 'singleNode').events;
    expect(events?.map(({ type, reason }) => `${type} ${reason}`)).to.deep.equal(['Warning StorageInitializerOverride', 'Warning ModelNotMounted']);
  });
});

describe('the LeaderWorkerSet', () => {
  const groupOf = (spec: LLMInferenceServiceSpec, metadata = {}, name = 'llama-kserve-mn', objects?: readonly object[]) =>
    find(render(workloadContext({ spec, metadata }), objects), name);

  it('has the fields of the reference and no others', () => {
    const { spec } = groupOf({ worker: pod(), template: pod() });
    expect(spec).to.have.all.keys('leaderWorkerTemplate', 'rolloutStrategy', 'startupPolicy');
    expect(spec.leaderWorkerTemplate).to.have.all.keys('restartPolicy', 'leaderTemplate', 'workerTemplate');
    expect(spec).to.deep.include({ rolloutStrategy: { type: 'RollingUpdate' }, startupPolicy: 'LeaderCreated' });
    expect(spec.leaderWorkerTemplate).to.have.property('restartPolicy', 'RecreateGroupOnPodRestart');
  });

  for (const [parallelism, size] of [
    [undefined, undefined],
    [{ tensor: 4 }, undefined],
    [{ pipeline: 3 }, 3],
    [{ data: 4, dataLocal: 1 }, 4],
    [{ data: 10, dataLocal: 2 }, 5],
    [{ data: 1, dataLocal: 1 }, 1],
    [{ dataLocal: 8 }, 1],
    [{ data: 4, pipeline: 3 }, 4],
  ] as const) {
    it(`has size ${size} for ${JSON.stringify(parallelism)}`, () => {
      const { leaderWorkerTemplate } = groupOf({ worker: pod(), ...(parallelism === undefined ? {} : { parallelism }) }).spec;
      expect(leaderWorkerTemplate.size).to.equal(size);
      expect(leaderWorkerTemplate).to.not.have.property('subGroupPolicy');
    });
  }

  it('is found by traffic through its leaders', () => {
    const { metadata, spec } = groupOf({ worker: pod(), prefill: {} });
    const workers = {
      'app.kubernetes.io/component': 'llminferenceservice-workload-worker',
      'app.kubernetes.io/name': 'llama',
      'app.kubernetes.io/part-of': 'llminferenceservice',
    };
    expect(metadata.labels).to.deep.equal(workers);
    expect(spec.leaderWorkerTemplate.workerTemplate.metadata.labels).to.deep.equal(workers);
    expect(spec.leaderWorkerTemplate.leaderTemplate?.metadata.labels).to.deep.equal(identity('llminferenceservice-workload-leader', 'decode'));
  });

  it('is found by traffic through its workers where it has no leader', () => {
    const context = workloadContext({ spec: { worker: pod() } });
    const { template: _, ...spec } = context.spec;
    const { leaderWorkerTemplate } = find(render({ ...context, spec }), 'llama-kserve-mn').spec;
    expect(leaderWorkerTemplate).to.not.have.property('leaderTemplate');
    expect(leaderWorkerTemplate.workerTemplate.metadata.labels).to.deep.equal(identity('llminferenceservice-workload-worker', 'both'));
  });

  it('inherits annotations for LeaderWorkerSets, too', () => {
    const annotations = { 'leaderworkerset.sigs.k8s.io/exclusive-topology': 'rack' };
    const { metadata, spec } = groupOf({ worker: pod(), annotations: { note: 'x' } }, { annotations });
    expect(metadata.annotations).to.deep.equal(annotations);
    for (const template of [spec.leaderWorkerTemplate.leaderTemplate, spec.leaderWorkerTemplate.workerTemplate]) {
      expect(template?.metadata.annotations).to.deep.equal({ ...annotations, note: 'x' });
    }
  });

  it('runs leader and workers as one account', () => {
    const { leaderWorkerTemplate } = groupOf(
      { template: pod({}, { serviceAccountName: 'mine' }), worker: pod({}, { serviceAccountName: 'other' }) },
      {},
      'llama-kserve-mn',
      [account('mine')],
    ).spec;
    expect([leaderWorkerTemplate.leaderTemplate?.spec.serviceAccountName, leaderWorkerTemplate.workerTemplate.spec.serviceAccountName]).to.deep.equal(
      ['mine', 'mine'],
    );
  });

  it('gives a sidecar its pool on the main workload, but not on prefill', () => {
    const spec = { router: {}, template: podWithSidecar(), worker: pod(), prefill: { template: podWithSidecar(), worker: pod() } };
    const envOf = (name: string) => groupOf(spec, {}, name).spec.leaderWorkerTemplate.leaderTemplate?.spec.initContainers?.[0]?.env;
    expect(envOf('llama-kserve-mn')).to.deep.equal([{ name: 'INFERENCE_POOL_NAME', value: 'llama-inference-pool' }]);
    expect(envOf('llama-kserve-mn-prefill')).to.equal(undefined);
  });

  for (const [given, configuration] of [
    [{}, undefined],
    [{ maxSurge: 1 }, { maxUnavailable: 1, maxSurge: 1 }],
    [{ maxUnavailable: '50%' }, { maxUnavailable: '50%', maxSurge: 0 }],
    [
      { maxUnavailable: 0, maxSurge: 2 },
      { maxUnavailable: 0, maxSurge: 2 },
    ],
  ] as const) {
    it(`rolls out by ${JSON.stringify(given)} as ${JSON.stringify(configuration)}`, () => {
      const expected = { type: 'RollingUpdate', ...(configuration === undefined ? {} : { rollingUpdateConfiguration: configuration }) };
      expect(groupOf({ worker: pod(), rolloutStrategy: given }).spec.rolloutStrategy).to.deep.equal(expected);
    });
  }

  describe('of a data parallel prefill', () => {
    const spec = { prefill: { template: pod(), worker: pod(), parallelism: { data: 16, dataLocal: 8 } } };
    const live = (subGroupSize: number) =>
      ownedByLlama({
        apiVersion: 'leaderworkerset.x-k8s.io/v1',
        kind: 'LeaderWorkerSet',
        metadata: { name: 'llama-kserve-mn-prefill' },
        spec: { replicas: 3, leaderWorkerTemplate: { subGroupPolicy: { subGroupSize } } },
      });

    it('has subgroups of its size', () => {
      expect(groupOf(spec, {}, 'llama-kserve-mn-prefill').spec.leaderWorkerTemplate).to.deep.include({
        size: 2,
        subGroupPolicy: { subGroupSize: 2 },
      });
    });
    it('is made anew when they change, with the replicas it has', () => {
      const stages = render(workloadContext({ spec }), [live(4)]);
      expect(stage(stages, 'multiNode').recreate?.map(({ name }) => name)).to.deep.equal(['llama-kserve-mn-prefill']);
      expect(find(stages, 'llama-kserve-mn-prefill').spec.replicas).to.equal(3);
      expect(stage(render(workloadContext({ spec }), [live(2)]), 'multiNode').recreate).to.deep.equal([]);
    });
  });
});

describe('the workload Service', () => {
  it('leads to what takes requests, with the labels and annotations of the main workload', () => {
    const spec = {
      labels: { tier: 'gold' },
      annotations: { note: 'x', 'serving.kserve.io/model-based-routing-enabled': 'true' },
      prefill: { labels: { tier: 'silver' } },
    };
    const service = find(render(workloadContext({ spec })), 'llama-kserve-workload-svc');
    expect(service.metadata.annotations).to.deep.equal({ note: 'x' });
    expect(service.metadata.labels).to.deep.equal({
      'app.kubernetes.io/component': 'llminferenceservice-workload',
      'app.kubernetes.io/name': 'llama',
      'app.kubernetes.io/part-of': 'llminferenceservice',
      tier: 'gold',
    });
    expect(service.spec).to.deep.equal({
      type: 'ClusterIP',
      selector: { 'app.kubernetes.io/name': 'llama', 'app.kubernetes.io/part-of': 'llminferenceservice', 'kserve.io/component': 'workload' },
      ports: [{ name: 'https', appProtocol: 'https', protocol: 'TCP', port: 8000, targetPort: 8000 }],
    });
  });

  it('says http where TLS is off', () => {
    const service = find(render(workloadContext({ enableTLS: false })), 'llama-kserve-workload-svc') as KubeObject & { spec: { ports?: unknown } };
    expect(service.spec.ports).to.deep.equal([{ name: 'http', appProtocol: 'http', protocol: 'TCP', port: 8000, targetPort: 8000 }]);
  });
});
