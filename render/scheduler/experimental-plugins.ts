import { pluginFacts } from '../../api/picker-config/catalogue.ts';
import { isObject, type PickerConfig, pluginsOf } from '../../api/picker-config/config.ts';
import type { PodTemplate } from '../../api/types.ts';
import { reached, type Version } from '../../api/version.ts';
import { changeContainer, containers, findContainer } from '../pod-spec.ts';
import { configPairs } from './config-pairs.ts';
import { readPickerConfig } from './config-rewrite.ts';
import { flagName } from './flags.ts';

const FLAG = 'allow-experimental-plugins';

/** Allows alpha plugins when the config declares one: pickers from 0.10.0 on do not start otherwise (B4.29). */
export function allowExperimentalPlugins(podSpec: PodTemplate, gate: Version): PodTemplate {
  const main = findContainer(podSpec, containers.main);
  const stated = [...(main?.command ?? []), ...(main?.args ?? [])].some((arg) => flagName(arg) === FLAG);
  if (stated || !reached(gate, '0.10.0')) return podSpec;
  const configs = configPairs(main).map(({ kind, value }) => (kind === 'text' ? readPickerConfig(value) : undefined));
  if (!configs.some((config) => config !== undefined && declaresAlpha(config))) return podSpec;
  return changeContainer(podSpec, containers.main, (container) => ({ ...container, args: [...(container.args ?? []), `--${FLAG}`] }));
}

function declaresAlpha(config: PickerConfig): boolean {
  return (pluginsOf(config) ?? []).some((entry) => isObject(entry) && pluginFacts(String(entry.type))?.alpha);
}
