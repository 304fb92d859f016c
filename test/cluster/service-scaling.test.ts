import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { annotations, labels, SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import {
  byHpa,
  byOwnTriggers,
  byVariantKeda,
  configureAutoscaling,
  hpaStatus,
  hpaWorks,
  isTrue,
  kedaStatus,
  kedaWorks,
  replicasAre,
  scale,
  works,
} from '../support/autoscalers.ts';
import { type ServiceManifest, service } from '../support/manifests.ts';
import { type RunningOperator, startOperator } from '../support/operator.ts';
import { presetsCountAll } from '../support/presets-in-use.ts';
import { passesOf, rests, since, untilPassed, writesOf } from '../support/requests.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, given, has, hasNoCondition, isReady, lacks, type Place } from '../support/story.ts';

const { horizontalPodAutoscaler: hpaKind, scaledObject: scaledObjectKind } = kinds;

describe('the autoscalers of a service', () => {
  let place: Place;
  let operator: RunningOperator;

  const settings = (text: string | null) => configureAutoscaling(place.admin, text);

  before(async () => {
    operator = await sharedOperator();
    place = await openPlace('scaling');
    await settings('{"prometheus":{"url":"http://prometheus.monitoring:9090"}}');
  });
  afterEach(() => clear(place));
  after(() => settings(null));

  const start = (manifest: ServiceManifest) => given(place, manifest);
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
    await qwen.reaches(works(hpaKind, suffixes.hpa), isReady, replicasAre(1));
    await scale(qwen, 4);
    await restart(qwen);
    await qwen.reaches(
      isReady,
      replicasAre(4),
      has(kinds.deployment, suffixes.main, ({ spec }) => expect(JSON.stringify(spec)).to.include('example.com/restarted')),
    );
    await qwen.change({ spec: { scaling: null } });
    await qwen.reaches(isReady, lacks(hpaKind, suffixes.hpa), hasNoCondition('ScalingReady'), replicasAre(4));
  });

  it('make room for a fixed count (R6.34)', async () => {
    const qwen = await start(service('qwen').with({ scaling: byOwnTriggers }));
    await qwen.reaches(works(scaledObjectKind, suffixes.keda), isReady);
    await qwen.change({ spec: { scaling: null, replicas: 3 } });
    await qwen.reaches(isReady, lacks(scaledObjectKind, suffixes.keda), hasNoCondition('ScalingReady'), replicasAre(3));
  });

  it('stop and come back with the service (R6.48)', async () => {
    const scaling = { ...byHpa, minReplicas: 2 };
    const qwen = await start(service('qwen').with({ scaling, prefill: { scaling } }));
    await qwen.reaches(has(hpaKind, suffixes.hpa), has(hpaKind, suffixes.prefillHpa));
    await qwen.annotate(annotations.stop, 'true');
    await qwen.reaches(
      lacks(hpaKind, suffixes.hpa),
      lacks(hpaKind, suffixes.prefillHpa),
      hasNoCondition('ScalingReady'),
      hasNoCondition('PrefillScalingReady'),
    );
    await qwen.annotate(annotations.stop, null);
    await qwen.reaches(
      works(hpaKind, suffixes.hpa),
      works(hpaKind, suffixes.prefillHpa),
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
      await direct.reaches(works(scaledObjectKind, suffixes.keda), isReady, async ({ admin }) => {
        const { items } = await admin.list(kinds.event, defaultOptions.systemNamespace);
        const told = items.filter((event) => (event.involvedObject as KubeObject['metadata']).name === SETTINGS_CONFIG_MAP);
        expect(told.map(({ type, message }) => `${type} ${message}`).join('\n')).to.match(
          /^Warning .*failed to parse autoscaling-wva-controller-config/m,
        );
      });
      await variant.reaches(
        works(scaledObjectKind, suffixes.keda),
        trigger(({ metadata }) => expect(metadata).to.include({ serverAddress: prometheus.url })),
        isReady,
      );

      await settings(null);
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
    await variant.reaches(works(scaledObjectKind, suffixes.keda), isReady);
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
    await qwen.reaches(works(hpaKind, suffixes.hpa), works(hpaKind, suffixes.prefillHpa), isReady);
    await other.reaches(works(scaledObjectKind, suffixes.keda), isReady, presetsCountAll, () => rests(operator));
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
