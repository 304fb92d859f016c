import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { Deployment } from '../../api/kubernetes.ts';
import { annotations } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { clear, condition, given, has, hasChildren, hasNoCondition, isReady, type Place } from '../support/story.ts';

const WORKLOAD = ['Deployment/qwen-kserve', 'Secret/qwen-kserve-self-signed-certs', 'Service/qwen-kserve-workload-svc'];

describe('a service', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('stop');
  });
  afterEach(() => clear(place));

  it('stops and resumes without losing what it is made of', async () => {
    const qwen = await given(place, service('qwen').withReplicas(2));
    await qwen.reaches(isReady);
    const children = [...(await qwen.children()).keys()];

    await qwen.annotate(annotations.stop, 'true');
    await qwen.reaches(condition('Ready', 'False', 'Stopped'), condition('MainWorkloadReady', 'False', 'Stopped'), hasChildren([]));

    await qwen.annotate(annotations.stop, null);
    await qwen.reaches(
      isReady,
      hasChildren(children),
      has(kinds.deployment, suffixes.main, (child) => expect((child as unknown as Deployment).spec?.replicas).to.equal(2)),
    );
    const reasons = (await qwen.events()).map(({ reason }) => reason);
    expect(reasons).to.include.members(['LLMInferenceServiceReady', 'LLMInferenceServiceNotReady', 'Deleted']);
    expect(reasons).not.to.include('Error');
  });

  it('can be created stopped', async () => {
    const qwen = await given(place, service('qwen').annotated(annotations.stop, 'TRUE'));
    await qwen.reaches(condition('Ready', 'False', 'Stopped'), hasChildren([]));
    await qwen.annotate(annotations.stop, 'false');
    await qwen.reaches(isReady);
  });

  it('stops although what it is made of cannot be worked out any more, and says so (R3.112, B3.9)', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady);
    const template = { serviceAccountName: 'gone', containers: [{ name: 'main' }] };
    await qwen.change({ spec: { baseRefs: [{ name: 'not-there' }], model: { uri: 'nowhere' }, template } });
    await qwen.reaches(
      condition('PresetsCombined', 'False', 'ConfigNotFound'),
      has(kinds.deployment, suffixes.main, () => undefined),
    );

    await qwen.annotate(annotations.stop, 'true');
    await qwen.reaches(
      condition('PresetsCombined', 'False', 'Stopped', /^Service is stopped with warning: /),
      ...['MainWorkloadReady', 'WorkerWorkloadReady', 'PrefillWorkloadReady', 'PrefillWorkerWorkloadReady', 'WorkloadsReady', 'Ready'].map((type) =>
        condition(type, 'False', 'Stopped'),
      ),
      hasChildren([]),
    );
    expect((await qwen.stored()).status).not.to.have.property('workloads');

    await qwen.change({ spec: { baseRefs: null, model: { uri: 'hf://Qwen/Qwen2.5-7B-Instruct' }, template: null } as never });
    await qwen.reaches(condition('PresetsCombined', 'True'));
    await qwen.annotate(annotations.stop, null);
    await qwen.reaches(isReady, ...['WorkerWorkloadReady', 'PrefillWorkloadReady', 'PrefillWorkerWorkloadReady'].map((type) => hasNoCondition(type)));
  });

  it('never has workloads when it is created stopped with a config that does not exist (R3.112)', async () => {
    const idle = await given(place, service('idle').basedOn('not-there').annotated(annotations.stop, 'true'));
    await idle.reaches(condition('PresetsCombined', 'False', 'Stopped', /^Service is stopped with warning: .*not-there/), hasChildren([]));
    expect((await idle.events()).map(({ reason }) => reason)).to.deep.equal([]);
  });

  it('keeps its workload when the router is taken away', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady);
    await qwen.change({ spec: { router: null } });
    await qwen.reaches(
      isReady,
      hasChildren(WORKLOAD),
      hasNoCondition('HTTPRoutesReady'),
      hasNoCondition('InferencePoolReady'),
      hasNoCondition('SchedulerWorkloadReady'),
    );
    const { status } = await qwen.stored();
    expect(status?.router).to.equal(undefined);
    // R5.76
    expect(status?.addresses).to.deep.equal([{ url: `http://qwen-kserve-workload-svc.${place.namespace}.svc.cluster.local` }]);
    expect(status?.appliedConfigs?.map(({ name }) => name)).to.deep.equal(['kserve-config-llm-template']);
  });

  it('routes to its workload directly when the scheduler is taken away, and through the pool when it is back', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(isReady);
    const children = [...(await qwen.children()).keys()];

    await qwen.change({ spec: { router: { scheduler: null } } });
    await qwen.reaches(isReady, hasChildren([...WORKLOAD, 'HTTPRoute/qwen-kserve-route']), hasNoCondition('InferencePoolReady'));
    const kindsOfBackends = async () => {
      const { rules } = (await qwen.child(kinds.httpRoute, suffixes.route)).spec as { rules: { backendRefs: { kind: string }[] }[] };
      return new Set(rules.flatMap(({ backendRefs }) => backendRefs.map(({ kind }) => kind)));
    };
    expect(await kindsOfBackends()).to.deep.equal(new Set(['Service']));

    await qwen.change({ spec: { router: { scheduler: {} } } });
    await qwen.reaches(isReady, hasChildren(children));
    expect(await kindsOfBackends()).to.deep.equal(new Set(['Service', 'InferencePool']));
  });

  it('loses its finalizer and its objects when it is deleted before it was ever ready', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.delete();
    await qwen.reaches(hasChildren([]), async () => expect(await place.admin.get(kinds.service, place.namespace, 'qwen')).to.equal(undefined));
    const bindings = (await place.admin.list(kinds.clusterRoleBinding)).items.map(({ metadata }) => metadata.name);
    expect(bindings).not.to.include(`${place.namespace}-qwen-epp-auth-rb`);
  });
});
