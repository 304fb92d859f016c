import { buildPickerConfig, type DeclaredPlugin, declare } from '../../api/picker-config/build.ts';
import { API_VERSION, LEGACY_API_VERSION } from '../../api/picker-config/catalogue.ts';
import type { PickerConfig } from '../../api/picker-config/config.ts';
import { isUnknown } from '../../api/picker-config/version.ts';
import { compareVersions, parseVersion, type Version } from '../../api/version.ts';

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
  readonly headersHandler?: DeclaredPlugin;
  /** What decides that a request is disaggregated, in the order of declaration. */
  readonly profileHandler: readonly DeclaredPlugin[];
}

const decider = declare('always-disagg-pd-decider');
const decided = [decider, declare('disagg-profile-handler', { deciders: { prefill: decider } })];

const dialects = {
  current: { apiVersion: API_VERSION, headersHandler: declare('disagg-headers-handler'), profileHandler: decided },
  /** The profile handler sets the headers itself; the separate handler is gone from 0.11.0 on. */
  from0_11: { apiVersion: API_VERSION, profileHandler: decided },
  before0_9: { apiVersion: LEGACY_API_VERSION, headersHandler: declare('disagg-headers-handler'), profileHandler: decided },
  /** Without deciders; a threshold of 0 disaggregates every request. */
  before0_7: {
    apiVersion: LEGACY_API_VERSION,
    headersHandler: declare('prefill-header-handler'),
    profileHandler: [declare('pd-profile-handler', { threshold: 0 })],
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
  if (!before('0.9.0') || isUnknown(gate)) return dialects.current;
  return before('0.7.0') ? dialects.before0_7 : dialects.before0_9;
}

function configIn(dialect: Dialect, { prefill, lora }: Shape): PickerConfig {
  return prefill ? disaggregated(dialect, lora) : aggregated(dialect, lora);
}

const queue = declare('queue-scorer');
const cacheUse = declare('kv-cache-utilization-scorer');
const prefix = declare('prefix-cache-scorer');
const coldSpread = declare('no-hit-lru-scorer');
const activeRequests = declare('active-request-scorer');
const bestScore = declare('max-score-picker');
const loraAffinity = declare('lora-affinity-scorer');

/** One profile for all endpoints (chapter 04 §6.1). */
function aggregated({ apiVersion }: Dialect, lora: boolean): PickerConfig {
  return buildPickerConfig({
    apiVersion,
    plugins: [declare('single-profile-handler'), queue, cacheUse, prefix, coldSpread, bestScore, ...(lora ? [loraAffinity] : [])],
    profiles: [{ name: 'default', plugins: [...affinity(lora), [queue, 2], [cacheUse, 2], [prefix, 3], [coldSpread, 2], bestScore] }],
  });
}

const affinity = (lora: boolean) => (lora ? ([[loraAffinity, 4]] as const) : []);

/**
 * One profile each for prefill and decode; every request is disaggregated (chapter 04 §6.2). The decider comes before its
 * handler, because pickers before 0.10.0 create plugins in the order of the list.
 */
function disaggregated({ apiVersion, headersHandler, profileHandler }: Dialect, lora: boolean): PickerConfig {
  const [prefillOnly, decodeOnly] = [declare('prefill-filter'), declare('decode-filter')];
  return buildPickerConfig({
    apiVersion,
    plugins: [
      ...(headersHandler === undefined ? [] : [headersHandler]),
      prefillOnly,
      decodeOnly,
      queue,
      cacheUse,
      activeRequests,
      prefix,
      bestScore,
      ...profileHandler,
      ...(lora ? [loraAffinity] : []),
    ],
    profiles: [
      { name: 'prefill', plugins: [prefillOnly, ...affinity(lora), [prefix, 3], [queue, 2], [cacheUse, 2], bestScore] },
      { name: 'decode', plugins: [decodeOnly, ...affinity(lora), [activeRequests, 2], [prefix, 3], bestScore] },
    ],
  });
}
