import { parse } from 'yaml';
import type { LLMInferenceServiceSpec, SchedulerSpec } from '../api/types.ts';

const MAIN = 'main';
const flagPattern = /^--?(config-text|configText|config-file|configFile)(?:=(.*))?$/s;

/** The endpoint picker's configuration as it stands in a list of arguments. */
export interface ConfigPair {
  readonly kind: 'text' | 'file';
  /** The flag as it is written: `--config-text`, `-configFile`, ... */
  readonly flag: string;
  readonly value: string;
  /** Index of the argument with the flag. */
  readonly index: number;
  /** Number of arguments the pair takes: 2 for `--flag value`, 1 for `--flag=value`. */
  readonly length: 1 | 2;
}

/**
 * The first config pair of a list of arguments (R4.25), in one of eight spellings, as `--flag value` or `--flag=value`. A flag
 * in last place without a value is none.
 */
export function findConfigPair(args: readonly string[] | undefined): ConfigPair | undefined {
  for (const [index, arg] of (args ?? []).entries()) {
    const [, name, attached] = flagPattern.exec(arg) ?? [];
    if (name === undefined) continue;
    const value = attached ?? args?.[index + 1];
    if (value === undefined) continue;
    const flag = attached === undefined ? arg : arg.slice(0, arg.indexOf('='));
    return { kind: name.toLowerCase().endsWith('text') ? 'text' : 'file', flag, value, index, length: attached === undefined ? 2 : 1 };
  }
  return undefined;
}

/**
 * The config pair of the scheduler's main container (B4.2: its command counts too, after its args). The index refers to the
 * list it was found in.
 */
export function templateConfigPair(scheduler: SchedulerSpec | undefined): (ConfigPair & { readonly list: 'args' | 'command' }) | undefined {
  const main = scheduler?.template?.containers?.find((container) => container.name === MAIN);
  for (const list of ['args', 'command'] as const) {
    const pair = findConfigPair(main?.[list]);
    if (pair !== undefined) return { ...pair, list };
  }
  return undefined;
}

/**
 * The configuration that can be looked at without asking the cluster: `config.inline`, which wins even where it is empty, else
 * the text in the arguments of the template (R2.27). An object as given, or YAML text; undefined when there is neither.
 */
export function inlineSchedulerConfig(spec: LLMInferenceServiceSpec): unknown {
  const scheduler = spec.router?.scheduler;
  const inline = scheduler?.config?.inline;
  if (inline !== undefined && inline !== null) return inline;
  const pair = templateConfigPair(scheduler);
  return pair?.kind === 'text' ? pair.value : undefined;
}

/** Whether a configuration (object, or YAML text) lists a plugin of one of the types. What does not parse lists none. */
export function listsPlugin(config: unknown, ...types: readonly string[]): boolean {
  return pluginsIn(config).some((plugin) => types.some((type) => plugin?.type === type));
}

interface ListedPlugin {
  readonly type?: unknown;
  readonly parameters?: unknown;
}

function pluginsIn(config: unknown): readonly (ListedPlugin | null)[] {
  const document = typeof config === 'string' ? parseYaml(config) : config;
  const plugins = (document as { plugins?: unknown } | null | undefined)?.plugins;
  return Array.isArray(plugins) ? plugins : [];
}

/** A configuration as text for the picker's command line: YAML text as it is, an object as JSON. */
export function schedulerConfigText(config: unknown): string {
  return typeof config === 'string' ? config : JSON.stringify(config);
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch {
    return undefined;
  }
}

export const LATENCY_PRODUCER = 'predicted-latency-producer';

/** Whether the service has a tokenizer of its own: asked for, or needed by a plugin (R2.25). */
export function tokenizerEnabled(spec: LLMInferenceServiceSpec): boolean {
  const scheduler = spec.router?.scheduler;
  if (scheduler === undefined) return false;
  return scheduler.tokenizer !== undefined || pluginsIn(inlineSchedulerConfig(spec)).some(needsTokenizer);
}

/** An address of a service's tokenizer: the name of its Service always ends in the same suffix (R4.76). */
const tokenizerAddress = /^https?:\/\/[^/:.]*-tokenizer\./;

/** Whether a plugin sends requests to the tokenizer. A token producer that estimates, or asks somebody else, does not (B4.17). */
function needsTokenizer(plugin: ListedPlugin | null): boolean {
  if (plugin?.type === 'precise-prefix-cache-scorer') return true;
  if (plugin?.type !== 'token-producer' && plugin?.type !== 'tokenizer') return false;
  const { estimate, udsTokenizerConfig, vllm } = (plugin.parameters ?? {}) as Readonly<Record<string, unknown>>;
  if (estimate !== undefined || udsTokenizerConfig !== undefined) return false;
  const url = (vllm as { url?: unknown } | null | undefined)?.url;
  return url === undefined || (typeof url === 'string' && tokenizerAddress.test(url));
}

/** Whether the picker predicts latencies, which takes containers of their own (R2.26). */
export function latencyPredictorEnabled(spec: LLMInferenceServiceSpec): boolean {
  return listsPlugin(inlineSchedulerConfig(spec), LATENCY_PRODUCER);
}
