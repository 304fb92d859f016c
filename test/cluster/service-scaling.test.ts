import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { Condition, KubeObject } from '../../api/kubernetes.ts';
import { AUTOSCALING_SETTINGS, annotations, labels, SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import type { ScalingSpec } from '../../api/types.ts';
import { type ServiceManifest, service } from '../support/manifests.ts';
import { type RunningOperator, startOperator } from '../support/operator.ts';
import { presetsCountAll } from '../support/presets-in-use.ts';
import { passesOf, rests, since, untilPassed, writesOf } from '../support/requests.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, given, has, hasNoCondition, isReady, type Place } from '../support/story.ts';

const { horizontalPodAutoscaler: hpaKind, scaledObject: scaledObjectKind } = kinds;
const HOLD = 'example.com/hold';

const byHpa: ScalingSpec = { minReplicas: 1, maxReplicas: 6, wva: { hpa: {} } };
const byVariantKeda: ScalingSpec = { minReplicas: 1, maxReplicas: 6, wva: { keda: {} } };
const byOwnTriggers: ScalingSpec = { minReplicas: 1, maxReplicas: 6, keda: { triggers: [{ type: 'cpu', metadata: { value: '60' } }] } };

const isTrue = (type: string): Condition => ({ type, status: 'True', reason: 'Test', message: '' });
const hpaStatus = (...conditions: Condition[]) => ({ status: { desiredReplicas: 1, conditions } });
const kedaStatus = (ready: Condition) => ({ status: { conditions: [ready, isTrue('Active'), isTrue('Fallback'), isTrue('Paused')] } });
const hpaWorks = hpaStatus(isTrue('AbleToScale'), isTrue('ScalingActive'));
const kedaWorks = kedaStatus(isTrue('Ready'));

const hasNo =
  (kind: Kind, suffix: string) =>
  async ({ admin, namespace, name }: Actor) =>
    expect(await admin.get(kind, namespace, childName(name, suffix)), `${kind.kind} ${suffix}`).to.equal(undefined);

describe('the autoscalers of a service', () => {
  let place: Place;
  let operator: RunningOperator;
  let stored: string | undefined;

  const settings = async (text: string | undefined) => {
    const { systemNamespace } = defaultOptions;
    await place.admin.patch(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP, { data: { [AUTOSCALING_SETTINGS]: text ?? null } });
  };

  before(async () => {
    operator = await sharedOperator();
    place = await openPlace('scaling');
    const configMap = await place.admin.get(kinds.configMap, defaultOptions.systemNamespace, SETTINGS_CONFIG_MAP);
    stored = (configMap?.data as Record<string, string> | undefined)?.[AUTOSCALING_SETTINGS];
    await settings('{"prometheus":{"url":"http://prometheus.monitoring:9090"}}');
  });
  afterEach(() => clear(place));
  after(() => settings(stored));

  const start = (manifest: ServiceManifest) => given(place, manifest);
  const works = (qwen: Actor, kind: Kind, suffix: string) => async () => {
    const { status } = await qwen.child(kind, suffix);
    if (!(status as { conditions?: unknown } | undefined)?.conditions) {
      await qwen.changeChild(kind, suffix, kind === hpaKind ? hpaWorks : kedaWorks, 'status');
    }
  };
  const replicasAre = (count: number) => has(kinds.deployment, suffixes.main, ({ spec }) => expect(spec).to.have.property('replicas', count));
  const scale = (qwen: Actor, replicas: number) => qwen.changeChild(kinds.deployment, suffixes.main, { spec: { replicas } });
  const restart = (qwen: Actor) => qwen.change({ spec: { annotations: { 'example.com/restarted': String(Date.now()) } } });

  it('decide its readiness, each phase by its own HPA, and the service follows them both ways (R6.44, R6.47)', async () => {
    const qwen = await start(service('qwen').with({ scaling: byHpa, prefill: { scaling: byHpa } }));
    await qwen.reaches(
      condition('ScalingReady', 'False', 'HPAProgressing', 'HPA conditions not yet available'),
      condition('PrefillScalingReady', 'False', 'HPAProgressing'),
      condition('WorkloadsReady', 'False', 'HPAProgressing'),
    );
    await qwen.changeChild(hpaKind, suffixes.hpa, hpaWorks, 'status');
    await qwen.changeChild(hpaKind, suffixes.prefillHpa, hpaWorks, 'status');
    await qwen.reaches(condition('ScalingReady', 'True'), condition('PrefillScalingReady', 'True'), isReady);

    const failed = {
      ...isTrue('ScalingActive'),
      status: 'False',
      reason: 'FailedGetExternalMetric',
      message: '100% of the metrics are gone',
    } as const;
    await qwen.changeChild(hpaKind, suffixes.prefillHpa, hpaStatus(isTrue('AbleToScale'), failed), 'status');
    await qwen.reaches(
      condition('PrefillScalingReady', 'False', failed.reason, failed.message),
      condition('ScalingReady', 'True'),
      condition('Ready', 'False', failed.reason, failed.message),
    );
    await qwen.changeChild(hpaKind, suffixes.prefillHpa, hpaWorks, 'status');
    await qwen.reaches(isReady);
  });

  it('may be a ScaledObject for a LeaderWorkerSet, with the words of KEDA (R6.17, R6.45)', async () => {
    const worker = { containers: [{ name: 'main', image: 'example.com/vllm:1' }] };
    const qwen = await start(service('qwen').with({ scaling: byOwnTriggers, worker, parallelism: { data: 2, dataLocal: 1 } }));
    await qwen.reaches(
      condition('ScalingReady', 'False', 'ScaledObjectProgressing', 'ScaledObject conditions not yet available'),
      has(scaledObjectKind, suffixes.keda, ({ metadata, spec }) => {
        expect(metadata).not.to.have.property('annotations');
        expect(spec).to.deep.include({
          scaleTargetRef: { apiVersion: 'leaderworkerset.x-k8s.io/v1', kind: 'LeaderWorkerSet', name: 'qwen-kserve-mn' },
          minReplicaCount: 1,
          maxReplicaCount: 6,
          triggers: byOwnTriggers.keda?.triggers,
        });
      }),
    );
    const broken = { ...isTrue('Ready'), status: 'False', reason: 'TriggerError', message: 'no such host' } as const;
    await qwen.changeChild(scaledObjectKind, suffixes.keda, kedaStatus(broken), 'status');
    await qwen.reaches(condition('ScalingReady', 'False', 'TriggerError', 'no such host'));
    await qwen.changeChild(scaledObjectKind, suffixes.keda, kedaWorks, 'status');
    await qwen.reaches(isReady);
  });

  it('keep the replicas they set, whatever the service changes (R6.19)', async () => {
    const qwen = await start(service('qwen').with({ scaling: byHpa }));
    await qwen.reaches(works(qwen, hpaKind, suffixes.hpa), isReady, replicasAre(1));
    await scale(qwen, 4);
    await restart(qwen);
    await qwen.reaches(
      isReady,
      replicasAre(4),
      has(kinds.deployment, suffixes.main, ({ spec }) => expect(JSON.stringify(spec)).to.include('example.com/restarted')),
    );
    await qwen.change({ spec: { scaling: null } });
    await qwen.reaches(isReady, hasNo(hpaKind, suffixes.hpa), hasNoCondition('ScalingReady'), replicasAre(4));
  });

  it('make room for a fixed count (R6.34)', async () => {
    const qwen = await start(service('qwen').with({ scaling: byOwnTriggers }));
    await qwen.reaches(works(qwen, scaledObjectKind, suffixes.keda), isReady);
    await qwen.change({ spec: { scaling: null, replicas: 3 } });
    await qwen.reaches(isReady, hasNo(scaledObjectKind, suffixes.keda), hasNoCondition('ScalingReady'), replicasAre(3));
  });

  it('stop and come back with the service (R6.48)', async () => {
    const scaling = { ...byHpa, minReplicas: 2 };
    const qwen = await start(service('qwen').with({ scaling, prefill: { scaling } }));
    await qwen.reaches(has(hpaKind, suffixes.hpa), has(hpaKind, suffixes.prefillHpa));
    await qwen.annotate(annotations.stop, 'true');
    await qwen.reaches(
      hasNo(hpaKind, suffixes.hpa),
      hasNo(hpaKind, suffixes.prefillHpa),
      hasNoCondition('ScalingReady'),
      hasNoCondition('PrefillScalingReady'),
    );
    await qwen.annotate(annotations.stop, null);
    await qwen.reaches(
      works(qwen, hpaKind, suffixes.hpa),
      works(qwen, hpaKind, suffixes.prefillHpa),
      has(hpaKind, suffixes.hpa, ({ spec }) => expect(spec).to.include({ minReplicas: 2, maxReplicas: 6 })),
      isReady,
    );
  });

  it('belong to the service but for what steers KEDA (R6.30, R6.31, 06 §12 item 6)', async () => {
    const qwen = await start(service('qwen').with({ scaling: byOwnTriggers, prefill: { scaling: byOwnTriggers } }));
    await qwen.reaches(has(scaledObjectKind, suffixes.keda), has(scaledObjectKind, suffixes.prefillKeda));
    const kept = { labels: { 'scaledobject.keda.sh/name': 'x' }, annotations: { 'autoscaling.keda.sh/paused-replicas': '3' } };
    await qwen.changeChild(scaledObjectKind, suffixes.keda, {
      metadata: {
        labels: { ...kept.labels, 'example.com/team': 'red' },
        annotations: { ...kept.annotations, 'llm-d.ai/managed': 'true' },
        finalizers: ['finalizer.keda.sh'],
      },
    });
    const isRight = has(scaledObjectKind, suffixes.keda, ({ metadata }) => {
      expect(metadata.annotations).to.deep.equal(kept.annotations);
      expect(metadata.labels).to.have.all.keys(labels.name, labels.partOf, labels.component, 'scaledobject.keda.sh/name');
      expect(metadata.finalizers).to.deep.equal(['finalizer.keda.sh']);
    });
    await qwen.reaches(isRight);
    await qwen.change({ spec: { scaling: { maxReplicas: 9 } } });
    await qwen.reaches(
      isRight,
      has(scaledObjectKind, suffixes.keda, ({ spec }) => expect(spec).to.include({ maxReplicaCount: 9 })),
    );
    await qwen.changeChild(scaledObjectKind, suffixes.keda, { metadata: { finalizers: null } });
  });

  describe('when the actuator is switched', () => {
    const switching = (type: string, message: RegExp) => condition(type, 'False', 'ActuatorSwitching', message);

    it('give way one after the other: HPA to KEDA, and the replicas stay (06 §12 item 3)', async () => {
      const qwen = await start(service('qwen').with({ scaling: byHpa }));
      await qwen.reaches(works(qwen, hpaKind, suffixes.hpa), isReady);
      await scale(qwen, 4);
      await qwen.changeChild(hpaKind, suffixes.hpa, { metadata: { finalizers: [HOLD] } });
      await qwen.change({ spec: { scaling: { wva: null, keda: byOwnTriggers.keda } } });
      await qwen.reaches(
        switching(
          'ScalingReady',
          /^ScaledObject qwen-kserve-keda is created once HorizontalPodAutoscaler qwen-kserve-hpa is gone.* example.com\/hold$/,
        ),
        hasNo(scaledObjectKind, suffixes.keda),
      );
      await qwen.changeChild(hpaKind, suffixes.hpa, { metadata: { finalizers: null } });
      await qwen.reaches(hasNo(hpaKind, suffixes.hpa), works(qwen, scaledObjectKind, suffixes.keda), isReady, replicasAre(4));
    });

    it('give way one after the other: KEDA to HPA, after the HPA of KEDA', async () => {
      const qwen = await start(service('qwen').with({ scaling: byVariantKeda, prefill: { scaling: byVariantKeda } }));
      await qwen.reaches(works(qwen, scaledObjectKind, suffixes.keda), works(qwen, scaledObjectKind, suffixes.prefillKeda), isReady);
      await scale(qwen, 4);
      const madeByKeda = await actAsKeda(qwen);
      await qwen.change({ spec: { scaling: { wva: { keda: null, hpa: {} } }, prefill: { scaling: { wva: { keda: null, hpa: {} } } } } });
      await qwen.reaches(
        switching('ScalingReady', /waits for finalizer.keda.sh$/),
        has(hpaKind, suffixes.prefillHpa),
        hasNo(hpaKind, suffixes.hpa),
        has(scaledObjectKind, suffixes.keda),
      );
      await qwen.changeChild(scaledObjectKind, suffixes.keda, { metadata: { finalizers: null } });
      await qwen.reaches(
        hasNo(scaledObjectKind, suffixes.keda),
        switching('ScalingReady', /once HorizontalPodAutoscaler keda-hpa-qwen-kserve-keda is gone/),
        hasNo(hpaKind, suffixes.hpa),
      );
      await place.admin.patch(hpaKind, place.namespace, madeByKeda, { metadata: { finalizers: null } });
      await qwen.reaches(works(qwen, hpaKind, suffixes.hpa), works(qwen, hpaKind, suffixes.prefillHpa), isReady, replicasAre(4));
    });

    /** The finalizer, and the HPA with the labels of the ScaledObject; a finalizer of ours shows the moment between the two deletions. */
    async function actAsKeda(qwen: Actor): Promise<string> {
      await qwen.changeChild(scaledObjectKind, suffixes.keda, { metadata: { finalizers: ['finalizer.keda.sh'] } });
      const { metadata, spec } = await qwen.child(scaledObjectKind, suffixes.keda);
      const name = `keda-hpa-${metadata.name}`;
      const owner = { apiVersion: scaledObjectKind.apiVersion, kind: scaledObjectKind.kind, name: metadata.name ?? '', uid: metadata.uid ?? '' };
      await place.admin.create({
        apiVersion: hpaKind.apiVersion,
        kind: hpaKind.kind,
        metadata: {
          name,
          namespace: place.namespace,
          labels: metadata.labels ?? {},
          finalizers: [HOLD],
          ownerReferences: [{ ...owner, controller: true }],
        },
        spec: { scaleTargetRef: (spec as { scaleTargetRef: unknown }).scaleTargetRef, maxReplicas: 6 },
      });
      return name;
    }

    it('keep the ScaledObject when only its triggers are others (R6.33)', async () => {
      const qwen = await start(service('qwen').with({ scaling: byVariantKeda }));
      await qwen.reaches(
        has(scaledObjectKind, suffixes.keda, ({ metadata }) => expect(metadata.annotations).to.include({ 'llm-d.ai/managed': 'true' })),
      );
      const { uid } = (await qwen.child(scaledObjectKind, suffixes.keda)).metadata;
      await qwen.changeChild(scaledObjectKind, suffixes.keda, { metadata: { finalizers: ['finalizer.keda.sh'] } });
      await qwen.change({ spec: { scaling: { wva: null, keda: byOwnTriggers.keda } } });
      await qwen.reaches(
        has(scaledObjectKind, suffixes.keda, ({ metadata, spec }) => {
          expect(metadata).to.deep.include({ uid, finalizers: ['finalizer.keda.sh'] });
          expect(metadata).not.to.have.property('annotations');
          expect(spec).to.deep.include({ triggers: byOwnTriggers.keda?.triggers });
        }),
      );
      await qwen.changeChild(scaledObjectKind, suffixes.keda, { metadata: { finalizers: null } });
    });
  });

  describe('under the name of somebody else', () => {
    const foreignHpa = (name: string): KubeObject => ({
      apiVersion: hpaKind.apiVersion,
      kind: hpaKind.kind,
      metadata: { name, namespace: place.namespace },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'another' }, maxReplicas: 2 },
    });
    const foreignScaledObject = (name: string): KubeObject => ({
      apiVersion: scaledObjectKind.apiVersion,
      kind: scaledObjectKind.kind,
      metadata: { name, namespace: place.namespace, labels: { [labels.partOf]: 'llminferenceservice' } },
      spec: { scaleTargetRef: { name: 'another' }, triggers: byOwnTriggers.keda?.triggers },
    });

    it('are a conflict where they are wanted, and nothing else stops for it (06 §12 items 10 and 11)', async () => {
      await place.admin.create(foreignHpa('qwen-kserve-hpa'));
      const qwen = await start(service('qwen').with({ scaling: byHpa }));
      await qwen.reaches(
        condition('ScalingReady', 'False', 'ActuatorConflict', /failed to update v2.HorizontalPodAutoscaler .*: it is not controlled by/),
        condition('WorkloadsReady', 'False', 'ActuatorConflict'),
        condition('MainWorkloadReady', 'True'),
        condition('RouterReady', 'True'),
        has(hpaKind, suffixes.hpa, ({ metadata }) => expect(metadata).not.to.have.property('ownerReferences')),
        async () => expect((await qwen.events()).map(({ reason }) => reason)).to.include('Error'),
      );
      await place.admin.delete(hpaKind, place.namespace, 'qwen-kserve-hpa');
      await qwen.reaches(works(qwen, hpaKind, suffixes.hpa), isReady);
    });

    it('are nobody’s business where they are not', async () => {
      await place.admin.create(foreignScaledObject('qwen-kserve-keda'));
      const qwen = await start(service('qwen').with({ replicas: 1 }));
      await qwen.reaches(isReady, has(scaledObjectKind, suffixes.keda));
      await place.admin.delete(scaledObjectKind, place.namespace, 'qwen-kserve-keda');
    });
  });

  it('follow the settings of the installation, and only those that need them are concerned (R6.13, 06 §12 item 15)', async () => {
    const variant = await start(service('variant').with({ scaling: byVariantKeda }));
    const direct = await start(service('direct').with({ scaling: byOwnTriggers }));
    const trigger = (check: (trigger: { metadata: Record<string, string>; authenticationRef?: object }) => unknown) =>
      has(scaledObjectKind, suffixes.keda, ({ spec }) => check((spec as { triggers: [never] }).triggers[0]));
    await variant.reaches(trigger(({ metadata }) => expect(metadata).to.include({ serverAddress: 'http://prometheus.monitoring:9090' })));
    try {
      const prometheus = {
        url: 'https://thanos.monitoring:9091',
        tlsInsecureSkipVerify: true,
        authModes: 'bearer',
        triggerAuthName: 'prom-bearer-auth',
        triggerAuthKind: 'ClusterTriggerAuthentication',
      };
      await settings(JSON.stringify({ prometheus }));
      await variant.reaches(
        trigger(({ metadata, authenticationRef }) => {
          expect(metadata).to.include({ serverAddress: prometheus.url, unsafeSsl: 'true', authModes: 'bearer' });
          expect(authenticationRef).to.deep.equal({ name: 'prom-bearer-auth', kind: 'ClusterTriggerAuthentication' });
        }),
      );
      await settings('{"prometheus":');
      await direct.reaches(works(direct, scaledObjectKind, suffixes.keda), isReady, async ({ admin }) => {
        const { items } = await admin.list(kinds.event, defaultOptions.systemNamespace);
        const told = items.filter((event) => (event.involvedObject as KubeObject['metadata']).name === SETTINGS_CONFIG_MAP);
        expect(told.map(({ type, message }) => `${type} ${message}`).join('\n')).to.match(
          /^Warning .*failed to parse autoscaling-wva-controller-config/m,
        );
      });
      await variant.reaches(
        works(variant, scaledObjectKind, suffixes.keda),
        trigger(({ metadata }) => expect(metadata).to.include({ serverAddress: prometheus.url })),
        isReady,
      );

      await settings(undefined);
      await variant.reaches(
        condition('ScalingReady', 'False', 'ReconcileScalingError', /autoscaling-wva-controller-config.prometheus.url is required/),
        condition('MainWorkloadReady', 'True'),
        condition('RouterReady', 'True'),
        has(scaledObjectKind, suffixes.keda),
      );
      await direct.reaches(isReady);
    } finally {
      await settings('{"prometheus":{"url":"http://prometheus.monitoring:9090"}}');
    }
    await variant.reaches(works(variant, scaledObjectKind, suffixes.keda), isReady);
  });

  it('leave readiness and the keys of others alone where the installation says so (06 §12 items 6 and 12)', async () => {
    const site = await siteWithoutOperator();
    const options = { ...site.options, readyNeedsScaling: false, keptAutoscalerKeys: ['argocd.argoproj.io/'] };
    const lenient = await startOperator({ ...site, options });
    try {
      const qwen = await start(service('qwen').with({ scaling: byHpa }));
      await qwen.reaches(condition('ScalingReady', 'False', 'HPAProgressing'), condition('WorkloadsReady', 'True'), isReady);
      const kept = { 'argocd.argoproj.io/tracking-id': 'x' };
      await qwen.changeChild(hpaKind, suffixes.hpa, { metadata: { annotations: { ...kept, 'example.com/note': 'y' } } });
      await qwen.reaches(
        has(hpaKind, suffixes.hpa, ({ metadata }) => expect(metadata.annotations).to.include(kept).and.not.have.property('example.com/note')),
      );
    } finally {
      await lenient.stop();
      operator = await sharedOperator();
    }
  });

  it('cost a settled service no write, and not even a pass when an autoscaler only notes what it saw', async () => {
    const qwen = await start(service('qwen').with({ scaling: byHpa, prefill: { scaling: byHpa } }));
    const other = await start(service('other').with({ scaling: byVariantKeda }));
    await qwen.reaches(works(qwen, hpaKind, suffixes.hpa), works(qwen, hpaKind, suffixes.prefillHpa), isReady);
    await other.reaches(works(other, scaledObjectKind, suffixes.keda), isReady, presetsCountAll, () => rests(operator));
    const touch = (actor: Actor) => untilPassed(operator, () => actor.annotate('example.com/touched', String(Math.random())));
    await touch(qwen);
    await touch(other);
    const before = await writesOf(operator);
    const passes = await passesOf(operator);
    await qwen.changeChild(
      hpaKind,
      suffixes.hpa,
      { status: { ...hpaWorks.status, currentReplicas: 5, lastScaleTime: new Date().toISOString() } },
      'status',
    );
    await touch(other);
    expect(await passesOf(operator), 'passes').to.equal(passes + 1);
    await touch(qwen);
    await untilPassed(operator, () => restartOfAutoscaler(qwen));
    expect(since(before, await writesOf(operator))).to.deep.equal({});
  });

  /** The HPA says the same in other words: a change of its conditions that the service shows nothing of. */
  const restartOfAutoscaler = (qwen: Actor) =>
    qwen.changeChild(hpaKind, suffixes.hpa, hpaStatus({ ...isTrue('AbleToScale'), reason: 'ReadyForNewScale' }, isTrue('ScalingActive')), 'status');
});
