import { expect } from 'chai';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { find, identity, render, stage } from '../../support/rendered-workloads.ts';
import { account, ownedByLlama, pod, podWithSidecar, workloadContext } from '../../support/workload-fixtures.ts';

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
    expect(leaderWorkerTemplate.workerTemplate.metadata.labels).to.deep.equal(identity('llminferenceservice-workload-worker', 'decode'));
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
    const live = (subGroupSize: number, status: object = {}) =>
      ownedByLlama({
        apiVersion: 'leaderworkerset.x-k8s.io/v1',
        kind: 'LeaderWorkerSet',
        metadata: { name: 'llama-kserve-mn-prefill' },
        spec: { replicas: 3, leaderWorkerTemplate: { subGroupPolicy: { subGroupSize } } },
        status,
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
    it('stays when it serves, and the user is told what to do (B3.18)', () => {
      const { rejection, recreate } = stage(render(workloadContext({ spec }), [live(4, { readyReplicas: 1 })]), 'multiNode');
      expect(rejection?.message).to.match(/delete it to have it made anew \(kubectl delete leaderworkerset llama-kserve-mn-prefill -n ml\)$/);
      expect(recreate ?? []).to.deep.equal([]);
    });
  });
});
