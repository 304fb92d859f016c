import type { HorizontalPodAutoscalerBehavior } from '../api/kubernetes.ts';
import type { Context } from './children.ts';

/** How actuators are made where our metrics adapter publishes the desired replicas. */
export interface AdapterPreferences {
  /** Whether an HPA gets target type AverageValue, with which it takes the metric for the count (R6.20a). */
  readonly averageTarget: boolean;
  /** Behaviour of an HPA for which the user gives none (R6b.42). */
  readonly behavior?: HorizontalPodAutoscalerBehavior;
  /** Whether KEDA is told that missing data is an error and not a zero (06 §12 item 2). */
  readonly holdWithoutData: boolean;
  /** Whether the adapter may take the workload to zero, beyond what the HPA can (R6b.150). */
  readonly scalesToZero: boolean;
}

/** The adapter decides about pace itself; the HPA only has to follow, but not through single odd values. */
const followingBehavior: HorizontalPodAutoscalerBehavior = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 100, periodSeconds: 30 },
      { type: 'Pods', value: 4, periodSeconds: 30 },
    ],
    tolerance: '0',
  },
  scaleDown: {
    stabilizationWindowSeconds: 60,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: 10, periodSeconds: 60 },
      { type: 'Pods', value: 1, periodSeconds: 60 },
    ],
    tolerance: '0',
  },
};

const POLICY_ANNOTATION = 'llmisvc.io/autoscaling-policy';
const ZERO_ANNOTATION = 'llmisvc.io/scale-to-zero';
const ZERO_ALLOWED: readonly (string | undefined)[] = ['true', 'allow-first-failure'];

/**
 * Preferences of the installation, or undefined without the key `autoscaling-metrics-adapter-config`: then actuators are exactly
 * the reference's (R6b.202). `hpaTargetType: Value` and `hpaBehavior: false` in the key turn the two differences of HPAs off, and
 * a service with policy `off` keeps the HPA's own behaviour.
 */
export function adapterPreferences({ service, settings }: Context, phase: 'main' | 'prefill'): AdapterPreferences | undefined {
  const config = settings.metricsAdapter;
  if (config === undefined) return undefined;
  const { hpaTargetType, hpaBehavior } = typeof config === 'object' && config !== null ? (config as Record<string, unknown>) : {};
  const annotations = service.metadata.annotations ?? {};
  const ofPhase = (key: string): string | undefined => annotations[`${key}.${phase === 'main' ? 'decode' : 'prefill'}`] ?? annotations[key];
  return {
    averageTarget: hpaTargetType !== 'Value',
    ...(hpaBehavior === false || ofPhase(POLICY_ANNOTATION) === 'off' ? {} : { behavior: followingBehavior }),
    holdWithoutData: true,
    scalesToZero: ZERO_ALLOWED.includes(ofPhase(ZERO_ANNOTATION)),
  };
}
