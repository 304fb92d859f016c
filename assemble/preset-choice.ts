import type { Options } from '../api/options.ts';
import { externalPoolName, hasRouteRefs, isDataParallel, isPipelineParallel } from '../api/predicates.ts';
import type { LLMInferenceServiceSpec, WorkloadSpec } from '../api/types.ts';
import { type PresetSuffix, presetName, resolvePresetName } from './preset-names.ts';
import { latencyPredictorEnabled, tokenizerEnabled } from './scheduler-config.ts';
import { withInlineConfig } from './scheduler-config-map.ts';

/**
 * Names of the presets for a service whose spec and baseRefs come to `detected`, in order of increasing precedence (R2.23).
 * `pins` are its status annotations; `referenced` is the scheduler configuration of a ConfigMap, where it refers to one that exists.
 */
export function choosePresets(
  detected: LLMInferenceServiceSpec,
  pins: Readonly<Record<string, string>> | undefined,
  options: Pick<Options, 'presetPrefix' | 'pinPresets'>,
  referenced?: string,
): string[] {
  return presetSuffixes(detected, referenced).map((suffix) => {
    const name = presetName(suffix, options);
    // The content of the route follows the installed Gateway API provider, so it is never pinned (R2.16).
    return suffix === 'config-llm-router-route' ? name : resolvePresetName(name, pins, options);
  });
}

function presetSuffixes(spec: LLMInferenceServiceSpec, referenced: string | undefined): PresetSuffix[] {
  const { router } = spec;
  // A tokenizer that a referenced configuration asks for could not be built without its preset (B4.18).
  const needsTokenizer = tokenizerEnabled(referenced === undefined ? spec : withInlineConfig(spec, referenced));
  const chosen: (PresetSuffix | undefined)[] = [
    router?.scheduler && externalPoolName(router.scheduler) === undefined ? 'config-llm-scheduler' : undefined,
    needsTokenizer ? 'config-llm-tokenizer' : undefined,
    latencyPredictorEnabled(spec) ? 'config-llm-scheduler-latency-predictor' : undefined,
    router?.route && !hasRouteRefs(router.route) ? 'config-llm-router-route' : undefined,
    spec.tracing ? 'config-llm-tracing' : undefined,
    ...topologyPresets(spec),
  ];
  return chosen.filter((suffix) => suffix !== undefined);
}

/** R2.24: prefill first, then the main (decode) workload. */
function topologyPresets(spec: LLMInferenceServiceSpec): (PresetSuffix | undefined)[] {
  if (!spec.prefill) return [workloadPreset(spec, '')];
  return [workloadPreset(spec.prefill, 'prefill-'), workloadPreset(spec, 'decode-')];
}

/** Undefined where a worker has neither data nor pipeline parallelism: no preset fits. */
function workloadPreset({ worker, parallelism }: WorkloadSpec, role: '' | 'decode-' | 'prefill-'): PresetSuffix | undefined {
  if (!worker) return `config-llm-${role}template`;
  if (isDataParallel(parallelism)) return `config-llm-${role}worker-data-parallel`;
  return isPipelineParallel(parallelism) ? `config-llm-${role}worker-pipeline-parallel` : undefined;
}
