import type { EventText } from '../api/event-text.ts';
import { annotations as keys, PIN_PREFIX } from '../api/metadata.ts';
import type { Options } from '../api/options.ts';

type Annotations = Readonly<Record<string, string>>;
type NameOptions = Pick<Options, 'presetPrefix' | 'pinPresets'>;

/** Suffixes of the presets that are shipped, pinned and protected (R2.11). */
export const wellKnownSuffixes = [
  'config-llm-template',
  'config-llm-decode-template',
  'config-llm-prefill-template',
  'config-llm-worker-data-parallel',
  'config-llm-decode-worker-data-parallel',
  'config-llm-prefill-worker-data-parallel',
  'config-llm-scheduler',
  'config-llm-scheduler-latency-predictor',
  'config-llm-router-route',
  'config-llm-tokenizer',
  'config-llm-tracing',
] as const;

/** A suffix that a service's shape can ask for; the pipeline-parallel ones are not shipped. */
export type PresetSuffix =
  | (typeof wellKnownSuffixes)[number]
  | 'config-llm-worker-pipeline-parallel'
  | 'config-llm-decode-worker-pipeline-parallel'
  | 'config-llm-prefill-worker-pipeline-parallel';

/** Full name of a preset under the current prefix (R2.10). */
export function presetName(suffix: PresetSuffix, options: Pick<Options, 'presetPrefix'>): string {
  return options.presetPrefix + suffix;
}

export function isWellKnown(name: string, options: Pick<Options, 'presetPrefix'>): boolean {
  return wellKnownSuffixes.some((suffix) => name === presetName(suffix, options));
}

/**
 * The status annotations of a service with every well-known preset pinned to the name that was current when it was first seen
 * (R2.13). Other annotations and existing pins stay, unless the service's metadata ask for the current presets: its annotation
 * `serving.kserve.io/preset-pins: current` moves every pin to the current name. Unchanged when pinning is off (R2.12).
 */
export function pinPresets(status: Annotations | undefined, options: NameOptions, metadata?: Annotations): Annotations | undefined {
  if (!options.pinPresets) return status;
  const follow = metadata?.[keys.presetPins] === 'current';
  const pins = wellKnownSuffixes.flatMap((suffix) => {
    const key = PIN_PREFIX + suffix;
    return follow || !status?.[key] ? [[key, presetName(suffix, options)]] : [];
  });
  return { ...status, ...Object.fromEntries(pins) };
}

/** What to tell the user when pins that existed have moved. */
export function movedPins(before: Annotations | undefined, after: Annotations | undefined): EventText | undefined {
  const moved = wellKnownSuffixes.filter((suffix) => before?.[PIN_PREFIX + suffix] && before[PIN_PREFIX + suffix] !== after?.[PIN_PREFIX + suffix]);
  if (moved.length === 0) return undefined;
  const names = moved.map((suffix) => `${before?.[PIN_PREFIX + suffix]} to ${after?.[PIN_PREFIX + suffix]}`);
  return { type: 'Normal', reason: 'PresetPinsMoved', message: `Preset pins moved: ${names.join(', ')}` };
}

/** The name a preset has for a service: the pinned one, where there is a pin (R2.14). */
export function resolvePresetName(name: string, status: Annotations | undefined, options: NameOptions): string {
  if (!options.pinPresets || status === undefined) return name;
  const suffix = name.startsWith(options.presetPrefix) ? name.slice(options.presetPrefix.length) : name;
  return status[PIN_PREFIX + suffix] ?? name;
}
