import { expect } from 'chai';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { reject } from '../../../api/rejection.ts';
import type { LLMInferenceServiceSpec, ScalingSpec } from '../../../api/types.ts';
import { type ScalingPhase, scalingPhases } from '../../../render/actuator.ts';
import type { Stage } from '../../../render/children.ts';
import { renderScaling } from '../../../render/scaling.ts';
import { ask } from '../../support/answers.ts';
import { NAMESPACE, ownedByLlama, pod, workloadContext } from '../../support/workload-fixtures.ts';

type Options = Parameters<typeof workloadContext>[0] & { objects?: readonly object[]; withoutKeda?: boolean };

function renderPhase(phase: ScalingPhase, spec: LLMInferenceServiceSpec, { objects = [], withoutKeda = false, ...overrides }: Options = {}): Stage {
  return ask(renderScaling(workloadContext({ ...overrides, spec }), phase), objects, withoutKeda ? { notServed: [kinds.scaledObject] } : {});
}

/** What both phases have. */
function render(spec: LLMInferenceServiceSpec, options?: Options): Pick<Stage, 'present' | 'absent'> {
  const stages = scalingPhases.map((phase) => renderPhase(phase, spec, options));
  return { present: stages.flatMap(({ present }) => present), absent: stages.flatMap(({ absent }) => absent) };
}

type Actuator = KubeObject & { spec: Record<string, unknown> };
const only = (spec: LLMInferenceServiceSpec, options?: Options) => render(spec, options).present[0] as Actuator;
const prometheus = { url: 'http://prometheus:9090' };
const hpa: ScalingSpec = { maxReplicas: 10, wva: { hpa: {} } };
const wvaKeda: ScalingSpec = { maxReplicas: 8, wva: { keda: {} } };
const triggers = [
  { type: 'cron', metadata: { desiredReplicas: '3' } },
  { type: 'prometheus', metadata: { query: 'up' }, name: 'second' },
];
const direct: ScalingSpec = { maxReplicas: 8, keda: { triggers } };
const names = (stage: Pick<Stage, 'present' | 'absent'>) => ({
  present: stage.present.map(({ metadata }) => metadata.name),
  absent: stage.absent.map(({ name }) => name),
});

const HPA = 'llama-kserve-hpa';
const KEDA = 'llama-kserve-keda';
const PREFILL = ['llama-kserve-prefill-keda', 'llama-kserve-prefill-hpa'];

describe('which actuators there are', () => {
  const cases: [string, LLMInferenceServiceSpec, string[], string[]][] = [
    ['none without scaling', {}, [], [KEDA, HPA, ...PREFILL]],
    ['none without an actuator', { scaling: { maxReplicas: 2, wva: {} } }, [], [KEDA, HPA, ...PREFILL]],
    ['an HPA', { scaling: hpa }, [HPA], [KEDA, ...PREFILL]],
    ['a ScaledObject that reads the wish', { scaling: wvaKeda }, [KEDA], [HPA, ...PREFILL]],
    ['a ScaledObject with own triggers', { scaling: direct }, [KEDA], [HPA, ...PREFILL]],
    ['own triggers first', { scaling: { ...direct, wva: { hpa: {} } } }, [KEDA], [HPA, ...PREFILL]],
    ['one for each workload', { scaling: hpa, prefill: { scaling: hpa } }, [HPA, 'llama-kserve-prefill-hpa'], [KEDA, 'llama-kserve-prefill-keda']],
    ['only one for prefill', { prefill: { scaling: direct } }, ['llama-kserve-prefill-keda'], [KEDA, HPA, 'llama-kserve-prefill-hpa']],
  ];
  for (const [title, spec, present, absent] of cases) {
    it(title, () => expect(names(render(spec, { autoscaling: prometheus }))).to.deep.equal({ present, absent }));
  }
});

describe('the HPA', () => {
  it('is the one of the reference', () => {
    expect(
      only({ scaling: { ...hpa, wva: { hpa: {}, variantCost: '42.5' } }, labels: { 'inference.optimization/acceleratorName': 'H100' } }),
    ).to.deep.equal({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: {
        name: HPA,
        namespace: NAMESPACE,
        labels: {
          'app.kubernetes.io/component': 'llminferenceservice-workload',
          'app.kubernetes.io/name': 'llama',
          'app.kubernetes.io/part-of': 'llminferenceservice',
          'inference.optimization/acceleratorName': 'H100',
        },
        annotations: { 'llm-d.ai/managed': 'true', 'llm-d.ai/model-id': 'llama', 'llm-d.ai/variant-cost': '42.5' },
        ownerReferences: [
          {
            apiVersion: 'serving.kserve.io/v1alpha2',
            kind: 'LLMInferenceService',
            name: 'llama',
            uid: 'uid-of-llama',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'llama-kserve' },
        minReplicas: 1,
        maxReplicas: 10,
        metrics: [
          {
            type: 'External',
            external: {
              metric: { name: 'wva_desired_replicas', selector: { matchLabels: { variant_name: HPA } } },
              target: { type: 'Value', value: '1' },
            },
          },
        ],
      },
    });
  });

  it('takes bounds and behaviour as given', () => {
    const behavior = { scaleDown: { stabilizationWindowSeconds: 300 } };
    expect(only({ scaling: { minReplicas: 2, maxReplicas: 12, wva: { hpa: { behavior } } } }).spec).to.deep.include({
      minReplicas: 2,
      maxReplicas: 12,
      behavior,
    });
  });

  it('knows the model by its URI where it has no name, and says nothing about a cost there is not', () => {
    const { metadata } = only({ model: { uri: 'hf://a/b' }, scaling: { ...hpa, wva: { hpa: {}, variantCost: '' } } });
    expect(metadata.annotations).to.deep.equal({ 'llm-d.ai/managed': 'true', 'llm-d.ai/model-id': 'hf://a/b' });
  });

  for (const labels of [undefined, {}, { 'inference.optimization/acceleratorName': '' }]) {
    it(`does not know the accelerator of ${JSON.stringify(labels)}`, () => {
      expect(only({ scaling: hpa, ...(labels ? { labels } : {}) }).metadata.labels).to.have.property(
        'inference.optimization/acceleratorName',
        'unknown',
      );
    });
  }

  for (const [title, spec, target] of [
    ['main Deployment', { scaling: hpa }, ['apps/v1', 'Deployment', 'llama-kserve']],
    ['main LeaderWorkerSet', { scaling: hpa, worker: pod() }, ['leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', 'llama-kserve-mn']],
    ['prefill Deployment', { worker: pod(), prefill: { scaling: hpa } }, ['apps/v1', 'Deployment', 'llama-kserve-prefill']],
    [
      'prefill LeaderWorkerSet',
      { prefill: { scaling: hpa, worker: {} } },
      ['leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', 'llama-kserve-mn-prefill'],
    ],
  ] as [string, LLMInferenceServiceSpec, string[]][]) {
    it(`can scale the ${title}`, () => {
      const [apiVersion, kind, name] = target;
      expect(only(spec).spec.scaleTargetRef).to.deep.equal({ apiVersion, kind, name });
    });
  }

  describe('where our metrics adapter is configured', () => {
    const target = (metricsAdapter: unknown) =>
      (only({ scaling: hpa }, { metricsAdapter }).spec.metrics as { external: { target: unknown } }[])[0]?.external.target;

    it('takes the metric for the count, unless the key says otherwise', () => {
      expect(target({})).to.deep.equal({ type: 'AverageValue', averageValue: '1' });
      expect(target({ hpaTargetType: 'Value' })).to.deep.equal({ type: 'Value', value: '1' });
    });

    it('gets a behaviour that lets the adapter set the pace, where the user gives none', () => {
      const behavior = only({ scaling: hpa }, { metricsAdapter: {} }).spec.behavior as { scaleUp: object; scaleDown: object };
      expect(behavior.scaleUp).to.deep.include({ stabilizationWindowSeconds: 0, selectPolicy: 'Max', tolerance: '0' });
      expect(behavior.scaleDown).to.deep.include({ stabilizationWindowSeconds: 60 });
      expect(only({ scaling: { ...hpa, wva: { hpa: { behavior: {} } } } }, { metricsAdapter: {} }).spec.behavior).to.deep.equal({});
    });

    for (const [title, options] of [
      ['when the installation turns it off', { metricsAdapter: { hpaBehavior: false } }],
      ['for a service without our policy', { metricsAdapter: {}, metadata: { annotations: { 'llmisvc.io/autoscaling-policy': 'off' } } }],
      ['for a phase without our policy', { metricsAdapter: {}, metadata: { annotations: { 'llmisvc.io/autoscaling-policy.decode': 'off' } } }],
    ] as [string, Options][]) {
      it(`gets none ${title}`, () => expect(only({ scaling: hpa }, options).spec).to.not.have.property('behavior'));
    }

    it('says which phase it scales', () => {
      for (const [spec, role] of [
        [{ scaling: hpa }, 'both'],
        [{ scaling: hpa, prefill: {} }, 'decode'],
        [{ prefill: { scaling: hpa } }, 'prefill'],
      ] as [LLMInferenceServiceSpec, string][]) {
        const { labels, annotations } = only(spec, { metricsAdapter: {} }).metadata;
        expect([labels?.['llm-d.ai/role'], annotations?.['llm-d.ai/role']]).to.deep.equal([role, role]);
      }
    });
  });
});

describe('the ScaledObject', () => {
  it('reads the wish from Prometheus', () => {
    const scaled = only(
      { scaling: { minReplicas: 2, maxReplicas: 8, wva: { variantCost: '10.0', keda: { idleReplicaCount: 0, pollingInterval: 15 } } } },
      { autoscaling: prometheus },
    );
    expect(scaled.metadata.annotations).to.deep.equal({ 'llm-d.ai/managed': 'true', 'llm-d.ai/model-id': 'llama', 'llm-d.ai/variant-cost': '10.0' });
    expect(scaled.metadata.labels).to.have.property('inference.optimization/acceleratorName', 'unknown');
    expect(scaled.spec).to.deep.equal({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'llama-kserve' },
      minReplicaCount: 2,
      maxReplicaCount: 8,
      pollingInterval: 15,
      idleReplicaCount: 0,
      triggers: [
        {
          type: 'prometheus',
          name: 'wva-desired-replicas',
          metadata: {
            serverAddress: 'http://prometheus:9090',
            query: `wva_desired_replicas{variant_name="${KEDA}",exported_namespace="ml"}`,
            threshold: '1',
            unsafeSsl: 'false',
          },
        },
      ],
    });
  });

  it('signs in as configured', () => {
    const autoscaling = {
      ...prometheus,
      tlsInsecureSkipVerify: true,
      authModes: 'bearer',
      triggerAuthName: 'auth',
      triggerAuthKind: 'ClusterTriggerAuthentication',
    } as const;
    const [trigger] = only({ scaling: wvaKeda }, { autoscaling }).spec.triggers as { metadata: object; authenticationRef: object }[];
    expect(trigger?.metadata).to.deep.include({ unsafeSsl: 'true', authModes: 'bearer' });
    expect(trigger?.authenticationRef).to.deep.equal({ name: 'auth', kind: 'ClusterTriggerAuthentication' });
  });

  it('finds the namespace by the label that the installation names (06 §12 item 18)', () => {
    const [trigger] = only({ scaling: wvaKeda }, { autoscaling: { ...prometheus, namespaceLabel: 'namespace' } }).spec.triggers as {
      metadata: object;
    }[];
    expect(trigger?.metadata).to.have.property('query', `wva_desired_replicas{variant_name="${KEDA}",namespace="ml"}`);
  });

  it('holds without data where our metrics adapter is configured', () => {
    const [trigger] = only({ scaling: wvaKeda }, { autoscaling: prometheus, metricsAdapter: {} }).spec.triggers as { metadata: object }[];
    expect(trigger?.metadata).to.have.property('ignoreNullValues', 'false');
  });

  it("has the user's triggers as given and no annotations", () => {
    const optional = {
      cooldownPeriod: 600,
      initialCooldownPeriod: 1,
      fallback: { failureThreshold: 3, replicas: 2 },
      advanced: { restoreToOriginalReplicaCount: true, scalingModifiers: { formula: 'a + b' } },
    };
    const scaled = only({ scaling: { maxReplicas: 8, keda: { ...optional, triggers } } });
    expect(scaled.metadata).to.not.have.property('annotations');
    expect(scaled.metadata.labels).to.have.all.keys('app.kubernetes.io/component', 'app.kubernetes.io/name', 'app.kubernetes.io/part-of');
    expect(scaled.spec).to.deep.include({ ...optional, triggers, minReplicaCount: 1, maxReplicaCount: 8 });
  });

  it('has formula settings, be they empty, wherever it has advanced ones, as in the type of KEDA (R1.54)', () => {
    const advanced = { restoreToOriginalReplicaCount: true };
    const scaled = only({ scaling: { maxReplicas: 8, keda: { triggers, advanced } } });
    expect(scaled.spec.advanced).to.deep.equal({ restoreToOriginalReplicaCount: true, scalingModifiers: {} });
    expect(only({ scaling: { maxReplicas: 8, keda: { triggers } } }).spec).to.not.have.property('advanced');
  });

  it("passes KEDA's switches on", () => {
    const annotations = { 'autoscaling.keda.sh/paused': 'true', other: 'x' };
    expect(only({ annotations, scaling: direct }).metadata.annotations).to.deep.equal({ 'autoscaling.keda.sh/paused': 'true' });
  });
});

describe('actuators that cannot be rendered', () => {
  const setting = 'autoscaling-wva-controller-config.prometheus';
  const both = `${setting}.authModes and ${setting}.triggerAuthName must both be set or both be empty`;
  for (const [title, autoscaling, message] of [
    ['configuration', undefined, `${setting}.url is required in inferenceservice-config when using KEDA`],
    ['the address', { url: '' }, `${setting}.url is required in inferenceservice-config when using KEDA`],
    ['a name for the authentication', { ...prometheus, authModes: 'bearer' }, both],
    ['a mode for the authentication', { ...prometheus, triggerAuthName: 'auth' }, both],
  ] as const) {
    it(`lack ${title}`, () => {
      const { present, absent, rejection } = renderPhase('main', { scaling: wvaKeda }, autoscaling === undefined ? {} : { autoscaling });
      expect({ present, absent }, 'what there is stays').to.deep.equal({ present: [], absent: [] });
      expect(rejection).to.deep.include({ reason: 'ReconcileScalingError', message, field: 'spec.scaling', retry: false });
    });
  }

  it('have configuration that cannot be read, which is no matter for the others', () => {
    const unreadable = (spec: LLMInferenceServiceSpec) => {
      const context = workloadContext({ spec });
      const settings = { ...context.settings, autoscaling: reject('ReconcileScalingError', 'failed to parse') };
      return ask(renderScaling({ ...context, settings }, 'main')).rejection?.message;
    };
    expect([{ scaling: wvaKeda }, { scaling: direct }, { scaling: hpa }].map(unreadable)).to.deep.equal(['failed to parse', undefined, undefined]);
  });

  it('lack KEDA itself, which is no matter for the other phase', () => {
    const spec = { scaling: hpa, prefill: { scaling: direct } };
    const stage = renderPhase('prefill', spec, { withoutKeda: true });
    const message = 'no matches for kind "ScaledObject" in version "keda.sh/v1alpha1"';
    expect(stage.rejection).to.deep.include({ reason: 'ScalingCRDNotFound', field: 'spec.prefill.scaling', message });
    expect(stage.events).to.deep.equal([
      { type: 'Warning', reason: 'ScalingCRDNotFound', message: `Required scaling CRD not installed: ${message}` },
    ]);
    expect(names(render(spec, { withoutKeda: true })).present).to.deep.equal([HPA]);
  });

  it('are not looked for where no KEDA is wanted', () =>
    expect(renderPhase('main', { scaling: hpa }, { withoutKeda: true })).to.not.have.property('rejection'));
});

describe('switching the actuator', () => {
  const object = (apiVersion: string, kind: string, name: string) => ownedByLlama({ apiVersion, kind, metadata: { name } });
  const liveHpa = object('autoscaling/v2', 'HorizontalPodAutoscaler', HPA);
  const liveScaled = object('keda.sh/v1alpha1', 'ScaledObject', KEDA);
  const madeByKeda = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {
      name: `keda-hpa-${KEDA}`,
      namespace: NAMESPACE,
      ownerReferences: [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: KEDA, uid: 'x' }],
    },
  };
  const foreign = { ...liveHpa, metadata: { name: HPA, namespace: NAMESPACE } };

  for (const [title, scaling, objects, present] of [
    ['waits until the HPA is gone', direct, [liveHpa], []],
    ['waits until the ScaledObject is gone', hpa, [liveScaled], []],
    ['waits until the HPA that KEDA made is gone', hpa, [madeByKeda], []],
    ['does not wait for what is not ours', direct, [foreign], [KEDA]],
    ['keeps the actuator it has', hpa, [liveHpa], [HPA]],
  ] as const) {
    it(title, () => expect(names(render({ scaling }, { objects })).present).to.deep.equal(present));
  }
});
