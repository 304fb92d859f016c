import { declare, writePlugin } from '../../api/picker-config/build.ts';
import {
  declares,
  isObject,
  isPluginOf,
  type Parameters,
  type PickerConfig,
  type Plugin,
  pluginName,
  pluginsOf,
} from '../../api/picker-config/config.ts';
import { isRejection, type Rejection } from '../../api/rejection.ts';
import type { Rewrite } from './config-rewrite.ts';
import { mapPlugins, mapProfiles, objectAt, parametersOf, without } from './picker-config.ts';

const PRECISE_SCORER = 'precise-prefix-cache-scorer';
const PRECISE_PRODUCER = 'precise-prefix-cache-producer';
const PREFIX_SCORER = 'prefix-cache-scorer';
const TOKEN_PRODUCER = 'token-producer';
const tokenProducers = [TOKEN_PRODUCER, 'tokenizer'];
/** Modes of the token producer that exclude `vllm` (B4.17). */
const otherModes = ['estimate', 'udsTokenizerConfig'];

/** Where the tokenizer has the model's files, and the name by which it knows the model (R4.56, R4.73). */
export const TOKENIZER_MODEL_PATH = '/mnt/models/base';

/** Whether the config still uses the scorer that pickers before 0.9.0 had for precise prefix caching. */
export function usesPreciseScorer(config: PickerConfig): boolean {
  return declares(config, PRECISE_SCORER);
}

/** One precise scorer of the old kind, and the two plugins that take its place. */
interface Decomposition {
  readonly oldName: string;
  readonly producer: Plugin;
  readonly scorer: Plugin;
}

/**
 * Replaces the precise scorer by the three plugins it was made of: a producer of tokens, a producer of prefix matches and a
 * scorer (R4.54). A token producer or precise producer that is declared already is used; scorers with names of their own keep
 * them, also when there are several (B4.12). `tokenizerUrl` is the address of the tokenizer's Service (R4.76).
 */
export function decomposePreciseScorer(tokenizerUrl: string): Rewrite {
  return (config) => {
    const plugins = pluginsOf(config) ?? [];
    const first = plugins.findIndex((entry) => isPluginOf(entry, PRECISE_SCORER));
    if (first < 0) return config;
    const decompositions = decompose(plugins);
    if (isRejection(decompositions)) return decompositions;

    const replaced = [PREFIX_SCORER, ...decompositions.map(({ oldName }) => oldName)];
    const remaining = plugins.filter(
      (entry) => !(isPluginOf(entry, PRECISE_SCORER) || (isPluginOf(entry, PREFIX_SCORER) && !isNamed(entry, replaced))),
    );
    const producers = decompositions.map(({ producer }) => producer).filter((producer) => !declared(remaining, producer));
    const tokens = remaining.some((entry) => isPluginOf(entry, ...tokenProducers)) ? [] : [tokenProducer(tokenizerUrl)];
    const inserted = [...tokens, ...producers, ...decompositions.map(({ scorer }) => scorer)];
    const heir = decompositions.find(({ oldName }) => oldName === PRECISE_SCORER) ?? decompositions[0];
    return mapProfiles({ ...config, plugins: remaining.toSpliced(first, 0, ...inserted) }, (references) =>
      heir === undefined ? references : redirect(references, String(pluginName(heir.scorer))),
    );
  };
}

/** Named otherwise than the scorers that are being replaced: a distinct scorer, which stays (B4.12). */
function isNamed(plugin: Plugin, replaced: readonly string[]): boolean {
  return !replaced.includes(String(pluginName(plugin)));
}

function declared(plugins: readonly unknown[], plugin: Plugin): boolean {
  return plugins.some((entry) => isObject(entry) && pluginName(entry) === pluginName(plugin));
}

function decompose(plugins: readonly unknown[]): readonly Decomposition[] | Rejection {
  const found: Decomposition[] = [];
  for (const plugin of plugins) {
    if (!isPluginOf(plugin, PRECISE_SCORER)) continue;
    const oldName = String(pluginName(plugin));
    if (found.some((other) => other.oldName === oldName)) continue;
    const parameters = parametersOf(plugin);
    if (isRejection(parameters)) return parameters;
    const own = oldName !== PRECISE_SCORER;
    const producerName = found.length === 0 ? PRECISE_PRODUCER : `${oldName}-producer`;
    const migrated = migrateParameters(parameters);
    found.push({
      oldName,
      producer: {
        ...(producerName === PRECISE_PRODUCER ? {} : { name: producerName }),
        type: PRECISE_PRODUCER,
        ...(Object.keys(migrated).length === 0 ? {} : { parameters: migrated }),
      },
      scorer: { ...(own ? { name: oldName } : {}), type: PREFIX_SCORER, parameters: { prefixMatchInfoProducerName: producerName } },
    });
  }
  return found;
}

/** The producer's parameters from those of the old scorer (R4.55). */
function migrateParameters(parameters: Parameters): Parameters {
  const { indexerConfig, ...others } = parameters;
  if (!isObject(indexerConfig)) return others;
  const kept = without(indexerConfig, 'tokenizersPoolConfig', 'tokenProcessorConfig');
  return {
    ...('tokenProcessorConfig' in indexerConfig ? { tokenProcessorConfig: indexerConfig.tokenProcessorConfig } : {}),
    ...others,
    ...(Object.keys(kept).length === 0 ? {} : { indexerConfig: kept }),
  };
}

/** References to the old scorer and to the scorer it replaces point to the new one; of several in a profile the first stays. */
function redirect(references: readonly unknown[], scorer: string): readonly unknown[] {
  const redirected = references.map((entry) => {
    const isReplaced = isObject(entry) && (entry.pluginRef === PRECISE_SCORER || entry.pluginRef === PREFIX_SCORER);
    return isReplaced ? { ...entry, pluginRef: scorer } : entry;
  });
  const first = redirected.findIndex((entry) => isObject(entry) && entry.pluginRef === scorer);
  return redirected.filter((entry, i) => i === first || !(isObject(entry) && entry.pluginRef === scorer));
}

function tokenProducer(tokenizerUrl: string): Plugin {
  return writePlugin(declare(TOKEN_PRODUCER, { modelName: TOKENIZER_MODEL_PATH, vllm: { url: tokenizerUrl } }));
}

/** Gives token producers the model's name and the tokenizer's address where they state none (R4.56), in their `vllm` mode (B4.17). */
export function completeTokenProducer(tokenizerUrl: string): Rewrite {
  return (config) =>
    mapPlugins(config, (plugin) => {
      if (!isPluginOf(plugin, ...tokenProducers)) return plugin;
      const parameters = parametersOf(plugin);
      if (isRejection(parameters)) return parameters;
      if (otherModes.some((mode) => mode in parameters)) return plugin;
      const vllm = objectAt(parameters, 'vllm', `vllm of plugin ${String(pluginName(plugin))}`);
      if (isRejection(vllm)) return vllm;
      return { ...plugin, parameters: { modelName: TOKENIZER_MODEL_PATH, ...parameters, vllm: { url: tokenizerUrl, ...vllm } } };
    });
}

/** Whether a token producer asks the tokenizer at this address, be it over TLS or not. */
export function asksTokenizer(config: PickerConfig, tokenizerUrl: string): boolean {
  const place = (url: unknown): string => String(url).replace(/^https?:/, '');
  return (pluginsOf(config) ?? []).some((entry) => {
    const vllm = isPluginOf(entry, ...tokenProducers) && isObject(entry.parameters) ? entry.parameters.vllm : undefined;
    return isObject(vllm) && place(vllm.url) === place(tokenizerUrl);
  });
}
