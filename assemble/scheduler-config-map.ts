import type { EventText } from '../api/event-text.ts';
import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { ConfigMap } from '../api/kubernetes.ts';
import { isRejection, type Rejection, reject } from '../api/rejection.ts';
import type { LLMInferenceServiceSpec, SchedulerSpec } from '../api/types.ts';
import { LATENCY_PRODUCER, listsPlugin } from './scheduler-config.ts';

/** ConfigMaps of such a name may be shared from the system namespace. */
const SHARED_PREFIX = 'config-scheduler-';
const DEFAULT_KEY = 'epp';

type ConfigRef = NonNullable<NonNullable<SchedulerSpec['config']>['ref']>;

export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

export interface WithSchedulerConfig {
  readonly spec: LLMInferenceServiceSpec;
  /** The ConfigMap the configuration was read from. */
  readonly configMap?: NamespacedName;
  readonly events: readonly EventText[];
}

/** Puts the text of a referenced scheduler configuration in the place of the reference, and of any inline one (R2.84). */
export function* withSchedulerConfig(
  spec: LLMInferenceServiceSpec,
  namespace: string,
  systemNamespace: string,
): Inquiry<WithSchedulerConfig | Rejection> {
  const ref = spec.router?.scheduler?.config?.ref;
  if (!ref) return { spec, events: [] };
  const found = yield* readSchedulerConfig(ref, namespace, systemNamespace);
  if (isRejection(found)) return found;
  const { configMap, text } = found;
  return { spec: withInlineConfig(spec, text), configMap, events: listsPlugin(text, LATENCY_PRODUCER) ? [latencyWarning(configMap)] : [] };
}

/** The text that a reference leads to: in the service's namespace, or shared from the system namespace (R2.84). */
export function* readSchedulerConfig(
  ref: ConfigRef,
  namespace: string,
  systemNamespace: string,
): Inquiry<{ readonly configMap: NamespacedName; readonly text: string } | Rejection> {
  const name = ref.name ?? '';
  const namespaces = name.startsWith(SHARED_PREFIX) ? [...new Set([namespace, systemNamespace])] : [namespace];
  for (const candidate of namespaces) {
    const configMap = yield* get<ConfigMap>(kinds.configMap, candidate, name, { fresh: true });
    if (configMap === undefined) continue;
    const key = ref.key || DEFAULT_KEY;
    const text = configMap.data?.[key];
    if (text === undefined) return reject('CombineBaseError', `ConfigMap ${candidate}/${name} doesn't have key ${JSON.stringify(key)} in data`);
    return { configMap: { namespace: candidate, name }, text };
  }
  return missing(name, namespaces);
}

/** The spec with this scheduler configuration in the place of a reference. */
export function withInlineConfig(spec: LLMInferenceServiceSpec, inline: string): LLMInferenceServiceSpec {
  const { ref: _, ...config } = spec.router?.scheduler?.config ?? {};
  return { ...spec, router: { ...spec.router, scheduler: { ...spec.router?.scheduler, config: { ...config, inline } } } };
}

/** The containers of the latency predictor come with an inline configuration only; clients count on that (R4.81). */
function latencyWarning({ namespace, name }: NamespacedName): EventText {
  return {
    type: 'Warning',
    reason: 'LatencyPredictorConfigRef',
    message: `ConfigMap ${namespace}/${name} lists the plugin ${LATENCY_PRODUCER}, but the containers it needs are only added for an inline scheduler config (spec.router.scheduler.config.inline)`,
  };
}

function missing(name: string, namespaces: readonly string[]): Rejection {
  const problem =
    namespaces.length > 1
      ? `failed to get scheduler config ${JSON.stringify(name)} from namespaces [${namespaces.join(' ')}]: not found`
      : `failed to get ConfigMap ${namespaces[0]}/${name}: not found`;
  return reject('SchedulerConfigNotFound', problem, { field: 'spec.router.scheduler.config.ref' });
}
