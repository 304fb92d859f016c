import { filters } from './plugins/filters.ts';
import { flowControlPolicies, requestPlugins } from './plugins/flow-control.ts';
import { handlers, pickers } from './plugins/handlers.ts';
import { dataLayer, producers } from './plugins/producers.ts';
import { scorers } from './plugins/scorers.ts';
import { type Fields, fields, list, type PluginFacts, pluginOf, since } from './shapes.ts';

export const API_VERSION = 'llm-d.ai/v1alpha1';
/** The only one that pickers before 0.9.0 know; later ones accept it with a warning (R4b.10). */
export const LEGACY_API_VERSION = 'inference.networking.x-k8s.io/v1alpha1';
export const KIND = 'EndpointPickerConfig';

/** Every plugin type that pickers from 0.9.0 on know, with the old names that the operator migrates. */
export const catalogue = {
  ...filters,
  ...scorers,
  ...pickers,
  ...handlers,
  ...producers,
  ...dataLayer,
  ...flowControlPolicies,
  ...requestPlugins,
} as const;

export type PluginType = keyof typeof catalogue;

/** What is known of a plugin type; undefined for one of a custom picker. */
export function pluginFacts(type: string): PluginFacts | undefined {
  return Object.hasOwn(catalogue, type) ? catalogue[type as PluginType] : undefined;
}

/** Feature gates, with the versions that know them (R4b.10). */
export const featureGates: Readonly<Record<string, { readonly since?: string; readonly until?: string }>> = {
  flowControl: {},
  haPopulateNonLeaderDatastore: { since: '0.10.0' },
  dataLayer: { until: '0.10.0' },
  enableLegacyMetrics: { until: '0.9.0' },
};

const priorityBand = {
  priority: 'integer',
  maxBytes: 'quantity',
  maxRequests: 'quantity',
  fairnessPolicyRef: pluginOf('fairnessPolicy'),
  orderingPolicyRef: pluginOf('orderingPolicy'),
} as const;
const reference = <const R extends Parameters<typeof pluginOf>[0]>(role: R) => fields({ pluginRef: pluginOf(role) });

/** The top-level fields beside plugins and profiles (R4b.10, 04b §6). */
export const sections = {
  apiVersion: 'string',
  kind: 'string',
  featureGates: list('string'),
  dataLayer: fields({
    injectDefaults: 'boolean',
    sources: list(fields({ pluginRef: pluginOf('dataSource'), extractors: list(reference('any')) })),
    discovery: reference('discovery'),
    peerDiscovery: since('0.11.0', reference('any')),
    crossReplicaSyncerPluginRef: pluginOf('any'),
    crossReplicaSyncInterval: 'duration',
  }),
  flowControl: fields({
    maxBytes: 'quantity',
    maxRequests: 'quantity',
    defaultRequestTTL: 'duration',
    noEndpointRequestTTL: since('0.11.0', 'duration'),
    priorityBands: list(fields(priorityBand)),
    defaultPriorityBand: fields(priorityBand),
    defaultNegativePriorityBand: fields(priorityBand),
    usageLimitPolicyPluginRef: pluginOf('usageLimitPolicy'),
    saturationDetector: reference('saturationDetector'),
    enableEviction: 'boolean',
  }),
  requestHandler: fields({ parsers: list(reference('parser')) }),
  saturationDetector: reference('saturationDetector'),
  parser: reference('parser'),
} as const satisfies Fields['fields'];

/** Plugins that the picker has without a declaration, under the name of their type (R4b.10, R4b.20, 04b §6). */
export const builtInPlugins: readonly string[] = [
  'openai-parser',
  'anthropic-parser',
  'vllmhttp-parser',
  'metrics-data-source',
  'core-metrics-extractor',
  'global-strict-fairness-policy',
  'fcfs-ordering-policy',
  'static-usage-limit-policy',
  'utilization-detector',
];
