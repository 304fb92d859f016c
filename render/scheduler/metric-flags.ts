import { declare, writePlugin } from '../../api/picker-config/build.ts';
import { declares, pluginsOf } from '../../api/picker-config/config.ts';
import { type Rejection, reject } from '../../api/rejection.ts';
import type { PodTemplate } from '../../api/types.ts';
import type { Rewrite } from './config-rewrite.ts';
import { filterContainer } from './flags.ts';

/**
 * The flags by which pickers before 0.7.0 were told the names of vLLM's metrics: the field of an engine's entry that took
 * their place (R4.51), and the picker's own value for it (R4b.31).
 */
const metricFlags = {
  'total-queued-requests-metric': ['queuedRequestsSpec', 'vllm:num_requests_waiting'],
  'total-running-requests-metric': ['runningRequestsSpec', 'vllm:num_requests_running'],
  'kv-cache-usage-percentage-metric': ['kvUsageSpec', 'vllm:kv_cache_usage_perc'],
  'lora-info-metric': ['loraSpec', 'vllm:lora_requests_info'],
  'cache-info-metric': ['cacheInfoSpec', 'vllm:cache_config_info'],
} as const;
const names = Object.keys(metricFlags);

/** Type of the plugin that took over, by the picker's version (chapter 04 §8, step 7). */
export const METRICS_PLUGIN = 'model-server-protocol-metrics';
export const METRICS_EXTRACTOR = 'core-metrics-extractor';

/**
 * The pod without the five flags, and their values. Where several containers have such flags, the values of the last one
 * count alone (R4.51). A pod without an inline config has nowhere to put the values: a rejection when it has such flags (R4.50).
 */
export function takeMetricFlags(podSpec: PodTemplate, writable: boolean): { podSpec: PodTemplate; values: ReadonlyMap<string, string> } | Rejection {
  const filtered = (podSpec.containers ?? []).map((container) => filterContainer(container, names, ['args']));
  const values = filtered.findLast(({ extracted }) => extracted.size > 0)?.extracted;
  if (values === undefined) return { podSpec, values: new Map() };
  if (!writable) {
    const flags = [...values.keys()].sort().map((name) => `--${name}`);
    return reject('UnwritableSchedulerConfig', `the scheduler uses deprecated metric flags but has no inline --config-text: ${flags.join(', ')}`, {});
  }
  return { podSpec: { ...podSpec, containers: filtered.map(({ container }) => container) }, values };
}

/**
 * Declares the plugin that reads vLLM's metrics by the names the flags gave (R4.51), unless the config declares one. An entry
 * replaces the picker's own one for `vllm` as a whole, so fields without a flag get the picker's own values (B4.14).
 */
export function injectMetricsPlugin(values: ReadonlyMap<string, string>, engineLabelKey: string): Rewrite {
  return (config) => {
    if (values.size === 0 || declares(config, METRICS_PLUGIN, METRICS_EXTRACTOR)) return config;
    const specs = Object.entries(metricFlags).map(([flag, [field, builtIn]]) => [field, values.get(flag) ?? builtIn]);
    const engineConfigs = [{ name: 'vllm', ...Object.fromEntries(specs) }];
    const plugin = declare(METRICS_PLUGIN, { engineLabelKey, defaultEngine: 'vllm', engineConfigs }, METRICS_PLUGIN);
    return { ...config, plugins: [...(pluginsOf(config) ?? []), writePlugin(plugin)] };
  };
}
