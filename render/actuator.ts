import { kinds } from '../api/kinds.ts';
import type { HorizontalPodAutoscalerBehavior, KubeObject } from '../api/kubernetes.ts';
import { AUTOSCALING_SETTINGS, actuatorAnnotations, components, KEDA_ANNOTATIONS, labels } from '../api/metadata.ts';
import { isRejection, type Rejection, reject } from '../api/rejection.ts';
import type { DirectKEDASpec, KEDAScalingSpec, KEDATrigger, ScalingSpec, WorkloadSpec } from '../api/types.ts';
import { adapterPreferences } from './adapter-preferences.ts';
import type { Context, ObjectRef } from './children.ts';
import { child, childRef, componentLabels, mainRole, nameOf } from './identity.ts';

/** The two workloads that scale. */
export const scalingPhases = ['main', 'prefill'] as const;
export type ScalingPhase = (typeof scalingPhases)[number];

/** One of them, with what is said about its scaling. */
export interface ScaledWorkload {
  readonly phase: ScalingPhase;
  readonly workload: WorkloadSpec;
  readonly scaling: ScalingSpec;
}

/** Metric through which whoever decides about replicas tells an actuator how many (R6.20, R6.23). */
const METRIC = 'wva_desired_replicas';

export function hpaName(context: Context, phase: ScalingPhase): string {
  return nameOf(context, phase === 'main' ? 'hpa' : 'prefillHpa');
}

export function scaledObjectName(context: Context, phase: ScalingPhase): string {
  return nameOf(context, phase === 'main' ? 'keda' : 'prefillKeda');
}

/**
 * HorizontalPodAutoscaler that follows the desired replicas of its variant (R6.20). Target type and default behaviour differ
 * from the reference's only where our metrics adapter is configured (R6.20a).
 */
export function renderHpa(context: Context, scaled: ScaledWorkload): KubeObject {
  const name = hpaName(context, scaled.phase);
  const { scaling } = scaled;
  const preferences = adapterPreferences(context, scaled.phase);
  const behavior: HorizontalPodAutoscalerBehavior | undefined = scaling.wva?.hpa?.behavior ?? preferences?.behavior;
  return {
    ...child(context, kinds.horizontalPodAutoscaler, name, variantMetadata(context, scaled)),
    spec: {
      scaleTargetRef: scaleTarget(context, scaled),
      minReplicas: scaling.minReplicas ?? 1,
      maxReplicas: scaling.maxReplicas,
      metrics: [
        {
          type: 'External',
          external: {
            metric: { name: METRIC, selector: { matchLabels: { variant_name: name } } },
            target: preferences?.averageTarget ? { type: 'AverageValue', averageValue: '1' } : { type: 'Value', value: '1' },
          },
        },
      ],
      ...(behavior === undefined ? {} : { behavior }),
    },
  };
}

/** ScaledObject with the user's own triggers (R6.26): no annotations but those meant for KEDA, and nothing added. */
export function renderDirectScaledObject(context: Context, scaled: ScaledWorkload, keda: DirectKEDASpec): KubeObject {
  return {
    ...child(context, kinds.scaledObject, scaledObjectName(context, scaled.phase), {
      labels: componentLabels(context, components.workload),
      annotations: kedaAnnotations(scaled.workload),
    }),
    spec: { ...scaledObjectSpec(context, scaled, keda), triggers: keda.triggers },
  };
}

/** ScaledObject that reads the desired replicas from Prometheus (R6.25); a rejection when that is not configured (R6.12). */
export function renderVariantScaledObject(context: Context, scaled: ScaledWorkload, keda: KEDAScalingSpec): KubeObject | Rejection {
  const name = scaledObjectName(context, scaled.phase);
  const metadata = variantMetadata(context, scaled);
  const trigger = prometheusTrigger(context, scaled.phase, name);
  if (isRejection(trigger)) return trigger;
  return {
    ...child(context, kinds.scaledObject, name, { ...metadata, annotations: { ...metadata.annotations, ...kedaAnnotations(scaled.workload) } }),
    spec: { ...scaledObjectSpec(context, scaled, keda), triggers: [trigger] },
  };
}

function prometheusTrigger(context: Context, phase: ScalingPhase, name: string): KEDATrigger | Rejection {
  const { autoscaling } = context.settings;
  if (isRejection(autoscaling)) return autoscaling;
  const setting = `${AUTOSCALING_SETTINGS}.prometheus`;
  if (!autoscaling?.prometheus.url) {
    return reject('ReconcileScalingError', `${setting}.url is required in inferenceservice-config when using KEDA`);
  }
  const { url, authModes, triggerAuthName, triggerAuthKind, tlsInsecureSkipVerify, namespaceLabel } = autoscaling.prometheus;
  if ((authModes === '') !== (triggerAuthName === '')) {
    return reject('ReconcileScalingError', `${setting}.authModes and ${setting}.triggerAuthName must both be set or both be empty`);
  }
  return {
    type: 'prometheus',
    name: 'wva-desired-replicas',
    metadata: {
      serverAddress: url,
      query: `${METRIC}{variant_name=${quoted(name)},${namespaceLabel}=${quoted(context.service.metadata.namespace)}}`,
      threshold: '1',
      unsafeSsl: String(tlsInsecureSkipVerify),
      ...(authModes === '' ? {} : { authModes }),
      ...(adapterPreferences(context, phase)?.holdWithoutData ? { ignoreNullValues: 'false' } : {}),
    },
    ...(triggerAuthName === '' ? {} : { authenticationRef: { name: triggerAuthName, ...(triggerAuthKind === '' ? {} : { kind: triggerAuthKind }) } }),
  };
}

/** As a string of PromQL, which has the escapes of JSON. */
const quoted = (text: string): string => JSON.stringify(text);

/** What both kinds of ScaledObject have in common (R6.24). */
function scaledObjectSpec(context: Context, scaled: ScaledWorkload, keda: KEDAScalingSpec) {
  const { pollingInterval, cooldownPeriod, initialCooldownPeriod, idleReplicaCount, fallback } = keda;
  // KEDA's own type has `scalingModifiers` in every `advanced`; so does what clients compare with (R1.54).
  const advanced = keda.advanced && { scalingModifiers: {}, ...keda.advanced };
  const optional = { pollingInterval, cooldownPeriod, initialCooldownPeriod, idleReplicaCount, fallback, advanced };
  return {
    scaleTargetRef: scaleTarget(context, scaled),
    minReplicaCount: scaled.scaling.minReplicas ?? 1,
    maxReplicaCount: scaled.scaling.maxReplicas,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

function scaleTarget(context: Context, { phase, workload }: ScaledWorkload): { apiVersion: string; kind: string; name: string } {
  const { kind, name } = scaleTargetRef(context, phase, workload);
  return { apiVersion: kind.apiVersion, kind: kind.kind, name };
}

/** The object whose replicas an actuator changes (R6.17). */
export function scaleTargetRef(context: Context, phase: ScalingPhase, { worker }: WorkloadSpec): ObjectRef {
  const isMain = phase === 'main';
  if (worker === undefined) return childRef(context, kinds.deployment, nameOf(context, isMain ? 'main' : 'prefill'));
  return childRef(context, kinds.leaderWorkerSet, nameOf(context, isMain ? 'mainMultiNode' : 'prefillMultiNode'));
}

/** How actuators that follow a published wish are recognised, and what of (R6.21, R6.22). The phase is told only to our own adapter. */
function variantMetadata(
  context: Context,
  { phase, workload, scaling }: ScaledWorkload,
): { labels: Record<string, string>; annotations: Record<string, string> } {
  const { spec } = context;
  const role = adapterPreferences(context, phase) === undefined ? {} : { [labels.role]: phase === 'main' ? mainRole(spec) : 'prefill' };
  const cost = scaling.wva?.variantCost;
  return {
    labels: {
      ...componentLabels(context, components.workload),
      [labels.acceleratorName]: workload.labels?.[labels.acceleratorName] || 'unknown',
      ...role,
    },
    annotations: {
      [actuatorAnnotations.managed]: 'true',
      [actuatorAnnotations.modelId]: spec.model?.name || spec.model?.uri || '',
      ...(cost ? { [actuatorAnnotations.variantCost]: cost } : {}),
      ...role,
    },
  };
}

/** KEDA's own switches, such as pausing, may be given on the workload (06 §12 item 6). */
function kedaAnnotations({ annotations = {} }: WorkloadSpec): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith(KEDA_ANNOTATIONS)));
}
