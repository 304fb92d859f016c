/** What a plugin is for in an EndpointPickerConfig. Roles decide which references may lead to it. */
export type Role =
  | 'filter'
  | 'scorer'
  | 'picker'
  | 'profileHandler'
  | 'headersHandler'
  | 'decider'
  | 'producer'
  | 'admitter'
  | 'parser'
  | 'requestPlugin'
  | 'dataSource'
  | 'extractor'
  | 'discovery'
  | 'fairnessPolicy'
  | 'orderingPolicy'
  | 'usageLimitPolicy'
  | 'evictionPolicy'
  | 'saturationDetector';

/** The type of a value in an EndpointPickerConfig, as the picker decodes it. `any` is not looked into. */
export type Shape =
  | 'string'
  | 'boolean'
  | 'number'
  | 'integer'
  | 'duration'
  | 'quantity'
  | 'any'
  | { readonly choice: readonly string[] }
  | { readonly list: Shape }
  | { readonly map: Shape }
  | Fields
  /** The name of a plugin of this role. */
  | { readonly plugin: Role | 'any' }
  /** The name of a plugin that the config declares. */
  | { readonly declared: true }
  /** The name of a scheduling profile. */
  | 'profile'
  /** Known from this version of the picker on. */
  | { readonly since: string; readonly shape: Shape };

/** An object with exactly these fields, all of which may be left out. */
export interface Fields {
  readonly fields: Readonly<Record<string, Shape>>;
}

export const choice = <const C extends readonly string[]>(...values: C) => ({ choice: values });
export const list = <const S extends Shape>(items: S) => ({ list: items });
export const map = <const S extends Shape>(values: S) => ({ map: values });
export const fields = <const F extends Readonly<Record<string, Shape>>>(of: F) => ({ fields: of });
export const pluginOf = <const R extends Role | 'any'>(role: R) => ({ plugin: role });
export const since = <const V extends string, const S extends Shape>(version: V, shape: S) => ({ since: version, shape });

/** What is known of a plugin type (04b §3 to §6). */
export interface PluginFacts {
  readonly role: Role;
  /** Of alpha stability: pickers from 0.10.0 on start it only when told to (B4.29). */
  readonly alpha?: true;
  /** First version that knows it, where that is not the oldest one that is still looked at. */
  readonly since?: string;
  /** First version that does not know it any more. */
  readonly until?: string;
  readonly parameters: 'any' | Readonly<Record<string, Shape>>;
  /** Parameters of older pickers that the operator takes away or moves (chapter 04 §8); they are no finding. */
  readonly migrated?: readonly string[];
}

/** A group of plugin types. Written as a function, so that the literal types stay for the builder. */
export const plugins = <const P extends Readonly<Record<string, PluginFacts>>>(group: P): P => group;
