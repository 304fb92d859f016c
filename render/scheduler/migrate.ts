import { pluginsOf } from '../../api/picker-config/config.ts';
import { isRejection, type Rejection, withinStep } from '../../api/rejection.ts';
import type { PodTemplate } from '../../api/types.ts';
import { reached } from '../../api/version.ts';
import { changeContainer, containers, findContainer } from '../pod-spec.ts';
import { configPairs, pairElements, replaceConfigPairs } from './config-pairs.ts';
import { type Rewrite, readPickerConfig, rewriteText } from './config-rewrite.ts';
import type { Gate } from './gate.ts';
import { takeMetricFlags } from './metric-flags.ts';
import { type MigrationFacts, rewritesFor } from './migrations/migrations.ts';
import { usesPreciseScorer } from './precise-prefix.ts';
import { isPresetFlag, takeServerMetricsFlags, unwritable } from './server-metrics-flags.ts';

const FAILURE = 'failed to apply scheduler migrations';

export interface MigrationTarget {
  /** `<namespace>/<name>` of the Deployment, for errors. */
  readonly deployment: string;
  readonly gate: Gate;
  readonly tokenizerUrl?: string;
}

/** A pod that a picker of the gate's version can start, and what the user should know about the changes, as sentences. */
export interface Migrated {
  readonly podSpec: PodTemplate;
  readonly notes: readonly string[];
}

/**
 * Brings flags and config of the picker's pod to the version of the gate (R4.40 - R4.61). Below 0.7.0 nothing changes.
 * Flags that only a config can replace are a rejection when the pod has no inline config.
 */
export function migrate(podSpec: PodTemplate, target: MigrationTarget): Migrated | Rejection {
  const { version } = target.gate;
  if (!reached(version, '0.7.0')) return { podSpec, notes: [] };
  const taken = takeFlags(podSpec, target);
  if (isRejection(taken)) return withinStep(taken, FAILURE);
  const withoutTokenizer = reached(version, '0.9.0') ? dropLegacyTokenizer(taken.podSpec) : taken.podSpec;
  const rewritten = rewriteConfigs(withoutTokenizer, rewritesFor(taken.facts), target.deployment);
  if (isRejection(rewritten)) return withinStep(rewritten, `${FAILURE}: failed to mutate config`);
  return { podSpec: spellFlags(rewritten.podSpec, target.gate), notes: [...taken.notes, ...rewritten.notes] };
}

/** Takes the flags out that the picker no longer knows, for the config to take their place. */
function takeFlags(
  podSpec: PodTemplate,
  target: MigrationTarget,
): { podSpec: PodTemplate; facts: MigrationFacts; notes: readonly string[] } | Rejection {
  const { version } = target.gate;
  const writable = configPairs(findContainer(podSpec, containers.main)).some(({ kind }) => kind === 'text');
  const metric = takeMetricFlags(podSpec, writable);
  if (isRejection(metric)) return metric;
  const facts: MigrationFacts = {
    gate: version,
    metricNames: metric.values,
    serverMetrics: {},
    ...(target.tokenizerUrl === undefined ? {} : { tokenizerUrl: target.tokenizerUrl }),
  };
  if (!reached(version, '0.10.0')) return { podSpec: metric.podSpec, facts, notes: [] };

  const server = takeServerMetricsFlags(metric.podSpec);
  if (isRejection(server)) return server;
  const { parameters, flags } = server.metrics;
  const lost = !writable && flags.length > 0;
  if (lost && !isPresetFlag(podSpec)) return unwritable(flags);
  const notes = lost ? ['the config file has to declare metrics-data-source with scheme https: model servers are scraped over TLS'] : [];
  return { podSpec: server.podSpec, facts: { ...facts, serverMetrics: parameters }, notes };
}

/** Pickers from 0.9.0 on need no tokenizer in their pod, unless the precise scorer is still there (R4.53). */
function dropLegacyTokenizer(podSpec: PodTemplate): PodTemplate {
  const configs = configPairs(findContainer(podSpec, containers.main)).map(({ kind, value }) =>
    kind === 'text' ? readPickerConfig(value) : undefined,
  );
  const needless = configs.some((config) => config !== undefined && pluginsOf(config) !== undefined && !usesPreciseScorer(config));
  const tokenizer = podSpec.containers?.findIndex(({ name }) => name === containers.tokenizer) ?? -1;
  return needless && tokenizer >= 0 ? { ...podSpec, containers: (podSpec.containers ?? []).toSpliced(tokenizer, 1) } : podSpec;
}

/** Applies rewrites to every inline config of the picker (R4.35). The first that fails ends it. */
export function rewriteConfigs(podSpec: PodTemplate, rewrites: readonly Rewrite[], deployment: string): Migrated | Rejection {
  const notes: string[] = [];
  const texts = new Map<string, string>();
  for (const { kind, value } of configPairs(findContainer(podSpec, containers.main))) {
    if (kind !== 'text') continue;
    const text = rewriteText(value, rewrites, (note) => notes.push(note));
    if (isRejection(text)) return { ...withinStep(text, `failed to mutate config for scheduler deployment ${deployment}`) };
    texts.set(value, text);
  }
  const rewritten = changeContainer(podSpec, containers.main, (main) =>
    replaceConfigPairs(main, (pair) => pairElements(pair, (pair.kind === 'text' ? texts.get(pair.value) : undefined) ?? pair.value)),
  );
  return { podSpec: rewritten, notes };
}

/**
 * Pickers from 0.7 on read flags only as `--config-text` and `--config-file`. At 0.7.x clients look for the spelling they
 * gave, and a version that is only guessed from an image changes nothing (B4.5).
 */
function spellFlags(podSpec: PodTemplate, gate: Gate): PodTemplate {
  if (!gate.annotated || !reached(gate.version, '0.8.0')) return podSpec;
  return changeContainer(podSpec, containers.main, (main) =>
    replaceConfigPairs(main, (pair) => pairElements({ ...pair, flag: pair.kind === 'text' ? '--config-text' : '--config-file' }, pair.value)),
  );
}
