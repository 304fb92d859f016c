import type { EventText } from '../api/event-text.ts';
import type { Inquiry } from '../api/inquiry.ts';
import type { Options } from '../api/options.ts';
import { isRejection, type Rejection } from '../api/rejection.ts';
import type { AppliedConfig, LLMInferenceService, LLMInferenceServiceSpec } from '../api/types.ts';
import type { ResolvedAdapter } from './adapters.ts';
import { type FoundConfig, lookUpConfig } from './config-lookup.ts';
import { type Layer, mergeSpecs } from './merge.ts';
import { complete } from './post-render.ts';
import { withSchedulerDefaults } from './pre-render.ts';
import { choosePresets } from './preset-choice.ts';
import { renderTemplates } from './render-templates.ts';
import { type NamespacedName, readSchedulerConfig } from './scheduler-config-map.ts';
import type { Settings } from './settings.ts';
import { templateData } from './template-data.ts';

/** What a service comes to. */
export interface Assembled {
  /** The effective spec. */
  readonly spec: LLMInferenceServiceSpec;
  /** Effective name of the base model. */
  readonly modelName: string;
  /** In order of increasing precedence (R2.28). */
  readonly appliedConfigs: readonly AppliedConfig[];
  readonly adapters: readonly ResolvedAdapter[];
  /** Where the scheduler configuration was read from, if it was (R2.84). */
  readonly schedulerConfigMap?: NamespacedName;
  /** What to tell the user; not yet emitted. */
  readonly events: readonly EventText[];
  /** What was merged, the lowest first; the last one is the service itself. */
  readonly layers: readonly Layer[];
  /** The merged layers with their templates rendered, before the steps that follow. */
  readonly rendered: LLMInferenceServiceSpec;
}

/**
 * Presets, baseRefs and the service's own spec as one effective spec (R2.20 - R2.86). The service has its defaults
 * (`applyDefaults`) and its pinned preset names (`pinPresets`). Asks for configs in the service's and in the system namespace,
 * and for a ConfigMap where the scheduler's configuration is a reference. Rejections: `ConfigNotFound` (no retry, R2.17),
 * `SchedulerConfigNotFound`, and `CombineBaseError` for everything else (R2.93).
 */
export function* assemble(service: LLMInferenceService, settings: Settings, options: Options): Inquiry<Assembled | Rejection> {
  const find = configFinder(service, options);
  const baseRefs = yield* find(
    (service.spec?.baseRefs ?? []).map((ref) => ref.name ?? ''),
    'UserRef',
  );
  if (isRejection(baseRefs)) return baseRefs;

  const detected = detect(service.spec ?? {}, baseRefs);
  if (isRejection(detected)) return detected;
  const named = withModelName(service, detected.model?.name);

  const referenced = yield* referencedConfig(detected, service, options);
  const presets = yield* find(choosePresets(detected, service.status?.annotations, options, referenced), 'Preset');
  if (isRejection(presets)) return presets;
  const configs = [...presets, ...baseRefs];
  const layers = [...configs.map((config) => config.layer), { origin: 'service', spec: named.spec ?? {} }];

  const rendered = mergeAndRender(named, layers, settings, options);
  if (isRejection(rendered)) return rendered;
  const completed = yield* complete(rendered, named, options.systemNamespace);
  if (isRejection(completed)) return completed;
  const { spec, adapters, configMap, events } = completed;
  return {
    spec,
    modelName: spec.model?.name ?? '',
    appliedConfigs: configs.map((config) => config.applied),
    adapters,
    ...(configMap === undefined ? {} : { schedulerConfigMap: configMap }),
    events,
    layers,
    rendered,
  };
}

/**
 * What a service and its baseRefs state, without presets and with templates as they stand: enough for those who want to know the model of
 * another service. Asks for configs. A rejection when one is missing or cannot be merged.
 */
export function* mergeStated(service: LLMInferenceService, options: Options): Inquiry<LLMInferenceServiceSpec | Rejection> {
  const spec = service.spec ?? {};
  const names = (spec.baseRefs ?? []).map((ref) => ref.name ?? '');
  const baseRefs = yield* configFinder(service, options)(names, 'UserRef');
  if (isRejection(baseRefs)) return baseRefs;
  const detected = detect(spec, baseRefs);
  if (isRejection(detected)) return detected;
  const named = withModelName(service, detected.model?.name);
  return mergeSpecs([...baseRefs.map((config) => config.layer), { origin: 'service', spec: named.spec ?? {} }]);
}

type Finder = (names: readonly string[], source: AppliedConfig['source']) => Inquiry<FoundConfig[] | Rejection>;

function configFinder({ metadata }: LLMInferenceService, { systemNamespace }: Options): Finder {
  return function* (names, source) {
    const found: FoundConfig[] = [];
    for (const name of names) {
      const config = yield* lookUpConfig(name, source, metadata.namespace ?? '', systemNamespace);
      if (isRejection(config)) return config;
      found.push(config);
    }
    return found;
  };
}

/**
 * The spec that shows what is enabled: baseRefs on top of the service, the other way round than in the end (R2.21). Only the
 * scheduler config is the one that will count, so that its plugins bring their presets.
 */
function detect(spec: LLMInferenceServiceSpec, baseRefs: readonly FoundConfig[]): LLMInferenceServiceSpec | Rejection {
  const detected = mergeSpecs([{ origin: 'service', spec }, ...baseRefs.map((config) => config.layer)]);
  const config = spec.router?.scheduler?.config;
  if (isRejection(detected) || baseRefs.length === 0 || !(config?.inline ?? config?.ref)) return detected;
  return { ...detected, router: { ...detected.router, scheduler: { ...detected.router?.scheduler, config } } };
}

/** The text of the scheduler configuration that a ConfigMap holds; that it is missing is told when it is needed (R2.84). */
function* referencedConfig(detected: LLMInferenceServiceSpec, { metadata }: LLMInferenceService, options: Options): Inquiry<string | undefined> {
  const ref = detected.router?.scheduler?.config?.ref;
  if (!ref) return undefined;
  const found = yield* readSchedulerConfig(ref, metadata.namespace ?? '', options.systemNamespace);
  return isRejection(found) ? undefined : found.text;
}

/**
 * The service with the model name of its baseRefs, unless it states one of its own (R2.22). A name equal to the service's
 * counts as the default, because admission writes it where the user gave none.
 */
function withModelName(service: LLMInferenceService, name: string | undefined): LLMInferenceService {
  const own = service.spec?.model?.name;
  if (!name || name === own || (own && own !== service.metadata.name)) return service;
  return { ...service, spec: { ...service.spec, model: { ...(service.spec?.model ?? { uri: '' }), name } } };
}

/**
 * Steps 6 to 8. Templates see the service's metadata and the merged spec, so that a value counts wherever it is stated; the
 * model name is always the service's, because the merged one may be a template itself.
 */
function mergeAndRender(
  service: LLMInferenceService,
  layers: readonly Layer[],
  settings: Settings,
  options: Options,
): LLMInferenceServiceSpec | Rejection {
  const merged = mergeSpecs(layers);
  if (isRejection(merged)) return merged;
  const spec = withSchedulerDefaults(merged, service.metadata.name ?? '');
  const { name: _, ...model } = spec.model ?? { uri: '' };
  const own = service.spec?.model?.name;
  const visible = { ...spec, model: { ...model, ...(own === undefined ? {} : { name: own }) } };
  const data = templateData({ service, spec: visible, poolOwner: spec, settings, systemNamespace: options.systemNamespace });
  return renderTemplates(spec, data, layers);
}
