import { expect } from 'chai';
import { answer } from '../../../api/inquiry.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import type { Stage, StageName } from '../../../render/children.ts';
import { renderWorkloads } from '../../../render/workload.ts';
import { answersFrom } from '../../support/answers.ts';
import { find, render } from '../../support/rendered-workloads.ts';
import { pod, podWithSidecar, workloadContext } from '../../support/workload-fixtures.ts';

const present = (stages: readonly Stage[], ...kinds: string[]) =>
  stages.flatMap((s) => s.present.filter(({ kind }) => kinds.includes(kind)).map(({ metadata }) => metadata.name));
const absent = (stages: readonly Stage[], ...kinds: string[]) =>
  stages.flatMap((s) => s.absent.filter(({ kind }) => kinds.includes(kind.kind)).map(({ name }) => name));

describe('the stages of the workloads', () => {
  it('come in the order in which they are written', () => {
    expect(render(workloadContext()).map(({ name }) => name)).to.deep.equal([
      'certificate',
      'managedDra',
      'multiNode',
      'singleNode',
      'workloadService',
      'scaling',
      'prefillScaling',
    ]);
  });

  for (const stopped of [false, true]) {
    it(`renders only the stages it is asked for, ${stopped ? 'stopped' : 'running'}`, () => {
      const context = { ...workloadContext(), stopped };
      const rendered = answer(renderWorkloads(context, ['workloadService', 'scaling']), answersFrom([]));
      expect(rendered).to.deep.equal(render(context).filter(({ name }) => name === 'workloadService' || name === 'scaling'));
    });
  }

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
      ['managedDra', [claims]],
      [
        'multiNode',
        [
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
      ['scaling', ['HorizontalPodAutoscaler llama-kserve-hpa', 'ScaledObject llama-kserve-keda']],
      ['prefillScaling', ['HorizontalPodAutoscaler llama-kserve-prefill-hpa', 'ScaledObject llama-kserve-prefill-keda']],
    ]);
  });

  const bad = { uri: 'gs://bucket/model' };
  const gone = pod({}, { serviceAccountName: 'gone' });
  const unsupported = 'unsupported schema in model URI: gs://bucket/model';
  const single = 'ReconcileSingleNodeWorkloadError';
  const multi = 'ReconcileMultiNodeWorkloadError';
  const devices = { 'serving.kserve.io/exp-dra-device-class': 'gpu', 'serving.kserve.io/exp-dra-device-count': '0' };
  const noDevices =
    'failed to reconcile managed DRA: failed to reconcile Managed DRA ResourceClaimTemplate: invalid serving.kserve.io/exp-dra-device-count value "0": must be >= 1';
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
    ['the devices of a single node', { prefill: { worker: pod() } }, devices, 'managedDra', single, noDevices],
    ['the devices of several nodes', { worker: pod() }, devices, 'managedDra', multi, noDevices],
    [
      'an account, which is looked for with those of groups,',
      { template: gone },
      {},
      'multiNode',
      multi,
      'failed to reconcile multi-node service account: failed to fetch existing multi node main service account ml/gone: serviceaccounts "gone" not found',
    ],
    [
      'a prefill account',
      { prefill: { template: gone } },
      {},
      'multiNode',
      multi,
      'failed to reconcile multi-node service account: failed to fetch existing multi node prefill service account ml/gone: serviceaccounts "gone" not found',
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
      expect(stages.at(-1)).to.deep.include({ name });
      expect(stages.at(-1)?.rejection).to.deep.include({ reason, message });
    });
  }

  const claims = 'ResourceClaimTemplate llama-managed-dra';
  const partial: [string, LLMInferenceServiceSpec, string[]][] = [
    ['devices where the model of one node cannot be attached', { model: bad, template: podWithSidecar(), prefill: { template: pod() } }, [claims]],
    [
      'the main workload where that of prefill cannot be rendered',
      { model: { uri: 'oci://image' }, template: podWithSidecar(), prefill: { template: pod({ name: 'x' }) } },
      [claims, 'ServiceAccount llama-kserve', 'Role llama-kserve-role', 'RoleBinding llama-kserve-rb', 'Deployment llama-kserve'],
    ],
    ['devices where the account is missing', { worker: gone }, [claims]],
    ['devices and account where the model of groups cannot be attached', { model: bad, worker: pod() }, [claims, 'ServiceAccount llama-kserve-mn']],
    [
      'devices and account where the account of prefill is missing',
      { worker: pod(), prefill: { worker: gone } },
      [claims, 'ServiceAccount llama-kserve-mn'],
    ],
    [
      'the main groups where those of prefill cannot be rendered',
      { model: { uri: 'oci://image' }, worker: pod(), prefill: { worker: pod({ name: 'x' }) } },
      [claims, 'ServiceAccount llama-kserve-mn', 'ServiceAccount llama-kserve-mn-prefill', 'LeaderWorkerSet llama-kserve-mn'],
    ],
  ];
  for (const [title, spec, expected] of partial) {
    it(`still hold ${title} (R3.55, R3.70)`, () => {
      const [, ...stages] = render(
        workloadContext({ spec, metadata: { annotations: { 'serving.kserve.io/exp-dra-device-class': 'gpu.example.com' } } }),
      );
      const stage = stages.at(-1);
      expect(stage?.rejection).not.to.equal(undefined);
      expect(stages.flatMap(({ present }) => present).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.deep.equal(expected);
      expect(stage?.absent.filter(({ kind }) => kind.kind === 'Deployment' || kind.kind === 'LeaderWorkerSet')).to.deep.equal([]);
    });
  }
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
