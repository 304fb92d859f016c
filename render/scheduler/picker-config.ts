import { isObject, type Parameters, type PickerConfig, type Plugin, pluginName, pluginsOf } from '../../api/picker-config/config.ts';
import { isRejection, type Rejection, reject } from '../../api/rejection.ts';

/** The config with every plugin that is an object changed by `change`. The first rejection ends it. */
export function mapPlugins(config: PickerConfig, change: (plugin: Plugin) => Plugin | Rejection): PickerConfig | Rejection {
  const plugins = pluginsOf(config);
  if (plugins === undefined) return config;
  const changed: unknown[] = [];
  for (const entry of plugins) {
    const result = isObject(entry) ? change(entry) : entry;
    if (isRejection(result)) return result;
    changed.push(result);
  }
  return { ...config, plugins: changed };
}

/** The parameters of a plugin, empty when absent. Parameters that are not an object are a rejection (R4.37). */
export function parametersOf(plugin: Plugin): Parameters | Rejection {
  return objectAt(plugin, 'parameters', `parameters of plugin ${String(pluginName(plugin))}`);
}

/** The object at `key`, empty when absent; anything else there is a rejection that names it as `what`. */
export function objectAt(parent: Readonly<Record<string, unknown>>, key: string, what: string): Readonly<Record<string, unknown>> | Rejection {
  const value = parent[key];
  if (value === undefined || value === null) return {};
  return isObject(value) ? value : reject('InvalidSchedulerConfig', `${what} must be an object, not ${describe(value)}`);
}

function describe(value: unknown): string {
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** The object without some of its keys. */
export function without(object: Readonly<Record<string, unknown>>, ...keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** The config with every list of plugin references in `schedulingProfiles` changed by `change` (R4.38, R4.54). */
export function mapProfiles(config: PickerConfig, change: (references: readonly unknown[]) => readonly unknown[]): PickerConfig {
  const profiles = config.schedulingProfiles;
  if (!Array.isArray(profiles)) return config;
  const changed = profiles.map((profile: unknown) =>
    isObject(profile) && Array.isArray(profile.plugins) ? { ...profile, plugins: change(profile.plugins) } : profile,
  );
  return { ...config, schedulingProfiles: changed };
}
