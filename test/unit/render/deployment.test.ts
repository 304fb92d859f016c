import { expect } from 'chai';
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { find, identity, render, stage } from '../../support/rendered-workloads.ts';
import { account, ownedByLlama, pod, podWithSidecar, workloadContext } from '../../support/workload-fixtures.ts';

const main = (spec: LLMInferenceServiceSpec = {}, metadata = {}, objects?: readonly object[]) =>
  find(render(workloadContext({ spec, metadata }), objects), 'llama-kserve');

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
    const live = (matchLabels: Record<string, string>, status: object = {}): KubeObject =>
      ownedByLlama({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'llama-kserve' },
        spec: { replicas: 3, selector: { matchLabels }, template: { metadata: { labels: matchLabels } } },
        status,
      });
    const serving = { observedGeneration: 1, availableReplicas: 2 };
    const asDecode = identity('llminferenceservice-workload', 'decode');
    const podOf = (name: string, labels: Record<string, string>, metadata: object = {}): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'ml', labels, ...metadata },
    });
    const against = (object: KubeObject | readonly KubeObject[], spec: LLMInferenceServiceSpec = {}) => {
      const stages = render(workloadContext({ spec }), [object].flat());
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

    for (const [what, status] of [
      ['serves nobody', { observedGeneration: 1 }],
      ['has no controller (R3.120b)', { availableReplicas: 1 }],
    ] as const) {
      it(`is made anew with the replicas it has when the selector does not fit and it ${what}`, () => {
        const result = against(live(asDecode, status));
        expect(result.stage.recreate?.map(({ name, keepsPods }) => `${name} ${keepsPods}`)).to.deep.equal(['llama-kserve false']);
        expect(result.stage.events?.map(({ reason }) => reason)).to.deep.equal(['WorkloadRecreated']);
        expect(result.spec.replicas).to.equal(3);
        expect(result.spec.selector.matchLabels['llm-d.ai/role']).to.equal('both');
      });
    }

    it('lets go of its pods when it serves and the selector does not fit', () => {
      const result = against(live(asDecode, serving));
      expect(result.stage.recreate?.map(({ name, keepsPods }) => `${name} ${keepsPods}`)).to.deep.equal(['llama-kserve true']);
    });

    it('is waited for while it goes, whatever it says about its pods then', () => {
      const { metadata, ...rest } = live(asDecode, { observedGeneration: 2 });
      const going = { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } } as KubeObject;
      expect(against(going).stage.recreate?.map(({ keepsPods }) => keepsPods)).to.deep.equal([true]);
    });

    const core = {
      'app.kubernetes.io/component': 'llminferenceservice-workload',
      'app.kubernetes.io/name': 'llama',
      'app.kubernetes.io/part-of': 'llminferenceservice',
    };
    it('is followed by one that takes over pods that were let go, as many as there are', () => {
      const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
      const { spec } = against([podOf('a', asDecode), podOf('b', asDecode), podOf('c', asDecode, going)]);
      expect(spec.selector).to.deep.equal({ matchLabels: core });
      expect(spec.replicas).to.equal(2);
      expect(against([podOf('a', asDecode)], { replicas: 5 }).spec.replicas).to.equal(5);
    });
    it('is followed by an ordinary one when there are no such pods', () => {
      const both = identity('llminferenceservice-workload', 'both');
      const { spec } = against([podOf('a', both), podOf('p', identity('llminferenceservice-workload-prefill', 'prefill'))]);
      expect(spec.selector).to.deep.equal({ matchLabels: both });
      expect(spec).to.not.have.property('replicas');
    });

    it('stays, and the user is told what to do, when it serves and no selector fits both (B3.1)', () => {
      const stages = render(workloadContext({ spec: { labels: { 'app.kubernetes.io/name': 'other' } } }), [live(asDecode, serving)]);
      const { rejection, recreate } = stage(stages, 'singleNode');
      expect(rejection?.message).to.match(/delete it to have it made anew \(kubectl delete deployment llama-kserve -n ml\)$/);
      expect(recreate ?? []).to.deep.equal([]);
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
    it('reads the pool of the group that is there (B4.20)', () => {
      const command = ['/app/pd-sidecar', '--pool-group=inference.networking.x-k8s.io'];
      const group = (scheduler: object, notServed: readonly Kind[] = []) => {
        const context = workloadContext({ spec: { template: podWithSidecar({ command }), router: { scheduler } } });
        return find(render(context, [], { notServed }), 'llama-kserve').spec.template.spec.initContainers?.[0]?.command?.[1];
      };
      expect(group({})).to.equal('--pool-group=inference.networking.x-k8s.io');
      expect(group({}, [kinds.inferencePoolAlpha])).to.equal('--pool-group=inference.networking.k8s.io');
      expect(group({ pool: { ref: { name: 'shared' } } })).to.equal('--pool-group=inference.networking.k8s.io');
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

  it('tells that no container uses the devices, for each kind of pod', () => {
    const annotations = { 'serving.kserve.io/exp-dra-device-class': 'gpu', 'serving.kserve.io/exp-dra-container-name': 'guard' };
    const told = (spec: LLMInferenceServiceSpec) =>
      render(workloadContext({ metadata: { annotations }, spec }))
        .flatMap(({ events = [] }) => events)
        .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    const text = (title: string) =>
      `Warning DeviceClaimNotUsed The ${title} has no container named guard: the devices are claimed, but no container uses them`;
    const guarded = { containers: [{ name: 'main' }, { name: 'guard' }] };
    expect(told({ prefill: { template: guarded } })).to.deep.equal([text('main deployment')]);
    expect(told({ worker: pod(), prefill: { template: guarded, worker: pod() } })).to.deep.equal(
      ['leader template', 'worker template', 'prefill worker template'].map(text),
    );
  });

  it('tells that changes of the storage initializer have no effect, and that no container gets the model', () => {
    const template = pod({ name: 'vllm' }, { initContainers: [{ name: 'storage-initializer', args: ['x'] }] });
    const events = stage(render(workloadContext({ spec: { template } })), 'singleNode').events;
    expect(events?.map(({ type, reason }) => `${type} ${reason}`)).to.deep.equal(['Warning StorageInitializerOverride', 'Warning ModelNotMounted']);
  });
});
