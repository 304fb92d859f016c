import type { DirectKEDASpec, KEDAScalingSpec, ScalingSpec, WVASpec } from '../types.ts';
import { horizontalPodAutoscalerBehavior } from './embedded.ts';
import { boolean, described, int32, list, object, rule, type SchemaNode, string, stringMap } from './node.ts';

const isEmpty = (text: string | undefined): boolean => text === undefined || text === '';

/** A string member that is absent or empty. Rules that read optional fields without `has` fail on every object that lacks them (R1.6a). */
const emptyInCel = (path: string): string => `(!has(${path}) || size(${path}) == 0)`;

const MODIFIERS = 'self.keda.advanced.scalingModifiers';
const HPA_CONFIG = 'self.advanced.horizontalPodAutoscalerConfig';

const MIN_NEEDED = 'minReplicas is required when idleReplicaCount is set';
const IDLE_BELOW_MIN = 'idleReplicaCount must be less than minReplicas; idleReplicaCount defines the replica floor when no triggers are active';

const idleBelowMinimum = ({ minReplicas }: ScalingSpec, keda: KEDAScalingSpec | undefined): boolean =>
  keda?.idleReplicaCount === undefined || minReplicas === undefined || keda.idleReplicaCount < minReplicas;
const idleHasMinimum = ({ minReplicas }: ScalingSpec, keda: KEDAScalingSpec | undefined): boolean =>
  keda?.idleReplicaCount === undefined || minReplicas !== undefined;

/** K of R1.6, at both places where KEDA settings stand. */
const noHpaName = rule<KEDAScalingSpec>(
  `!has(self.advanced) || !has(${HPA_CONFIG}) || ${emptyInCel(`${HPA_CONFIG}.name`)}`,
  'horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name',
  ({ advanced }) => isEmpty(advanced?.horizontalPodAutoscalerConfig?.name),
);

const scalingModifiers = object('A formula over the triggers instead of their maximum.', {
  formula: string('Expression over the names of the triggers.'),
  target: string('Target value of the formula.'),
  activationTarget: string('Value of the formula above which scaling is active.'),
  metricType: string('How the target is compared.', { enum: ['AverageValue', 'Value'] }),
});

const kedaFields: Readonly<Record<string, SchemaNode>> = {
  pollingInterval: int32('Seconds between two looks at the triggers.', { minimum: 1, pointer: true }),
  cooldownPeriod: int32('Seconds after the last active trigger before the workload goes back to its idle count.', { minimum: 0, pointer: true }),
  initialCooldownPeriod: int32('Seconds after creation before the cooldown period applies.', { minimum: 0, pointer: true }),
  idleReplicaCount: int32('Replicas while no trigger is active. Must be less than minReplicas.', { minimum: 0, pointer: true }),
  fallback: object(
    'Replicas to fall back to when a metric cannot be read.',
    {
      failureThreshold: int32('Failed reads in a row before the fallback applies.'),
      replicas: int32('Replicas while it applies.'),
      behavior: string('How the fallback replicas are chosen.', {
        enum: ['static', 'currentReplicas', 'currentReplicasIfHigher', 'currentReplicasIfLower'],
        default: 'static',
      }),
    },
    { required: ['failureThreshold', 'replicas'] },
  ),
  advanced: object(
    'Settings of the HorizontalPodAutoscaler that KEDA creates.',
    {
      horizontalPodAutoscalerConfig: object('Its behavior and name.', {
        behavior: described('Scaling behavior in both directions.', horizontalPodAutoscalerBehavior),
        name: string('Must not be set; the controller manages the name.'),
      }),
      restoreToOriginalReplicaCount: boolean('Whether the replica count from before is restored when the ScaledObject is deleted.'),
      scalingModifiers,
    },
    { alwaysWritten: ['scalingModifiers'] },
  ),
};

const kedaScaling = object('KEDA as the actuator of the variant autoscaler.', kedaFields, {
  'x-kubernetes-validations': [noHpaName],
  typescript: { name: 'KEDAScalingSpec' },
});

const trigger = object(
  'A KEDA trigger.',
  {
    type: string('Type of the scaler.'),
    metadata: stringMap('Settings of the scaler.'),
    name: string('Name of the trigger, for formulas.'),
    useCachedMetrics: boolean('Whether values of the last poll may be used.'),
    metricType: string('How the target is compared: AverageValue, Value or Utilization.'),
    authenticationRef: object(
      'Where the scaler finds its credentials.',
      { name: string('Name of the TriggerAuthentication.'), kind: string('TriggerAuthentication or ClusterTriggerAuthentication.') },
      { required: ['name'] },
    ),
  },
  { required: ['type', 'metadata'], typescript: { name: 'KEDATrigger' } },
);

const directKeda = object(
  'KEDA with triggers of your own. Excludes wva.',
  { ...kedaFields, triggers: list('What the workload is scaled by.', trigger, { minItems: 1, 'x-kubernetes-list-type': 'atomic' }) },
  { required: ['triggers'], 'x-kubernetes-validations': [noHpaName], typescript: { name: 'DirectKEDASpec', extends: 'KEDAScalingSpec' } },
);

/** A1 - A3 of R1.6. A1 and K carry a presence test before every optional access (R1.6a). */
const wvaRules = [
  rule<WVASpec>(
    `!has(self.keda) || !has(self.keda.advanced) || !has(${MODIFIERS}) || (${['formula', 'target', 'activationTarget', 'metricType']
      .map((member) => emptyInCel(`${MODIFIERS}.${member}`))
      .join(' && ')})`,
    'scalingModifiers must not be set; WVA controls the scaling metric formula and logic',
    ({ keda }) => Object.values(keda?.advanced?.scalingModifiers ?? {}).every(isEmpty),
  ),
  rule<WVASpec>(
    '!(has(self.hpa) && has(self.keda))',
    'hpa and keda are mutually exclusive; choose one actuator backend',
    ({ hpa, keda }) => hpa === undefined || keda === undefined,
  ),
  rule<WVASpec>(
    'has(self.hpa) || has(self.keda)',
    'either hpa or keda must be specified as the actuator backend',
    ({ hpa, keda }) => hpa !== undefined || keda !== undefined,
  ),
];

const wva = object(
  'Scaling by the metrics of the model server, through one of hpa and keda.',
  {
    variantCost: string('Cost of one replica, in any unit that is the same for all variants of a model.', {
      default: '10.0',
      pattern: '^\\d+(\\.\\d+)?$',
    }),
    hpa: object('A HorizontalPodAutoscaler as the actuator.', {
      behavior: described('Scaling behavior in both directions.', horizontalPodAutoscalerBehavior),
    }),
    keda: kedaScaling,
  },
  { 'x-kubernetes-validations': wvaRules, typescript: { name: 'WVASpec' } },
);

/** S1 - S8 of R1.6. */
const scalingRules = [
  rule<ScalingSpec>(
    'has(self.wva) || has(self.keda)',
    'either wva or keda must be specified when scaling is configured',
    (self) => self.wva !== undefined || self.keda !== undefined,
  ),
  rule<ScalingSpec>(
    '!(has(self.wva) && has(self.keda))',
    'wva and keda are mutually exclusive',
    (self) => self.wva === undefined || self.keda === undefined,
  ),
  rule<{ keda?: Partial<DirectKEDASpec> }>(
    '!has(self.keda) || size(self.keda.triggers) > 0',
    'at least one trigger is required when using direct KEDA scaling',
    ({ keda }) => keda === undefined || (keda.triggers ?? []).length > 0,
  ),
  rule<ScalingSpec>(
    '!has(self.minReplicas) || self.minReplicas <= self.maxReplicas',
    'minReplicas cannot exceed maxReplicas',
    ({ minReplicas, maxReplicas }) => minReplicas === undefined || minReplicas <= maxReplicas,
  ),
  rule<ScalingSpec>('!has(self.wva) || !has(self.wva.keda) || !has(self.wva.keda.idleReplicaCount) || has(self.minReplicas)', MIN_NEEDED, (self) =>
    idleHasMinimum(self, self.wva?.keda),
  ),
  rule<ScalingSpec>(
    '!has(self.wva) || !has(self.wva.keda) || !has(self.wva.keda.idleReplicaCount) || !has(self.minReplicas) || self.wva.keda.idleReplicaCount < self.minReplicas',
    IDLE_BELOW_MIN,
    (self) => idleBelowMinimum(self, self.wva?.keda),
  ),
  rule<ScalingSpec>('!has(self.keda) || !has(self.keda.idleReplicaCount) || has(self.minReplicas)', MIN_NEEDED, (self) =>
    idleHasMinimum(self, self.keda),
  ),
  rule<ScalingSpec>(
    '!has(self.keda) || !has(self.keda.idleReplicaCount) || !has(self.minReplicas) || self.keda.idleReplicaCount < self.minReplicas',
    IDLE_BELOW_MIN,
    (self) => idleBelowMinimum(self, self.keda),
  ),
];

/** ScalingSpec (R1 §2.6). */
export const scaling: SchemaNode = object(
  'Autoscaling of the workload. Excludes replicas.',
  {
    minReplicas: int32('Fewest replicas while triggers are active.', { default: 1, minimum: 1, pointer: true }),
    maxReplicas: int32('Most replicas.', { minimum: 1 }),
    wva,
    keda: directKeda,
  },
  { required: ['maxReplicas'], 'x-kubernetes-validations': scalingRules, typescript: { name: 'ScalingSpec' } },
);
