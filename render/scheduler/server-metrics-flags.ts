import { declare, writePlugin } from '../../api/picker-config/build.ts';
import { declares, isPluginOf, type Parameters, pluginsOf } from '../../api/picker-config/config.ts';
import { isRejection, type Rejection, reject } from '../../api/rejection.ts';
import type { PodTemplate } from '../../api/types.ts';
import type { Rewrite } from './config-rewrite.ts';
import { filterContainer } from './flags.ts';
import { mapPlugins, parametersOf } from './picker-config.ts';

const SCHEME = 'model-server-metrics-scheme';
const PATH = 'model-server-metrics-path';
const SKIP_VERIFY = 'model-server-metrics-https-insecure-skip-verify';
const PORT = 'model-server-metrics-port';
const SOURCE = 'metrics-data-source';

/** How the picker was told to read the metrics of model servers, until 0.10.0. */
export interface ServerMetrics {
  /** Parameters of the plugin that took over; empty when no flag gives it any. */
  readonly parameters: Parameters;
  /** Names of the flags that were there and that only the plugin can replace, sorted (R4.60). */
  readonly flags: readonly string[];
}

/**
 * The pod without the four flags, in commands and arguments of all containers, and what they said (R4.60). The value of a
 * flag that is given several times is the last one.
 */
export function takeServerMetricsFlags(podSpec: PodTemplate): { podSpec: PodTemplate; metrics: ServerMetrics } | Rejection {
  const filtered = (podSpec.containers ?? []).map((container) => filterContainer(container, [SCHEME, PATH, SKIP_VERIFY, PORT], ['command', 'args']));
  const values = new Map(filtered.flatMap(({ extracted }) => [...extracted]));
  if (values.size === 0) return { podSpec, metrics: { parameters: {}, flags: [] } };
  const parameters = toParameters(values);
  if (isRejection(parameters)) return parameters;
  return {
    podSpec: { ...podSpec, containers: filtered.map(({ container }) => container) },
    metrics: { parameters, flags: [...values.keys()].filter((name) => name !== PORT).sort() },
  };
}

function toParameters(values: ReadonlyMap<string, string>): Parameters | Rejection {
  const [scheme, path, skip, port] = [SCHEME, PATH, SKIP_VERIFY, PORT].map((name) => values.get(name));
  const insecureSkipVerify = skip === undefined ? undefined : parseBoolean(skip || 'true');
  if (skip !== undefined && insecureSkipVerify === undefined) {
    return reject('InvalidSchedulerFlag', `invalid value "${skip}" for --${SKIP_VERIFY}`);
  }
  const parameters = {
    ...(scheme ? { scheme } : {}),
    ...(path ? { path } : {}),
    ...(insecureSkipVerify === undefined ? {} : { insecureSkipVerify }),
  };
  // A port alone does not bring the plugin (B4.15).
  const withPort = Object.keys(parameters).length > 0 && /^\d+$/.test(port ?? '');
  return withPort ? { ...parameters, port: Number(port) } : parameters;
}

/** A boolean as Go's flag package reads it. */
function parseBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
}

/** The rejection for flags that only an inline config can replace (R4.60). */
export function unwritable(flags: readonly string[]): Rejection {
  const list = flags.map((name) => `--${name}`).join(', ');
  return reject('UnwritableSchedulerConfig', `the scheduler uses ${list}, which this picker no longer knows, but has no inline --config-text`, {});
}

/** Whether the flags are no more than what the shipped scheduler preset brings when TLS is on, which nobody asked for (B4.16). */
export function isPresetFlag(podSpec: PodTemplate): boolean {
  const given = (podSpec.containers ?? []).flatMap(({ name, command = [], args = [] }) => [
    ...command.map((arg) => ({ arg, preset: name === 'main' })),
    ...args.map((arg) => ({ arg, preset: false })),
  ]);
  return given.filter(({ arg }) => /^-+model-server-metrics-(?!port\b)/.test(arg)).every(({ arg, preset }) => preset && arg === `--${SCHEME}=https`);
}

/** Declares where the picker reads metrics, or completes the plugin that does; what that one says itself stays (R4.60, B4.15). */
export function injectMetricsSource(parameters: Parameters): Rewrite {
  return (config) => {
    if (Object.keys(parameters).length === 0) return config;
    if (!declares(config, SOURCE)) return { ...config, plugins: [...(pluginsOf(config) ?? []), writePlugin(declare(SOURCE, parameters))] };
    return mapPlugins(config, (plugin) => {
      if (!isPluginOf(plugin, SOURCE)) return plugin;
      const own = parametersOf(plugin);
      return isRejection(own) ? own : { ...plugin, parameters: { ...parameters, ...own } };
    });
  };
}
