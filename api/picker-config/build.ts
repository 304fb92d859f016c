import { API_VERSION, type catalogue, KIND, type PluginType } from './catalogue.ts';
import type { PickerConfig, Plugin } from './config.ts';
import type { Role } from './shapes.ts';

/** Tells plugins from other objects among parameters. */
const mark = Symbol('declared plugin');

/** A declared plugin. Profiles and other plugins refer to it by passing it on, so that no reference can lead nowhere. */
export interface DeclaredPlugin<T extends PluginType = PluginType> {
  readonly [mark]: true;
  readonly type: T;
  readonly name?: string;
  readonly parameters?: ParametersOf<T>;
}

type TypeOfRole<R extends Role | 'any'> = R extends 'any'
  ? PluginType
  : { [T in PluginType]: (typeof catalogue)[T]['role'] extends R ? T : never }[PluginType];

/** The TypeScript type of a shape. */
type ValueOf<S> = S extends 'string' | 'duration' | 'profile'
  ? string
  : S extends 'number' | 'integer'
    ? number
    : S extends 'boolean'
      ? boolean
      : S extends 'quantity'
        ? string | number
        : S extends { readonly choice: readonly (infer C)[] }
          ? C
          : S extends { readonly list: infer I }
            ? readonly ValueOf<I>[]
            : S extends { readonly map: infer I }
              ? Readonly<Record<string, ValueOf<I>>>
              : S extends { readonly fields: infer F }
                ? ValuesOf<F>
                : S extends { readonly plugin: infer R extends Role | 'any' }
                  ? DeclaredPlugin<TypeOfRole<R>>
                  : S extends { readonly shape: infer I }
                    ? ValueOf<I>
                    : unknown;
type ValuesOf<F> = keyof F extends never ? Readonly<Record<string, never>> : { readonly [K in keyof F]?: ValueOf<F[K]> };

export type ParametersOf<T extends PluginType> = (typeof catalogue)[T]['parameters'] extends 'any'
  ? Readonly<Record<string, unknown>>
  : ValuesOf<(typeof catalogue)[T]['parameters']>;

const isDeclared = (value: object): value is DeclaredPlugin => mark in value;

/** Declares a plugin of a type that pickers know, with parameters that it takes. */
export function declare<T extends PluginType>(type: T, parameters?: ParametersOf<T>, name?: string): DeclaredPlugin<T> {
  return { [mark]: true, ...(name === undefined ? {} : { name }), type, ...(parameters === undefined ? {} : { parameters }) };
}

/** What a profile may hold. */
type ProfilePlugin = DeclaredPlugin<TypeOfRole<'filter' | 'scorer' | 'picker'>>;

export interface Profile {
  readonly name: string;
  /** In the order in which they run; scorers with their weight. */
  readonly plugins: readonly (ProfilePlugin | readonly [DeclaredPlugin<TypeOfRole<'scorer'>>, number])[];
}

/**
 * An EndpointPickerConfig whose plugins, parameters and references fit together.
 *
 * @throws when a profile or a parameter refers to a plugin that is not among `plugins`, which is a mistake of the caller
 */
export function buildPickerConfig(parts: {
  readonly apiVersion?: string;
  readonly plugins: readonly DeclaredPlugin[];
  readonly profiles: readonly Profile[];
}): PickerConfig {
  const { apiVersion = API_VERSION, plugins, profiles } = parts;
  const nameIn = (plugin: DeclaredPlugin): string => {
    if (!plugins.includes(plugin)) throw new Error(`${plugin.type} is referred to, but not declared`);
    return nameOf(plugin);
  };
  const schedulingProfiles = profiles.map(({ name, plugins: used }) => ({
    name,
    plugins: used.map((entry) => ('type' in entry ? { pluginRef: nameIn(entry) } : { pluginRef: nameIn(entry[0]), weight: entry[1] })),
  }));
  return { apiVersion, kind: KIND, plugins: plugins.map((plugin) => written(plugin, nameIn)), schedulingProfiles };
}

/** A single plugin as it stands in `plugins`; for configs that are not built here. */
export function writePlugin(plugin: DeclaredPlugin): Plugin {
  return written(plugin, nameOf);
}

const nameOf = ({ name, type }: DeclaredPlugin): string => name ?? type;

function written({ name, type, parameters }: DeclaredPlugin, reference: (plugin: DeclaredPlugin) => string): Plugin {
  return { ...(name === undefined ? {} : { name }), type, ...(parameters === undefined ? {} : { parameters: plain(parameters, reference) }) };
}

/** Parameters with the names of plugins in the place of the plugins. */
function plain(value: unknown, reference: (plugin: DeclaredPlugin) => string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => plain(item, reference));
  if (isDeclared(value)) return reference(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, reference)]));
}
