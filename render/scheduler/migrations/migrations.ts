import type { Parameters } from '../../../api/picker-config/config.ts';
import { reached, type Version } from '../../../api/version.ts';
import type { Rewrite } from '../config-rewrite.ts';
import { injectMetricsPlugin, METRICS_EXTRACTOR, METRICS_PLUGIN } from '../metric-flags.ts';
import { completeTokenProducer, decomposePreciseScorer } from '../precise-prefix.ts';
import { injectMetricsSource } from '../server-metrics-flags.ts';
import { migrateDeciders, nestHandlerParameters, removeHashBlockSize } from './disaggregation.ts';
import { trimPrefixCacheScorer } from './prefix-cache.ts';
import { rename, renameApiVersion } from './rename.ts';

/** What the rewrites need to know besides the config. */
export interface MigrationFacts {
  readonly gate: Version;
  /** Values of the metric flags that were taken from the pod (R4.51). */
  readonly metricNames: ReadonlyMap<string, string>;
  /** Parameters that took the place of the server metrics flags (R4.60). */
  readonly serverMetrics: Parameters;
  /** Address of the tokenizer, when there is one (R4.76). */
  readonly tokenizerUrl?: string;
}

interface Migration {
  /** First picker version that needs it. */
  readonly since: string;
  readonly rewrites: (facts: MigrationFacts) => readonly Rewrite[];
}

/** Pickers up to 0.8 know the label of a pod's engine only by its first name (B4b.5). */
const engineLabelKey = ({ gate }: MigrationFacts): string =>
  reached(gate, '0.9.0') ? 'llm-d.ai/engine-type' : 'inference.networking.k8s.io/engine-type';

/** What changed in the EndpointPickerConfig, in the order in which it is applied (chapter 04 §8, 04b §11). */
const migrations: readonly Migration[] = [
  {
    since: '0.7.0',
    rewrites: () => [rename('prefill-header-handler', 'disagg-headers-handler'), rename('pd-profile-handler', 'disagg-profile-handler')],
  },
  { since: '0.7.0', rewrites: () => [migrateDeciders, removeHashBlockSize] },
  { since: '0.7.0', rewrites: (facts) => [injectMetricsPlugin(facts.metricNames, engineLabelKey(facts))] },
  { since: '0.8.0', rewrites: () => [rename(METRICS_PLUGIN, METRICS_EXTRACTOR)] },
  { since: '0.9.0', rewrites: () => [nestHandlerParameters, trimPrefixCacheScorer, renameApiVersion] },
  {
    since: '0.9.0',
    rewrites: ({ tokenizerUrl }) => (tokenizerUrl === undefined ? [] : [decomposePreciseScorer(tokenizerUrl), completeTokenProducer(tokenizerUrl)]),
  },
  { since: '0.10.0', rewrites: ({ serverMetrics }) => [injectMetricsSource(serverMetrics)] },
];

/** The rewrites for a picker of the gate's version. */
export function rewritesFor(facts: MigrationFacts): readonly Rewrite[] {
  return migrations.filter(({ since }) => reached(facts.gate, since)).flatMap(({ rewrites }) => rewrites(facts));
}
