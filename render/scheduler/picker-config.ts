import { isRejection, type Rejection, reject } from '../../api/rejection.ts';

/** An EndpointPickerConfig as JSON. Its content is the user's; nothing but what is looked at here is assumed (R4.36). */
export type PickerConfig = Readonly<Record<string, unknown>>;

/** An entry of `plugins` that is an object. */
export type Plugin = Readonly<Record<string, unknown>>;

export type Parameters = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The `plugins` list, or undefined when there is none; a value of another type counts as none (R4.37). */
export function pluginsOf(config: PickerConfig): readonly unknown[] | undefined {
  return Array.isArray(config.plugins) ? config.plugins : undefined;
}

/** Whether `plugins` has an entry of one of the types. */
export function declares(config: PickerConfig, ...types: readonly string[]): boolean {
  return (pluginsOf(config) ?? []).some((entry) => isPluginOf(entry, ...types));
}

export function isPluginOf(entry: unknown, ...types: readonly string[]): entry is Plugin {
  return isObject(entry) && typeof entry.type === 'string' && types.includes(entry.type);
}

/** The name by which profiles refer to a plugin: its `name`, else its type. */
export function pluginName(plugin: Plugin): unknown {
  return plugin.name || plugin.type;
}

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
