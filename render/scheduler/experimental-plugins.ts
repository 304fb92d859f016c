import type { PodTemplate } from '../../api/types.ts';
import { changeContainer, containers, findContainer } from '../pod-spec.ts';
import { configPairs } from './config-pairs.ts';
import { readPickerConfig } from './config-rewrite.ts';
import { flagName } from './flags.ts';
import { reached } from './gate.ts';
import { declares } from './picker-config.ts';
import type { Version } from './version.ts';

const FLAG = 'allow-experimental-plugins';

/** Plugin types of alpha stability (04b §3, §4, §6). */
const alphaPlugins = [
  'session-affinity-filter',
  'endpoint-attribute-filter',
  'topology-affinity-filter',
  'utilization-filter',
  'session-affinity-scorer',
  'header-label-affinity-scorer',
  'endpoint-attribute-scorer',
  'topology-affinity-scorer',
  'header-profile-handler',
  'burst-prefix-cache-producer',
  'p2p-source-producer',
  'agent-identity',
  'disaggregatedset-rollout-screener',
  'dcgm-data-source',
  'dcgm-extractor',
  'topology-extractor',
  'priority-holdback-policy',
  'soft-reflective-ceiling-policy',
  'sheddable-eviction-filter',
  'priority-then-time-eviction-order-policy',
];

/** Allows alpha plugins when the config declares one: pickers from 0.10.0 on do not start otherwise (B4.29). */
export function allowExperimentalPlugins(podSpec: PodTemplate, gate: Version): PodTemplate {
  const main = findContainer(podSpec, containers.main);
  const stated = [...(main?.command ?? []), ...(main?.args ?? [])].some((arg) => flagName(arg) === FLAG);
  if (stated || !reached(gate, '0.10.0')) return podSpec;
  const configs = configPairs(main).map(({ kind, value }) => (kind === 'text' ? readPickerConfig(value) : undefined));
  if (!configs.some((config) => config !== undefined && declares(config, ...alphaPlugins))) return podSpec;
  return changeContainer(podSpec, containers.main, (container) => ({ ...container, args: [...(container.args ?? []), `--${FLAG}`] }));
}
