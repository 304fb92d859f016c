import { isPluginOf, pluginName } from '../../../api/picker-config/config.ts';
import { isRejection } from '../../../api/rejection.ts';
import type { Rewrite } from '../config-rewrite.ts';
import { mapPlugins, parametersOf, without } from '../picker-config.ts';

/** The parameters that the prefix cache scorer still has in 0.9.0 (B4.13). */
const known = ['prefixMatchInfoProducerName', 'matchLengthWeight', 'matchLengthScaleTokens'];

/**
 * Removes the parameters that `prefix-cache-scorer` lost to its producer in 0.9.0 (R4.52). Their values are not carried over
 * to a producer (B4.13); `note` names them.
 */
export const trimPrefixCacheScorer: Rewrite = (config, note) =>
  mapPlugins(config, (plugin) => {
    if (!isPluginOf(plugin, 'prefix-cache-scorer') || !('parameters' in plugin)) return plugin;
    const parameters = parametersOf(plugin);
    if (isRejection(parameters)) return parameters;
    const dropped = Object.keys(parameters).filter((key) => !known.includes(key));
    if (dropped.length > 0)
      note(
        `parameters ${dropped.sort().join(', ')} of plugin ${String(pluginName(plugin))} were dropped: they belong to approx-prefix-cache-producer now`,
      );
    const kept = without(parameters, ...dropped);
    return Object.keys(kept).length === 0 ? without(plugin, 'parameters') : { ...plugin, parameters: kept };
  });
