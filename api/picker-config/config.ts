/** An EndpointPickerConfig as JSON. Its content is the user's; nothing but what is looked at is assumed (R4.36). */
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
