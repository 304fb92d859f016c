import { isObject, type PickerConfig } from '../../api/picker-config/config.ts';
import { isRejection, type Rejection } from '../../api/rejection.ts';
import { readYaml, writeYaml } from './config-yaml.ts';

/**
 * One change of an EndpointPickerConfig. It returns the changed config, or a rejection when the config is built in a way that
 * cannot be changed. What the user should know about it goes to `note`, as a sentence.
 */
export type Rewrite = (config: PickerConfig, note: (text: string) => void) => PickerConfig | Rejection;

/**
 * Applies rewrites, in order, to a config text. The result is written anew even when nothing changed (R4.36). Text that is no
 * EndpointPickerConfig (not an object, or without `kind`) comes back as it is.
 */
export function rewriteText(text: string, rewrites: readonly Rewrite[], note: (text: string) => void): string | Rejection {
  let config = readPickerConfig(text);
  if (config === undefined) return text;
  for (const rewrite of rewrites) {
    const result = rewrite(config, note);
    if (isRejection(result)) return result;
    config = result;
  }
  return writeYaml(config);
}

/** The config in a text, when it is an object with a `kind` (R4.36). */
export function readPickerConfig(text: string): PickerConfig | undefined {
  const value = readYaml(text);
  return isObject(value) && value.kind ? value : undefined;
}
