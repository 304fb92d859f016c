import { isPluginOf, type Parameters } from '../../api/picker-config/config.ts';
import { isRejection, type Rejection } from '../../api/rejection.ts';
import type { Rewrite } from './config-rewrite.ts';
import { mapPlugins, objectAt, parametersOf } from './picker-config.ts';

/** Name by which the tokenizer container of pickers up to 0.8 knows the model, and where it listens (R4.65). */
const MODEL_NAME = 'base';
const SOCKET = '/tmp/tokenizer/tokenizer-uds.socket';

/** What the config of a pod with a tokenizer container has to say, in the order of R4.65. */
export const legacyTokenizerRewrites: readonly Rewrite[] = [
  (config) =>
    mapPlugins(config, (plugin) => {
      if (!isPluginOf(plugin, 'precise-prefix-cache-scorer')) return plugin;
      const parameters = parametersOf(plugin);
      if (isRejection(parameters)) return parameters;
      const pointed = pointToTokenizer(parameters);
      return isRejection(pointed) ? pointed : { ...plugin, parameters: pointed };
    }),
  (config) =>
    mapPlugins(config, (plugin) => {
      if (!isPluginOf(plugin, 'prefix-cache-scorer')) return plugin;
      const parameters = parametersOf(plugin);
      if (isRejection(parameters)) return parameters;
      if (!('blockSize' in parameters) || 'blockSizeTokens' in parameters) return plugin;
      return { ...plugin, parameters: { ...parameters, blockSizeTokens: parameters.blockSize } };
    }),
];

/** The scorer finds the tokenizer container, and its token processing also where newer pickers look for it. */
function pointToTokenizer(parameters: Parameters): Parameters | Rejection {
  const indexer = objectAt(parameters, 'indexerConfig', 'indexerConfig');
  if (isRejection(indexer)) return indexer;
  const pool = objectAt(indexer, 'tokenizersPoolConfig', 'tokenizersPoolConfig');
  if (isRejection(pool)) return pool;
  const uds = objectAt(pool, 'uds', 'uds');
  if (isRejection(uds)) return uds;
  const tokenizersPoolConfig = { ...pool, modelName: MODEL_NAME, uds: { ...uds, socketFile: SOCKET } };
  return {
    ...('tokenProcessorConfig' in indexer ? { tokenProcessorConfig: indexer.tokenProcessorConfig } : {}),
    ...parameters,
    indexerConfig: { ...indexer, tokenizersPoolConfig },
  };
}
