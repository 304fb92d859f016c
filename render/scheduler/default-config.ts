import type { PickerConfig } from './picker-config.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

/** What the default EndpointPickerConfig depends on (R4.30). */
export interface Shape {
  /** Whether the service has a prefill workload. */
  readonly prefill: boolean;
  /** Whether the service has at least one LoRA adapter, be it an empty entry (R4.31). */
  readonly lora: boolean;
}

/** A spelling of the default: pickers of different ages know different API versions and plugin types (B4.22, B4.33). */
interface Dialect {
  readonly apiVersion: string;
  readonly headersHandler?: string;
  readonly profileHandler: readonly Readonly<Record<string, unknown>>[];
}

const decided = [
  { type: 'always-disagg-pd-decider' },
  { type: 'disagg-profile-handler', parameters: { deciders: { prefill: 'always-disagg-pd-decider' } } },
];

const dialects = {
  current: { apiVersion: 'llm-d.ai/v1alpha1', headersHandler: 'disagg-headers-handler', profileHandler: decided },
  /** The profile handler sets the headers itself; the separate handler is gone from 0.11.0 on. */
  from0_11: { apiVersion: 'llm-d.ai/v1alpha1', profileHandler: decided },
  before0_9: { apiVersion: 'inference.networking.x-k8s.io/v1alpha1', headersHandler: 'disagg-headers-handler', profileHandler: decided },
  /** Without deciders; a threshold of 0 disaggregates every request. */
  before0_7: {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha1',
    headersHandler: 'prefill-header-handler',
    profileHandler: [{ type: 'pd-profile-handler', parameters: { threshold: 0 } }],
  },
} as const satisfies Record<string, Dialect>;

/** The EndpointPickerConfig of a service that declares none (R4.30, R4.31), for a picker of version `gate` (B4.22, B4.33). */
export function defaultConfig(shape: Shape, gate: Version): PickerConfig {
  return configIn(dialectOf(gate), shape);
}

/** Every default that this operator writes, or has written, for any service. */
export function allDefaultConfigs(): readonly { readonly shape: Shape; readonly config: PickerConfig }[] {
  const shapes = [false, true].flatMap((prefill) => [false, true].map((lora) => ({ prefill, lora })));
  return Object.values(dialects).flatMap((dialect) => shapes.map((shape) => ({ shape, config: configIn(dialect, shape) })));
}

/** A picker of unknown version (no annotation, `0.0.0`) gets what the shipped one understands. */
function dialectOf(gate: Version): Dialect {
  const before = (text: string): boolean => compareVersions(gate, parseVersion(text) ?? gate) < 0;
  if (!before('0.11.0')) return dialects.from0_11;
  if (!before('0.9.0') || gate.numbers.every((n) => n === 0)) return dialects.current;
  return before('0.7.0') ? dialects.before0_7 : dialects.before0_9;
}

function configIn(dialect: Dialect, shape: Shape): PickerConfig {
  const { plugins, schedulingProfiles } = shape.prefill ? disaggregated(dialect, shape.lora) : aggregated(shape.lora);
  return { apiVersion: dialect.apiVersion, kind: 'EndpointPickerConfig', plugins, schedulingProfiles };
}

const reference = (pluginRef: string, weight?: number): object => ({ pluginRef, ...(weight === undefined ? {} : { weight }) });
const loraScorer = 'lora-affinity-scorer';

/** One profile for all endpoints (chapter 04 §6.1). */
function aggregated(lora: boolean): { plugins: object[]; schedulingProfiles: object[] } {
  const types = [
    'single-profile-handler',
    'queue-scorer',
    'kv-cache-utilization-scorer',
    'prefix-cache-scorer',
    'no-hit-lru-scorer',
    'max-score-picker',
  ];
  return {
    plugins: [...types, ...(lora ? [loraScorer] : [])].map((type) => ({ type })),
    schedulingProfiles: [
      {
        name: 'default',
        plugins: [
          ...(lora ? [reference(loraScorer, 4)] : []),
          reference('queue-scorer', 2),
          reference('kv-cache-utilization-scorer', 2),
          reference('prefix-cache-scorer', 3),
          reference('no-hit-lru-scorer', 2),
          reference('max-score-picker'),
        ],
      },
    ],
  };
}

/**
 * One profile each for prefill and decode; every request is disaggregated (chapter 04 §6.2). The decider comes before its
 * handler, because pickers before 0.10.0 create plugins in the order of the list.
 */
function disaggregated(dialect: Dialect, lora: boolean): { plugins: object[]; schedulingProfiles: object[] } {
  const types = [
    ...(dialect.headersHandler === undefined ? [] : [dialect.headersHandler]),
    'prefill-filter',
    'decode-filter',
    'queue-scorer',
    'kv-cache-utilization-scorer',
    'active-request-scorer',
    'prefix-cache-scorer',
    'max-score-picker',
  ];
  const affinity = lora ? [reference(loraScorer, 4)] : [];
  return {
    plugins: [...types.map((type) => ({ type })), ...dialect.profileHandler, ...(lora ? [{ type: loraScorer }] : [])],
    schedulingProfiles: [
      {
        name: 'prefill',
        plugins: [
          reference('prefill-filter'),
          ...affinity,
          reference('prefix-cache-scorer', 3),
          reference('queue-scorer', 2),
          reference('kv-cache-utilization-scorer', 2),
          reference('max-score-picker'),
        ],
      },
      {
        name: 'decode',
        plugins: [
          reference('decode-filter'),
          ...affinity,
          reference('active-request-scorer', 2),
          reference('prefix-cache-scorer', 3),
          reference('max-score-picker'),
        ],
      },
    ],
  };
}
