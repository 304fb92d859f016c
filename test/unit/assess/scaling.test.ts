import { expect } from 'chai';
import { kinds } from '../../../api/kinds.ts';
import type { Condition } from '../../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { assessScaling, judgeHpa, judgeScaledObject, type LiveActuator } from '../../../assess/scaling.ts';
import type { ScalingPhase } from '../../../render/actuator.ts';
import { ask } from '../../support/answers.ts';
import { NAMESPACE, ownedByLlama, workloadContext } from '../../support/workload-fixtures.ts';

const condition = (type: string, status: Condition['status'], reason?: string, message?: string): Condition => ({
  type,
  status,
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
});

describe('scaling conditions', () => {
  const actuator = (...conditions: Condition[]): LiveActuator => ({ apiVersion: 'x', kind: 'x', metadata: {}, status: { conditions } });
  const able = condition('AbleToScale', 'True');
  const failed = condition('ScalingActive', 'False', 'FailedGetExternalMetric', 'no metric');
  const isFalse = (reason: string, message: string) => ({ type: 'T', status: 'False', reason, message });

  const hpas: [string, LiveActuator | undefined, object][] = [
    ['no HPA', undefined, isFalse('HPAProgressing', 'HPA not yet visible in cache')],
    ['no conditions', actuator(), isFalse('HPAProgressing', 'HPA conditions not yet available')],
    ['only ScalingLimited', actuator(condition('ScalingLimited', 'True')), isFalse('HPAProgressing', 'HPA conditions not yet available')],
    ['a failed condition', actuator(able, failed), isFalse('FailedGetExternalMetric', 'no metric')],
    ['the first of two failed ones', actuator(condition('AbleToScale', 'False', 'FailedGetScale', 'x'), failed), isFalse('FailedGetScale', 'x')],
    ['good conditions', actuator(able, condition('ScalingActive', 'True')), { type: 'T', status: 'True' }],
    ['an Unknown condition', actuator(able, condition('ScalingActive', 'Unknown')), { type: 'T', status: 'True' }],
    ['one of the two', actuator(able), { type: 'T', status: 'True' }],
  ];
  for (const [what, hpa, expected] of hpas) {
    it(`follow an HPA with ${what} (R6.44)`, () => expect(judgeHpa('T', hpa)).to.deep.equal(expected));
  }

  const scaledObject = (ready: Condition, ...others: Condition[]) =>
    actuator(ready, condition('Active', 'True'), condition('Fallback', 'False'), condition('Paused', 'False'), ...others);
  const notYet = isFalse('ScaledObjectProgressing', 'ScaledObject conditions not yet available');
  const scaledObjects: [string, LiveActuator | undefined, object][] = [
    ['no ScaledObject', undefined, isFalse('ScaledObjectProgressing', 'ScaledObject not yet visible in cache')],
    ['no conditions', actuator(), notYet],
    ['not all conditions', actuator(condition('Ready', 'True')), notYet],
    ['Ready False', scaledObject(condition('Ready', 'False', 'TriggerError', 'bad')), isFalse('TriggerError', 'bad')],
    ['Ready Unknown', scaledObject(condition('Ready', 'Unknown')), isFalse('ScaledObjectProgressing', 'ScaledObject is not yet ready')],
    ['Ready True', scaledObject(condition('Ready', 'True')), { type: 'T', status: 'True' }],
    [
      'Ready True, paused and fallen back',
      actuator(condition('Ready', 'True'), condition('Active', 'True'), condition('Fallback', 'True'), condition('Paused', 'True')),
      { type: 'T', status: 'True' },
    ],
  ];
  for (const [what, object, expected] of scaledObjects) {
    it(`follow a ScaledObject with ${what} (R6.45)`, () => expect(judgeScaledObject('T', object)).to.deep.equal(expected));
  }

  const ACTUATORS = { hpa: 'HorizontalPodAutoscaler', keda: 'ScaledObject' } as const;
  const object = (kind: keyof typeof ACTUATORS, name: string, rest: object = {}) => {
    const { apiVersion } = kind === 'hpa' ? kinds.horizontalPodAutoscaler : kinds.scaledObject;
    return { ...ownedByLlama({ apiVersion, kind: ACTUATORS[kind], metadata: { name } }), ...rest };
  };
  type Options = Parameters<typeof workloadContext>[0] & { objects?: readonly object[] };
  const assess = (phase: ScalingPhase, spec: LLMInferenceServiceSpec, { objects = [], ...rest }: Options = {}) =>
    ask(assessScaling(workloadContext({ ...rest, spec }), phase), objects);
  const hpa = { maxReplicas: 2, wva: { hpa: {} } };
  const wvaKeda = { maxReplicas: 2, wva: { keda: {} } };
  const direct = { maxReplicas: 2, keda: { triggers: [] } };

  it('are absent without scaling, without actuator, without the workload and when stopped (R6.43)', () => {
    const main = { type: 'ScalingReady', clear: true };
    expect(assess('main', { prefill: { scaling: hpa } })).to.deep.equal(main);
    expect(assess('main', { scaling: { maxReplicas: 2, wva: {} } })).to.deep.equal(main);
    expect(assess('main', { scaling: hpa }, { stopped: true })).to.deep.equal(main);
    expect(assess('prefill', { scaling: hpa })).to.deep.equal({ type: 'PrefillScalingReady', clear: true });
  });

  for (const [phase, spec, type, reason] of [
    ['main', { scaling: direct }, 'ScalingReady', 'ScaledObjectProgressing'],
    ['main', { scaling: wvaKeda }, 'ScalingReady', 'ScaledObjectProgressing'],
    ['main', { scaling: hpa }, 'ScalingReady', 'HPAProgressing'],
    ['prefill', { prefill: { scaling: direct } }, 'PrefillScalingReady', 'ScaledObjectProgressing'],
    ['prefill', { prefill: { scaling: hpa } }, 'PrefillScalingReady', 'HPAProgressing'],
  ] as const) {
    it(`look at the actuator that the spec asks for: ${JSON.stringify(spec)}`, () =>
      expect(assess(phase, spec)).to.deep.include({ type, status: 'False', reason }));
  }

  describe('while the actuator is switched (06 §12 item 3)', () => {
    const switching = (message: string) => ({ type: 'ScalingReady', status: 'False', reason: 'ActuatorSwitching', message });
    it('say what the wanted one waits for', () => {
      expect(assess('main', { scaling: direct }, { objects: [object('hpa', 'llama-kserve-hpa')] })).to.deep.equal(
        switching('ScaledObject llama-kserve-keda is created once HorizontalPodAutoscaler llama-kserve-hpa is gone'),
      );
    });
    it('say who keeps the old one', () => {
      const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['finalizer.keda.sh'] };
      const old = object('keda', 'llama-kserve-keda');
      const going = { ...old, metadata: { ...old.metadata, ...metadata } };
      expect(assess('main', { scaling: hpa }, { objects: [going, object('hpa', 'llama-kserve-hpa')] })).to.deep.equal(
        switching(
          'HorizontalPodAutoscaler llama-kserve-hpa is created once ScaledObject llama-kserve-keda is gone, which is being deleted and waits for finalizer.keda.sh',
        ),
      );
    });
  });

  describe('of a workload without replicas (06 §12 item 12)', () => {
    const disabled = object('hpa', 'llama-kserve-hpa', {
      status: { conditions: [able, condition('ScalingActive', 'False', 'ScalingDisabled', 'off')] },
    });
    const target = (replicas: number) => ({
      ...ownedByLlama({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'llama-kserve' } }),
      spec: { replicas },
    });
    const ours = { metricsAdapter: {}, metadata: { annotations: { 'llmisvc.io/scale-to-zero': 'true' } } };
    const broken = { type: 'ScalingReady', status: 'False', reason: 'ScalingDisabled', message: 'off' };
    const zero = { type: 'ScalingReady', status: 'True', reason: 'ScaledToZero' };
    for (const [title, options, replicas, expected] of [
      ['are True where the adapter may take it to zero', ours, 0, zero],
      ['are False where it may not', { metricsAdapter: {} }, 0, broken],
      ['are False where there is no adapter', { metadata: ours.metadata }, 0, broken],
      ['are False as long as it has some', ours, 1, broken],
    ] as const) {
      it(title, () => expect(assess('main', { scaling: hpa }, { ...options, objects: [disabled, target(replicas)] })).to.deep.equal(expected));
    }

    const works = object('hpa', 'llama-kserve-hpa', { status: { conditions: [able, condition('ScalingActive', 'True', 'ValidMetricFound', '')] } });
    it('say so before the HPA does, whatever it says of its metrics (B5.9)', () => {
      const blind = { ...works, status: { conditions: [able, condition('ScalingActive', 'False', 'FailedGetExternalMetric', 'gone')] } };
      for (const hpaNow of [works, blind]) expect(assess('main', { scaling: hpa }, { ...ours, objects: [hpaNow, target(0)] })).to.deep.equal(zero);
    });
    it('say when the HPA does not find it', () => {
      const lost = { ...works, status: { conditions: [condition('AbleToScale', 'False', 'FailedGetScale', 'gone')] } };
      expect(assess('main', { scaling: hpa }, { ...ours, objects: [lost, target(0)] })).to.include({ status: 'False', reason: 'FailedGetScale' });
    });

    describe('that comes back', () => {
      const was = (reason: string) => ({ ...ours, status: { conditions: [{ type: 'ScalingReady', status: 'True' as const, reason }] } });
      const selector = { matchLabels: { app: 'llama' } };
      const live = (availableReplicas: number) => ({ ...target(2), spec: { replicas: 2, selector }, status: { availableReplicas } });
      const pod = (containerStatuses: object[]) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'llama-1', namespace: NAMESPACE, labels: selector.matchLabels },
        status: { containerStatuses, conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' }] },
      });
      const back = { type: 'ScalingReady', status: 'True', reason: 'ScaledFromZero' };
      const plain = { type: 'ScalingReady', status: 'True' };
      const failing = pod([{ name: 'main', ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } }]);
      for (const [title, before, objects, expected] of [
        ['say so from the first moment', 'ScaledToZero', [disabled, live(0)], back],
        ['say so as long as no replica serves', 'ScaledFromZero', [works, live(0)], back],
        ['say so while pods wait for a node', 'ScaledFromZero', [works, live(0), pod([])], back],
        ['are plain when one serves', 'ScaledFromZero', [works, live(1)], plain],
        ['are plain when one has failed', 'ScaledFromZero', [works, live(0), failing], plain],
        ['are plain when it was not away', '', [works, live(0)], plain],
      ] as const) {
        it(title, () => expect(assess('main', { scaling: hpa }, { ...was(before), objects })).to.deep.equal(expected));
      }
    });

    it('are True for KEDA where it takes it to zero and the adapter wakes it (R6b.150)', () => {
      const keda = object('keda', 'llama-kserve-keda', { status: scaledObject(condition('Ready', 'True')).status });
      const idle = (idleReplicaCount?: number) => ({
        scaling: { ...direct, keda: { triggers: [], ...(idleReplicaCount === 0 ? { idleReplicaCount } : {}) } },
      });
      const plain = { type: 'ScalingReady', status: 'True' };
      expect(assess('main', idle(0), { metricsAdapter: {}, objects: [keda, target(0)] })).to.deep.equal(zero);
      expect(assess('main', idle(0), { objects: [keda, target(0)] })).to.deep.equal(plain);
      expect(assess('main', idle(), { ...ours, objects: [keda, target(0)] })).to.deep.equal(plain);
    });
  });
});
