import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { labels } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { byHpa, byOwnTriggers, byVariantKeda, configureAutoscaling, replicasAre, scale, works } from '../support/autoscalers.ts';
import { type ServiceManifest, service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, given, has, isReady, lacks, type Place } from '../support/story.ts';

const { horizontalPodAutoscaler: hpaKind, scaledObject: scaledObjectKind } = kinds;
const HOLD = 'example.com/hold';

describe('the autoscalers of a service', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('actuators');
    await configureAutoscaling(place.admin, '{"prometheus":{"url":"http://prometheus.monitoring:9090"}}');
  });
  afterEach(() => clear(place));
  after(() => configureAutoscaling(place.admin, null));

  const start = (manifest: ServiceManifest) => given(place, manifest);

  describe('when the actuator is switched', () => {
    const switching = (type: string, message: RegExp) => condition(type, 'False', 'ActuatorSwitching', message);

    it('give way one after the other: HPA to KEDA, and the replicas stay (06 §12 item 3)', async () => {
      const qwen = await start(service('qwen').with({ scaling: byHpa }));
      await qwen.reaches(works(hpaKind, suffixes.hpa), isReady);
      await scale(qwen, 4);
      await qwen.changeChild(hpaKind, suffixes.hpa, { metadata: { finalizers: [HOLD] } });
      await qwen.change({ spec: { scaling: { wva: null, keda: byOwnTriggers.keda } } });
      await qwen.reaches(
        switching(
          'ScalingReady',
          /^ScaledObject qwen-kserve-keda is created once HorizontalPodAutoscaler qwen-kserve-hpa is gone.* example.com\/hold$/,
        ),
        lacks(scaledObjectKind, suffixes.keda),
      );
      await qwen.changeChild(hpaKind, suffixes.hpa, { metadata: { finalizers: null } });
      await qwen.reaches(lacks(hpaKind, suffixes.hpa), works(scaledObjectKind, suffixes.keda), isReady, replicasAre(4));
    });

    it('give way one after the other: KEDA to HPA, after the HPA of KEDA', async () => {
      const qwen = await start(service('qwen').with({ scaling: byVariantKeda, prefill: { scaling: byVariantKeda } }));
      await qwen.reaches(works(scaledObjectKind, suffixes.keda), works(scaledObjectKind, suffixes.prefillKeda), isReady);
      await scale(qwen, 4);
      const madeByKeda = await actAsKeda(qwen);
      await qwen.change({ spec: { scaling: { wva: { keda: null, hpa: {} } }, prefill: { scaling: { wva: { keda: null, hpa: {} } } } } });
      await qwen.reaches(
        switching('ScalingReady', /waits for finalizer.keda.sh$/),
        has(hpaKind, suffixes.prefillHpa),
        lacks(hpaKind, suffixes.hpa),
        has(scaledObjectKind, suffixes.keda),
      );
      await qwen.changeChild(scaledObjectKind, suffixes.keda, { metadata: { finalizers: null } });
      await qwen.reaches(
        lacks(scaledObjectKind, suffixes.keda),
        switching('ScalingReady', /once HorizontalPodAutoscaler keda-hpa-qwen-kserve-keda is gone/),
        lacks(hpaKind, suffixes.hpa),
      );
      await place.admin.patch(hpaKind, place.namespace, madeByKeda, { metadata: { finalizers: null } });
      await qwen.reaches(works(hpaKind, suffixes.hpa), works(hpaKind, suffixes.prefillHpa), isReady, replicasAre(4));
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
      await qwen.reaches(works(hpaKind, suffixes.hpa), isReady);
    });

    it('are nobody’s business where they are not', async () => {
      await place.admin.create(foreignScaledObject('qwen-kserve-keda'));
      const qwen = await start(service('qwen').with({ replicas: 1 }));
      await qwen.reaches(isReady, has(scaledObjectKind, suffixes.keda));
      await place.admin.delete(scaledObjectKind, place.namespace, 'qwen-kserve-keda');
    });
  });
});
