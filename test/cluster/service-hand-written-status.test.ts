import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { suffixes } from '../../api/names.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { config, service } from '../support/manifests.ts';
import type { RunningOperator } from '../support/operator.ts';
import { rests, untilPassed } from '../support/requests.ts';
import { sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, given, has, hasNoCondition, isReady, type Place } from '../support/story.ts';

const available = (status: 'True' | 'False') => ({ type: 'Available', status });
const plain = service('qwen').without('router');

/** How other suites that run against a bare API server act as controllers, and what they look at (R3.120 - R3.121). */
describe('a service whose children get their status from a test', () => {
  let place: Place;
  let operator: RunningOperator;

  before(async () => {
    operator = await sharedOperator();
    place = { admin: (await cluster()).admin, namespace: await namespace('hand-written') };
  });
  afterEach(() => clear(place));

  const readiness = async (actor: Actor) =>
    (await actor.events())
      .filter(({ reason }) => reason.startsWith('LLMInferenceService'))
      .map(({ type, reason, message }) => ({ type, reason, message }));

  it('takes the object as it was first read: its status can be written with that version (R3.43a)', async () => {
    const qwen = await given(place, plain);
    const first = await eventually(() => qwen.child(kinds.deployment, suffixes.main));
    expect(first.spec).to.include({ replicas: 1 });
    const status = { replicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [available('True'), available('True')] };
    await qwen.reaches(condition('MainWorkloadReady', 'False', 'Progressing'), () => rests(operator));
    await place.admin.request({
      method: 'PUT',
      path: `/apis/apps/v1/namespaces/${place.namespace}/deployments/${first.metadata.name}/status`,
      body: { ...first, status },
    });
    await qwen.reaches(isReady);
    expect((await qwen.stored()).status?.workloads).to.deep.equal({
      primary: { apiGroup: 'apps', kind: 'Deployment', name: 'qwen-kserve', readyReplicas: 1 },
      service: { kind: 'Service', name: 'qwen-kserve-workload-svc' },
    });
  });

  it('is ready by a condition alone, and says by events when it is and when it is not any more (R3.10)', async () => {
    const qwen = await given(place, plain.named('told'));
    const write = (status: 'True' | 'False') =>
      qwen.changeChild(kinds.deployment, suffixes.main, { status: { conditions: [available(status)] } }, 'status');
    await qwen.reaches(has(kinds.deployment, suffixes.main));
    await write('True');
    await qwen.reaches(isReady);
    await write('False');
    await qwen.reaches(condition('Ready', 'False'));
    await write('True');
    await qwen.reaches(isReady);
    const ready = { type: 'Normal', reason: 'LLMInferenceServiceReady', message: 'LLMInferenceService [told] is Ready' };
    const notReady = {
      type: 'Warning',
      reason: 'LLMInferenceServiceNotReady',
      message: 'LLMInferenceService [told] is no longer Ready because of: MainWorkloadReady, WorkloadsReady',
    };
    await qwen.reaches(async () => expect(await readiness(qwen)).to.have.deep.members([ready, notReady]));

    const { resourceVersion, generation } = (await qwen.stored()).metadata;
    await untilPassed(operator, () => qwen.annotate('example.com/touched', '1'));
    const touched = (await qwen.stored()).metadata;
    expect(touched.generation).to.equal(generation);
    expect(touched.resourceVersion).not.to.equal(resourceVersion);
    await untilPassed(operator, () => qwen.changeChild(kinds.deployment, suffixes.main, { metadata: { annotations: { 'example.com/a': '1' } } }));
    expect((await qwen.stored()).metadata.resourceVersion, 'nothing to tell').to.equal(touched.resourceVersion);
    expect(await readiness(qwen)).to.have.length(2);
  });

  it('counts current when no generation was observed, on several nodes too (R3.120b)', async () => {
    const many = await given(place, plain.named('many').with({ worker: {}, parallelism: { data: 2, dataLocal: 1 }, prefill: {} }));
    await many.reaches(has(kinds.leaderWorkerSet, suffixes.mainMultiNode), has(kinds.deployment, suffixes.prefill));
    const group = { ...available('True'), reason: 'AllGroupsReady', message: 'All replicas are ready', lastTransitionTime: '2026-01-01T00:00:00Z' };
    await many.changeChild(kinds.leaderWorkerSet, suffixes.mainMultiNode, { status: { conditions: [group] } }, 'status');
    await many.reaches(condition('WorkerWorkloadReady', 'True'), condition('PrefillWorkloadReady', 'False', 'Progressing'));
    await many.changeChild(kinds.deployment, suffixes.prefill, { status: { conditions: [available('True')] } }, 'status');
    await many.reaches(isReady, hasNoCondition('MainWorkloadReady'));
    // A second generation, which nobody observes either.
    await many.change({ spec: { replicas: 2 } });
    await many.reaches(
      has(kinds.leaderWorkerSet, suffixes.mainMultiNode, (child) => expect(child.spec).to.include({ replicas: 2 })),
      isReady,
    );
  });

  it('keeps the replicas that somebody sets, and takes over those the service states (R3.41, B3.26)', async () => {
    for (const [name, shape, kind, suffix] of [
      ['one', {}, kinds.deployment, suffixes.main],
      ['many', { worker: {}, parallelism: { data: 2, dataLocal: 1 } }, kinds.leaderWorkerSet, suffixes.mainMultiNode],
    ] as const) {
      const actor = await given(place, plain.named(name).with(shape));
      await actor.reaches(has(kind, suffix));
      await untilPassed(operator, () => actor.changeChild(kind, suffix, { spec: { replicas: 3 } }));
      await untilPassed(operator, () => actor.change({ metadata: { annotations: { 'prometheus.io/scrape': 'true' } } }));
      await actor.reaches(
        has(kind, suffix, ({ metadata, spec }: KubeObject) => {
          expect(metadata.annotations).to.include({ 'prometheus.io/scrape': 'true' });
          expect(spec).to.include({ replicas: 3 });
        }),
      );
      await actor.change({ spec: { replicas: 2 } });
      await actor.reaches(has(kind, suffix, ({ spec }: KubeObject) => expect(spec).to.include({ replicas: 2 })));
    }
  });

  it('keeps the config it names when that is deleted as soon as there is a Deployment (R3.120c)', async () => {
    const base = config('base', { replicas: 2 });
    await place.admin.create({ ...base, metadata: { ...base.metadata, namespace: place.namespace } });
    const qwen = await given(place, plain.basedOn('base'));
    await eventually(() => qwen.child(kinds.deployment, suffixes.main));
    await place.admin.delete(kinds.config, place.namespace, 'base');
    const kept = await place.admin.get(kinds.config, place.namespace, 'base');
    expect(kept?.metadata.deletionTimestamp).to.be.a('string');
    await untilPassed(operator, () => qwen.annotate('example.com/touched', '1'));
    await qwen.reaches(condition('PresetsCombined', 'True'));
    expect(await place.admin.get(kinds.config, place.namespace, 'base')).not.to.equal(undefined);
    await qwen.delete();
    await eventually(async () => expect(await place.admin.get(kinds.config, place.namespace, 'base')).to.equal(undefined));
  });

  it('takes what typed clients send for what they mean (R3.120d)', async () => {
    const base = config('typed', { model: { uri: '' }, template: { containers: null } } as never);
    await place.admin.create({ ...base, metadata: { ...base.metadata, namespace: place.namespace } });
    const spec = {
      model: { uri: 'hf://a/b', name: 'b' },
      template: { containers: [{ name: 'main', resources: {} }] },
      router: { gateway: {}, route: {}, scheduler: {} },
    };
    const qwen = await given(place, plain.basedOn('typed').with(spec));
    await qwen.reaches(
      condition('PresetsCombined', 'True'),
      has(kinds.deployment, suffixes.main),
      has(kinds.deployment, suffixes.scheduler),
      has(kinds.httpRoute, suffixes.route),
    );
    expect((await qwen.stored()).status?.appliedConfigs?.map(({ name }) => name)).to.include.members(['typed', 'kserve-config-llm-template']);
  });
});
