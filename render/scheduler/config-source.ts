import { isObject, type PickerConfig, pluginsOf } from '../../api/picker-config/config.ts';
import type { PodTemplate } from '../../api/types.ts';
import type { Version } from '../../api/version.ts';
import type { ConfigPair } from '../../assemble/scheduler-config.ts';
import type { EventText } from '../children.ts';
import { changeContainer, containers, findContainer } from '../pod-spec.ts';
import { configPairs, pairElements, replaceConfigPairs } from './config-pairs.ts';
import { readPickerConfig } from './config-rewrite.ts';
import { writeYaml } from './config-yaml.ts';
import { allDefaultConfigs, defaultConfig, type Shape } from './default-config.ts';
import { asksTokenizer } from './precise-prefix.ts';

/** What decides which EndpointPickerConfig a picker gets. */
export interface ConfigWishes {
  /** The inline config of the service, as text. */
  readonly inline: string | undefined;
  readonly shape: Shape;
  readonly gate: Version;
  /** Address of the service's own tokenizer, and whether there is one. */
  readonly tokenizerUrl: string;
  readonly tokenizerEnabled: boolean;
}

export interface ConfiguredPod {
  readonly podSpec: PodTemplate;
  readonly events: readonly EventText[];
}

/**
 * Gives container `main` its config pair: the inline config, else the template's own pair, else the pair of the live pod,
 * else the default (R4.25). The live pair says nothing when it is a default of this operator, possibly for another shape of
 * the service, or when it sends the picker to a tokenizer that is no longer there; then the default is written anew (B4.1).
 */
export function provideConfig(podSpec: PodTemplate, livePodSpec: PodTemplate | undefined, wishes: ConfigWishes): ConfiguredPod {
  const main = findContainer(podSpec, containers.main);
  if (main === undefined) return { podSpec, events: [] };
  if (wishes.inline !== undefined) return provideInline(podSpec, wishes.inline, configPairs(main).length > 0);
  if (configPairs(main).length > 0) return { podSpec, events: [] };

  const [live] = configPairs(findContainer(livePodSpec, containers.main));
  const events = live === undefined ? [] : replacementEvents(live, wishes);
  if (live !== undefined && events === undefined) return { podSpec: appendArgs(podSpec, pairElements(live, live.value)), events: [] };
  const text = writeYaml(defaultConfig(wishes.shape, wishes.gate));
  return { podSpec: appendArgs(podSpec, ['--config-text', text]), events: events ?? [] };
}

/** The inline config takes the place of any pair of the template: two texts, or a text and a file, do not go together (B4.3). */
function provideInline(podSpec: PodTemplate, inline: string, replaces: boolean): ConfiguredPod {
  const cleared = changeContainer(podSpec, containers.main, (main) => replaceConfigPairs(main, () => []));
  const message = 'The scheduler template passes a config of its own; spec.router.scheduler.config is used instead of it';
  return {
    podSpec: appendArgs(cleared, ['--config-text', inline]),
    events: replaces ? [{ type: 'Warning', reason: 'SchedulerConfigIgnored', message }] : [],
  };
}

function appendArgs(podSpec: PodTemplate, args: readonly string[]): PodTemplate {
  return changeContainer(podSpec, containers.main, (main) => ({ ...main, args: [...(main.args ?? []), ...args] }));
}

/** Undefined when the live pair stays; else the default takes its place, and these events tell why, if that is worth one. */
function replacementEvents(live: ConfigPair, wishes: ConfigWishes): readonly EventText[] | undefined {
  const config = live.kind === 'text' ? readPickerConfig(live.value) : undefined;
  if (config === undefined) return undefined;
  const regenerated = (message: string): EventText[] => [{ type: 'Normal', reason: 'SchedulerConfigRegenerated', message }];
  const shape = shapeOfDefault(config);
  if (shape !== undefined) {
    const same = shape.prefill === wishes.shape.prefill && shape.lora === wishes.shape.lora;
    return same ? [] : regenerated('The default scheduler config was written anew, because the service has another shape now');
  }
  if (wishes.tokenizerEnabled || !asksTokenizer(config, wishes.tokenizerUrl)) return undefined;
  return regenerated('The running scheduler is configured to ask a tokenizer that is no longer there; the default config takes its place');
}

const defaults = new Map(allDefaultConfigs().map(({ shape, config }) => [writeYaml(config), shape]));

/** The shape for which this operator wrote a config, as far as it is an unedited default (B4.1). */
function shapeOfDefault(config: PickerConfig): Shape | undefined {
  return defaults.get(writeYaml(withoutInjectedSource(config)));
}

/** The config without what the removal of `--model-server-metrics-scheme` appended to it under TLS (R4.33). */
function withoutInjectedSource(config: PickerConfig): PickerConfig {
  const plugins = pluginsOf(config) ?? [];
  const last = plugins.at(-1);
  const injected = isObject(last) && writeYaml(last) === writeYaml({ type: 'metrics-data-source', parameters: { scheme: 'https' } });
  return injected ? { ...config, plugins: plugins.slice(0, -1) } : config;
}
