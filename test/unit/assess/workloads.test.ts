import { expect } from 'chai';
import fc from 'fast-check';
import { kinds } from '../../../api/kinds.ts';
import type { Condition, Pod } from '../../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { explainPods } from '../../../assess/pod-failures.ts';
import { observeWorkloads } from '../../../assess/workload-status.ts';
import { assessWorkloads, judgeAvailability, type LiveWorkload } from '../../../assess/workloads.ts';
import { ask } from '../../support/answers.ts';
import { context } from '../../support/router-fixtures.ts';

const condition = (type: string, status: Condition['status'], reason?: string, message?: string): Condition => ({
  type,
  status,
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
});
const live = (kind: { apiVersion: string; kind: string }, name: string, status: object = {}, metadata: object = {}): LiveWorkload => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: { name, namespace: 'ns', ...metadata },
  spec: { selector: { matchLabels: { app: name } } },
  status,
});
const available = condition('Available', 'True');
const pod = (name: string, status: Pod['status'], labels: Record<string, string> = {}): Pod & { apiVersion: string; kind: string } => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'ns', labels },
  ...(status ? { status } : {}),
});
const container = (name: string, state: object, lastState: object = {}, ready = false) => ({
  name,
  ready,
  image: 'x',
  imageID: '',
  restartCount: 0,
  state,
  lastState,
});

describe('readiness of a workload (R3.60, R3.77)', () => {
  const table: [string, 'deployment' | 'leaderWorkerSet', LiveWorkload['status'], object, object][] = [
    ['Available True', 'deployment', { conditions: [available] }, {}, { status: 'True' }],
    ['Available listed twice', 'deployment', { conditions: [available, available] }, {}, { status: 'True' }],
    [
      'Available False',
      'deployment',
      { conditions: [condition('Available', 'False', 'MinimumReplicasUnavailable', 'too few')] },
      {},
      { status: 'False', reason: 'MinimumReplicasUnavailable', message: 'too few' },
    ],
    ['no conditions', 'deployment', {}, {}, { status: 'False', reason: 'Progressing', message: '' }],
    ['no conditions', 'leaderWorkerSet', {}, {}, { status: 'False', reason: 'Progressing', message: 'LWS is progressing' }],
    [
      'Available of an older generation',
      'deployment',
      { observedGeneration: 1, conditions: [available] },
      { generation: 2 },
      { status: 'False', reason: 'Progressing', message: '' },
    ],
    ['Available without observed generation', 'deployment', { conditions: [available] }, { generation: 2 }, { status: 'True' }],
    ['Available with observed generation 0', 'deployment', { observedGeneration: 0, conditions: [available] }, { generation: 2 }, { status: 'True' }],
    [
      'an exceeded deadline',
      'deployment',
      {
        conditions: [
          condition('Available', 'False', 'MinimumReplicasUnavailable'),
          condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'too slow'),
        ],
      },
      {},
      { status: 'False', reason: 'ProgressDeadlineExceeded', message: 'too slow' },
    ],
    [
      'an exceeded deadline while available',
      'deployment',
      { conditions: [available, condition('Progressing', 'False', 'ProgressDeadlineExceeded')] },
      {},
      { status: 'True' },
    ],
  ];
  for (const [what, shape, status, metadata, expected] of table) {
    it(`of a ${shape} follows ${what}`, () =>
      expect(judgeAvailability('T', live(kinds[shape], 'x', status, metadata), shape)).to.deep.equal({ type: 'T', ...expected }));
  }
});

describe('workload conditions', () => {
  const main = live(kinds.deployment, 'llama-kserve', { conditions: [available] });
  const prefill = live(kinds.deployment, 'llama-kserve-prefill', { conditions: [available] });
  const mainGroup = live(kinds.leaderWorkerSet, 'llama-kserve-mn', { conditions: [available] });
  const prefillGroup = live(kinds.leaderWorkerSet, 'llama-kserve-mn-prefill', { conditions: [available] });
  const all = [main, prefill, mainGroup, prefillGroup];
  const summary = (spec: LLMInferenceServiceSpec, stopped = false) =>
    ask(assessWorkloads(context({ spec, stopped })), all).map((c) => `${c.type} ${'clear' in c ? 'absent' : c.status}`);

  const table: [string, LLMInferenceServiceSpec, string[]][] = [
    ['nothing else', {}, ['True', 'absent', 'absent', 'absent']],
    ['prefill', { prefill: {} }, ['True', 'absent', 'True', 'absent']],
    ['prefill with worker', { prefill: { worker: {} } }, ['True', 'absent', 'absent', 'True']],
    ['worker', { worker: {} }, ['absent', 'True', 'absent', 'absent']],
    ['worker and prefill', { worker: {}, prefill: {} }, ['absent', 'True', 'True', 'absent']],
    ['both with workers', { worker: {}, prefill: { worker: {} } }, ['absent', 'True', 'absent', 'True']],
  ];
  for (const [what, spec, states] of table) {
    it(`follow the topology with ${what} (R3.51)`, () => {
      const types = ['MainWorkloadReady', 'WorkerWorkloadReady', 'PrefillWorkloadReady', 'PrefillWorkerWorkloadReady'];
      expect(summary(spec)).to.deep.equal(types.map((type, i) => `${type} ${states[i]}`));
    });
  }

  it('are all False for a stopped service, whatever the topology (R3.110)', () => {
    expect(summary({}, true).every((text) => text.endsWith('False'))).to.equal(true);
  });

  it('are only those of the stages that came to their end, when a later one failed (R3.42)', () => {
    const types = (stages: readonly ('multiNode' | 'singleNode')[]) =>
      ask(assessWorkloads(context({ spec: { worker: {}, prefill: {} } }), stages), all).map((c) => c.type);
    expect(types(['multiNode'])).to.deep.equal(['WorkerWorkloadReady', 'PrefillWorkerWorkloadReady']);
    expect(types([])).to.deep.equal([]);
  });

  it('say why the pods of a workload do not run, under the reason of the workload (B3.12)', () => {
    const waiting = live(kinds.deployment, 'llama-kserve', {
      conditions: [condition('Available', 'False', 'MinimumReplicasUnavailable', 'too few')],
    });
    const failing = pod(
      'p-1',
      { initContainerStatuses: [container('storage-initializer', { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } })] },
      { app: 'llama-kserve' },
    );
    const foreign = pod('p-0', { containerStatuses: [container('main', { waiting: { reason: 'ErrImagePull' } })] }, { app: 'other' });
    expect(ask(assessWorkloads(context()), [waiting, failing, foreign])[0]).to.deep.equal({
      type: 'MainWorkloadReady',
      status: 'False',
      reason: 'MinimumReplicasUnavailable',
      message: 'too few; Pod p-1: init container storage-initializer: ImagePullBackOff: no such image',
    });
  });

  it('say how far a Deployment is that its controller has looked at (B3.11)', () => {
    const conditions = [condition('Available', 'False', 'MinimumReplicasUnavailable', 'too few')];
    const message = (status: object, generation: number) => {
      const deployment = live(kinds.deployment, 'llama-kserve', { conditions, ...status }, { generation });
      const spec = { ...deployment.spec, replicas: 3 };
      return (ask(assessWorkloads(context()), [{ ...deployment, spec }])[0] as { message?: string }).message;
    };
    expect(message({ observedGeneration: 2, updatedReplicas: 2, availableReplicas: 1 }, 2)).to.equal(
      'too few; 2 of 3 replicas are up to date, 1 available',
    );
    expect(message({ observedGeneration: 2 }, 2)).to.equal('too few; 0 of 3 replicas are up to date, 0 available');
    expect(message({ observedGeneration: 1, updatedReplicas: 2 }, 2), 'of an older state').to.equal('');
    expect(message({}, 2), 'written by hand').to.equal('too few');
  });

  it('find the pods of a LeaderWorkerSet by its name', () => {
    const failing = pod(
      'p',
      { containerStatuses: [container('main', { waiting: { reason: 'ErrImagePull' } })] },
      { 'leaderworkerset.sigs.k8s.io/name': 'llama-kserve-mn' },
    );
    expect(ask(assessWorkloads(context({ spec: { worker: {} } })), [live(kinds.leaderWorkerSet, 'llama-kserve-mn'), failing])[1]).to.include({
      type: 'WorkerWorkloadReady',
      reason: 'Progressing',
      message: 'LWS is progressing; Pod p: container main: ErrImagePull',
    });
  });

  it('say that a LeaderWorkerSet has a name too long for its pods, while it is not available (B3.18)', () => {
    const name = 'n'.repeat(45);
    const spec: LLMInferenceServiceSpec = { worker: {}, prefill: { worker: {}, parallelism: { data: 2, dataLocal: 1 } } };
    const sets = (status: object = {}) => [`${name}-kserve-mn`, `${name}-kserve-mn-prefill`].map((set) => live(kinds.leaderWorkerSet, set, status));
    const told = (status?: object) =>
      ask(assessWorkloads(context({ name, spec })), sets(status)).flatMap((c) => ('clear' in c ? [] : [[c.type, c.reason, c.message]]));
    const text = (set: string, longest: number) =>
      `LWS is progressing; LeaderWorkerSet ${name}${set} has a name of ${(name + set).length} characters, and its pods may not start: their label controller-revision-hash adds to it and must not be longer than 63; create the service anew with a name of at most ${longest} characters`;
    expect(told()).to.deep.equal([
      ['WorkerWorkloadReady', 'Progressing', text('-kserve-mn', 42)],
      ['PrefillWorkerWorkloadReady', 'Progressing', text('-kserve-mn-prefill', 32)],
    ]);
    expect(told({ conditions: [available] }).map(([, , message]) => message)).to.deep.equal([undefined, undefined]);
  });
});

describe('explaining pods (B3.12)', () => {
  const main = (state: object, lastState: object = {}, ready = false) =>
    pod('p', { containerStatuses: [container('main', state, lastState, ready)] });
  const terminated = (exitCode: number, reason: string, message?: string) => ({ terminated: { exitCode, reason, ...(message ? { message } : {}) } });
  const running = { running: {} };

  const table: [string, Pod, string | undefined][] = [
    ['no status', pod('p', undefined), undefined],
    ['a container that is being created', main({ waiting: { reason: 'ContainerCreating' } }), undefined],
    ['a container that waits for init', main({ waiting: { reason: 'PodInitializing' } }), undefined],
    ['a running container that is not ready', main(running), undefined],
    ['a finished init container', pod('p', { initContainerStatuses: [container('init', terminated(0, 'Completed'))] }), undefined],
    [
      'an image that cannot be pulled',
      main({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' } }),
      'Pod p: container main: ImagePullBackOff: Back-off pulling image "x"',
    ],
    [
      'a crash loop',
      main({ waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s' } }, terminated(1, 'Error', 'CUDA error: no device\n')),
      'Pod p: container main: CrashLoopBackOff: exit code 1: CUDA error: no device',
    ],
    [
      'a crash loop out of memory',
      main({ waiting: { reason: 'CrashLoopBackOff' } }, terminated(137, 'OOMKilled')),
      'Pod p: container main: OOMKilled: exit code 137',
    ],
    [
      'a failed download',
      pod('p', { initContainerStatuses: [container('storage-initializer', terminated(1, 'Error', '403 Forbidden'))] }),
      'Pod p: init container storage-initializer: Error: exit code 1: 403 Forbidden',
    ],
    ['a container between two crashes', main(running, terminated(1, 'Error', 'bad flag')), 'Pod p: container main: Error: exit code 1: bad flag'],
    ['a container that recovered', main(running, terminated(1, 'Error'), true), undefined],
    [
      'no node for it',
      pod('p', {
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.' },
        ],
      }),
      'Pod p: Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
    ],
    [
      'an eviction',
      pod('p', { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' }),
      'Pod p: Evicted: The node was low on resource: ephemeral-storage.',
    ],
  ];
  for (const [what, p, expected] of table) {
    it(`${expected ? 'tells of' : 'is silent on'} ${what}`, () => expect(explainPods([p])).to.equal(expected));
  }

  it('prefers a failed container to a pod without node, and ignores pods that go', () => {
    const failing = main({ waiting: { reason: 'ErrImagePull' } });
    const unscheduled = pod('a', { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] });
    expect(explainPods([unscheduled, failing])).to.equal('Pod p: container main: ErrImagePull');
    const going = { ...failing, metadata: { name: 'p', deletionTimestamp: new Date(0) } };
    expect(explainPods([going])).to.equal(undefined);
  });

  it('keeps messages short, and depends on no order of pods', () => {
    const long = main({ waiting: { reason: 'CrashLoopBackOff' } }, terminated(1, 'Error', 'x'.repeat(5000)));
    expect(explainPods([long])?.length).to.equal(1024);
    const pods = ['a', 'b', 'c'].map((name) => ({ ...main({ waiting: { reason: `Reason${name}` } }), metadata: { name } }));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(pods, { minLength: 3 }),
        (shuffled) => void expect(explainPods(shuffled)).to.equal('Pod a: container main: Reasona'),
      ),
    );
  });
});

describe('status.workloads (R3.105)', () => {
  const deployment = (name: string, availableReplicas?: number) =>
    live(kinds.deployment, name, availableReplicas === undefined ? {} : { availableReplicas });
  const service = { kind: 'Service', name: 'llama-kserve-workload-svc' };

  it('counts available replicas of Deployments, 0 included', () => {
    const spec: LLMInferenceServiceSpec = { prefill: {}, router: { scheduler: { template: {} } } };
    const objects = [deployment('llama-kserve', 2), deployment('llama-kserve-prefill'), deployment('llama-kserve-router-scheduler', 1)];
    expect(ask(observeWorkloads(context({ spec })), objects)).to.deep.equal({
      workloads: {
        primary: { apiGroup: 'apps', kind: 'Deployment', name: 'llama-kserve', readyReplicas: 2 },
        prefill: { apiGroup: 'apps', kind: 'Deployment', name: 'llama-kserve-prefill', readyReplicas: 0 },
        service,
        scheduler: { apiGroup: 'apps', kind: 'Deployment', name: 'llama-kserve-router-scheduler', readyReplicas: 1 },
      },
    });
  });

  it('counts ready groups of LeaderWorkerSets', () => {
    const objects = [
      live(kinds.leaderWorkerSet, 'llama-kserve-mn', { readyReplicas: 3 }),
      live(kinds.leaderWorkerSet, 'llama-kserve-mn-prefill', { readyReplicas: 1 }),
    ];
    const { workloads } = ask(observeWorkloads(context({ spec: { worker: {}, prefill: { worker: {} } } })), objects);
    expect(workloads).to.deep.equal({
      primary: { apiGroup: 'leaderworkerset.x-k8s.io', kind: 'LeaderWorkerSet', name: 'llama-kserve-mn', readyReplicas: 3 },
      prefill: { apiGroup: 'leaderworkerset.x-k8s.io', kind: 'LeaderWorkerSet', name: 'llama-kserve-mn-prefill', readyReplicas: 1 },
      service,
    });
  });

  it('names a scheduler only when its Deployment is ours', () => {
    for (const scheduler of [{}, { template: {}, pool: { ref: { name: 'shared' } } }]) {
      const { workloads } = ask(observeWorkloads(context({ spec: { router: { scheduler } } })), [deployment('llama-kserve', 1)]);
      expect(workloads).to.have.all.keys('primary', 'service');
    }
  });

  it('names all workloads when none of them exists (R3.106)', () => {
    const { workloads, rejection } = ask(observeWorkloads(context({ spec: { prefill: {}, router: { scheduler: { template: {} } } } })));
    expect(workloads).to.have.all.keys('primary', 'prefill', 'service', 'scheduler');
    expect(workloads?.primary).to.not.have.property('readyReplicas');
    expect(rejection?.message).to.match(/^failed to read deployment llama-kserve for replica count:/);
  });

  it('keeps the counts read before one that is missing', () => {
    const { workloads, rejection } = ask(observeWorkloads(context({ spec: { prefill: { worker: {} } } })), [deployment('llama-kserve', 1)]);
    expect(workloads?.primary?.readyReplicas).to.equal(1);
    expect(rejection?.message).to.match(/^failed to read LWS llama-kserve-mn-prefill for replica count:/);
  });

  it('is removed when stopped (R3.107)', () => expect(ask(observeWorkloads(context({ stopped: true })))).to.deep.equal({ workloads: undefined }));
});
