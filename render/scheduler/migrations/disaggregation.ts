import { declare, writePlugin } from '../../../api/picker-config/build.ts';
import { declares, isPluginOf, type Parameters, type Plugin, pluginName, pluginsOf } from '../../../api/picker-config/config.ts';
import { isRejection, type Rejection, reject } from '../../../api/rejection.ts';
import type { Rewrite } from '../config-rewrite.ts';
import { mapPlugins, objectAt, parametersOf, without } from '../picker-config.ts';

const handlers = ['disagg-profile-handler', 'pd-profile-handler'] as const;
const CHARACTERS_PER_TOKEN = 4;

/**
 * Gives the disaggregation handler its deciders: a decider named by the old flat parameter, or one that does what the old
 * threshold did, which is then declared before the handler (R4.44, R4.45).
 */
export const migrateDeciders: Rewrite = (config) => {
  const needed: Plugin[] = [];
  const migrated = mapPlugins(config, (plugin) => {
    if (!isPluginOf(plugin, ...handlers)) return plugin;
    const parameters = parametersOf(plugin);
    if (isRejection(parameters)) return parameters;
    const result = withDeciders(parameters);
    if (isRejection(result)) return result;
    if (result.decider !== undefined) needed.push(result.decider);
    return result.parameters === parameters ? plugin : { ...plugin, parameters: result.parameters };
  });
  if (isRejection(migrated)) return migrated;
  const missing = needed.filter(
    (decider, i) => !declares(migrated, String(decider.type)) && needed.findIndex((other) => other.type === decider.type) === i,
  );
  if (missing.length === 0) return migrated;
  const plugins = pluginsOf(migrated) ?? [];
  return {
    ...migrated,
    plugins: plugins.toSpliced(
      plugins.findIndex((entry) => isPluginOf(entry, ...handlers)),
      0,
      ...missing,
    ),
  };
};

function withDeciders(parameters: Parameters): { parameters: Parameters; decider?: Plugin } | Rejection {
  if ('deciders' in parameters) return { parameters };
  const named = parameters.deciderPluginName;
  if (named !== undefined) {
    if (typeof named !== 'string') return reject('InvalidSchedulerConfig', 'deciderPluginName must be a string');
    return { parameters: decidedBy(named, parameters) };
  }
  if (!('threshold' in parameters)) return { parameters };
  const decider = deciderFor(parameters.threshold);
  return { parameters: decidedBy(String(decider.type), parameters), decider };
}

function decidedBy(decider: string, parameters: Parameters): Parameters {
  return { ...without(parameters, 'deciderPluginName', 'threshold'), deciders: { prefill: decider } };
}

/** The old threshold counted characters that are not in the cache, the decider counts tokens (R4.44). */
function deciderFor(threshold: unknown): Plugin {
  if (String(threshold) === '0') return writePlugin(declare('always-disagg-pd-decider'));
  const tokens = Math.ceil(Number.parseFloat(String(threshold)) / CHARACTERS_PER_TOKEN);
  return writePlugin(declare('prefix-based-pd-decider', { nonCachedTokens: Number.isFinite(tokens) ? Math.max(1, tokens) : 1 }));
}

/** Removes the parameter `hashBlockSize` from every plugin (chapter 04 §8, step 5). */
export const removeHashBlockSize: Rewrite = (config) =>
  mapPlugins(config, (plugin) => {
    const parameters = parametersOf(plugin);
    if (isRejection(parameters) || !('hashBlockSize' in parameters)) return plugin;
    return { ...plugin, parameters: without(parameters, 'hashBlockSize') };
  });

/** Flat parameters of the handler that have a place in its nested form: object and key there. */
const nestedPlaces: Readonly<Record<string, readonly ['profiles' | 'deciders', string]>> = {
  decodeProfile: ['profiles', 'decode'],
  prefillProfile: ['profiles', 'prefill'],
  encodeProfile: ['profiles', 'encode'],
  prefillDeciderPluginName: ['deciders', 'prefill'],
  encodeDeciderPluginName: ['deciders', 'encode'],
};
const nestedParameters = ['stageOrder', 'profiles', 'deciders'];

/**
 * Pickers from 0.9.0 on refuse a disaggregation handler with nested and flat parameters side by side, or with any it does not know.
 * Where `deciders` or `profiles` are there, flat parameters move to their nested place; those without one are dropped (B4b.1).
 */
export const nestHandlerParameters: Rewrite = (config, note) =>
  mapPlugins(config, (plugin) => {
    if (!isPluginOf(plugin, 'disagg-profile-handler')) return plugin;
    const parameters = parametersOf(plugin);
    if (isRejection(parameters)) return parameters;
    const flat = Object.keys(parameters).filter((key) => !nestedParameters.includes(key));
    const dropped = flat.filter((key) => !(key in nestedPlaces));
    const isMixed = flat.length > 0 && ('deciders' in parameters || 'profiles' in parameters);
    if (!isMixed && dropped.length === 0) return plugin;
    const nested = isMixed ? nest(parameters) : without(parameters, ...dropped);
    if (isRejection(nested)) return nested;
    if (dropped.length > 0)
      note(`parameters ${dropped.sort().join(', ')} of plugin ${String(pluginName(plugin))} were dropped: the endpoint picker refuses them`);
    return Object.keys(nested).length === 0 ? without(plugin, 'parameters') : { ...plugin, parameters: nested };
  });

function nest(parameters: Parameters): Parameters | Rejection {
  const profiles = objectAt(parameters, 'profiles', 'profiles of disagg-profile-handler');
  if (isRejection(profiles)) return profiles;
  const deciders = objectAt(parameters, 'deciders', 'deciders of disagg-profile-handler');
  if (isRejection(deciders)) return deciders;
  const moved = { profiles: {} as Record<string, unknown>, deciders: {} as Record<string, unknown> };
  for (const [key, [place, name]] of Object.entries(nestedPlaces)) {
    if (key in parameters) moved[place][name] = parameters[key];
  }
  const merged = { profiles: { ...moved.profiles, ...profiles }, deciders: { ...moved.deciders, ...deciders } };
  return {
    ...('stageOrder' in parameters ? { stageOrder: parameters.stageOrder } : {}),
    ...(Object.keys(merged.profiles).length === 0 ? {} : { profiles: merged.profiles }),
    ...(Object.keys(merged.deciders).length === 0 ? {} : { deciders: merged.deciders }),
  };
}
