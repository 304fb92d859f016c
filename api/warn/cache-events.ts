import { isObject, isPluginOf, type PickerConfig, pluginName, pluginsOf } from '../picker-config/config.ts';
import type { LLMInferenceServiceSpec } from '../types.ts';
import { INLINE_CONFIG } from './scheduler.ts';

const PRODUCER = 'precise-prefix-cache-producer';

/**
 * Precise prefix caching of which one end is set up and the other is not (B4.21), and a setup that loses events (B4b.10). Only what
 * the service states in full is judged: a config it names may have the other end.
 */
export function warnOfCacheEvents(spec: LLMInferenceServiceSpec): string[] {
  const config: unknown = spec.router?.scheduler?.config?.inline;
  if (!isObject(config) || spec.baseRefs?.length) return [];
  const producers = (pluginsOf(config) ?? []).filter((entry) => isPluginOf(entry, PRODUCER)).filter(isObject);
  if (producers.length === 0) return [];
  const { router: _, ...engines } = spec;
  const publishes = /kv[-_]events[-_]config/.test(JSON.stringify(engines));
  const isGlobal = producers.some(bindsSocket);
  const listens = isGlobal || producers.some((producer) => isExtractor(config, String(pluginName(producer))));
  const warnings: string[] = [];
  if (listens && !publishes) {
    warnings.push(`${INLINE_CONFIG}: the picker waits for events of the KV caches, but no engine is told to publish any (--kv-events-config)`);
  }
  if (publishes && !listens) {
    const how = `name ${PRODUCER} as an extractor of endpoint-notification-source in dataLayer.sources, or give it a zmqEndpoint`;
    warnings.push(`${INLINE_CONFIG}: engines publish events of their KV caches, but the picker does not listen; ${how}`);
  }
  if (isGlobal && (spec.router?.scheduler?.replicas ?? 1) > 1) {
    warnings.push(`${INLINE_CONFIG}: with a zmqEndpoint only one of several pickers gets an event; let the picker connect to the pods instead`);
  }
  return warnings;
}

function bindsSocket({ parameters }: Readonly<Record<string, unknown>>): boolean {
  const events = isObject(parameters) ? parameters.kvEventsConfig : undefined;
  return isObject(events) && Boolean(events.zmqEndpoint);
}

function isExtractor({ dataLayer }: PickerConfig, producer: string): boolean {
  const sources = isObject(dataLayer) && Array.isArray(dataLayer.sources) ? dataLayer.sources : [];
  return sources
    .filter(isObject)
    .some(({ extractors }) => Array.isArray(extractors) && extractors.some((entry) => isObject(entry) && entry.pluginRef === producer));
}
