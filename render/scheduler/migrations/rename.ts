import { isObject } from '../../../api/picker-config/config.ts';
import { isRejection } from '../../../api/rejection.ts';
import type { Rewrite } from '../config-rewrite.ts';
import { mapPlugins, mapProfiles } from '../picker-config.ts';

/** Renames a plugin type, and the plugin's name where it equals the type, together with the references of profiles (R4.38). */
export function rename(from: string, to: string): Rewrite {
  const renamed = (object: Readonly<Record<string, unknown>>, ...keys: readonly string[]): Readonly<Record<string, unknown>> => {
    const changes = keys.filter((key) => object[key] === from).map((key) => [key, to]);
    return changes.length === 0 ? object : { ...object, ...Object.fromEntries(changes) };
  };
  return (config) => {
    const plugins = mapPlugins(config, (plugin) => renamed(plugin, 'type', 'name'));
    if (isRejection(plugins)) return plugins;
    return mapProfiles(plugins, (references) => references.map((entry) => (isObject(entry) ? renamed(entry, 'pluginRef') : entry)));
  };
}

/** The API version that pickers before 0.9.0 demand becomes the one of today; any other value is left alone (chapter 04 §8). */
export const renameApiVersion: Rewrite = (config) =>
  config.apiVersion === 'inference.networking.x-k8s.io/v1alpha1' ? { ...config, apiVersion: 'llm-d.ai/v1alpha1' } : config;
