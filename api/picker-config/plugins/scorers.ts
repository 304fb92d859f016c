import { fields, pluginOf, plugins, since } from '../shapes.ts';
import { sessionAffinity } from './session-affinity.ts';

const producer = pluginOf('producer');

/** Plugins that rate endpoints (04b §3.2). */
export const scorers = plugins({
  'queue-scorer': { role: 'scorer', parameters: {} },
  'kv-cache-utilization-scorer': { role: 'scorer', parameters: {} },
  'running-requests-size-scorer': { role: 'scorer', parameters: {} },
  'prefix-cache-scorer': {
    role: 'scorer',
    parameters: { prefixMatchInfoProducerName: producer, matchLengthWeight: 'number', matchLengthScaleTokens: 'number' },
    // They belong to `approx-prefix-cache-producer` since 0.9.0 (R4.52).
    migrated: [
      'autoTune',
      'blockSize',
      'blockSizeTokens',
      'hashBlockSize',
      'lruCapacityPerServer',
      'maxPrefixBlocksToMatch',
      'maxPrefixTokensToMatch',
    ],
  },
  'no-hit-lru-scorer': {
    role: 'scorer',
    parameters: { prefixMatchInfoProducerName: producer, lruSize: 'integer', prefixPluginType: 'string', prefixPluginName: 'string' },
  },
  'active-request-scorer': {
    role: 'scorer',
    parameters: { idleThreshold: 'integer', maxBusyScore: 'number', inFlightLoadProducerName: producer, requestTimeout: 'duration' },
  },
  'load-aware-scorer': { role: 'scorer', parameters: { threshold: 'integer' } },
  'token-load-scorer': { role: 'scorer', parameters: { queueThresholdTokens: 'integer', inFlightLoadProducerName: producer } },
  'lora-affinity-scorer': { role: 'scorer', parameters: {} },
  'context-length-aware': { role: 'scorer', parameters: { label: 'string', enableFiltering: 'boolean' } },
  'latency-scorer': {
    role: 'scorer',
    parameters: {
      ttftWeight: 'number',
      tpotWeight: 'number',
      headroomSelectionStrategy: 'string',
      compositeKVWeight: 'number',
      compositeQueueWeight: 'number',
      compositePrefixWeight: 'number',
      latencyPredictionInfoProducerName: producer,
      prefixMatchInfoProducerName: producer,
    },
  },
  'mm-embeddings-cache-scorer': { role: 'scorer', parameters: { producerName: producer } },
  // The operator takes it apart (R4.54), so its parameters are those of the plugins it was made of.
  'precise-prefix-cache-scorer': { role: 'scorer', parameters: 'any' },
  'session-affinity-scorer': { role: 'scorer', alpha: true, parameters: sessionAffinity },
  'header-label-affinity-scorer': { role: 'scorer', alpha: true, parameters: { headerName: 'string', labelKey: 'string' } },
  'endpoint-attribute-scorer': {
    role: 'scorer',
    alpha: true,
    parameters: {
      attributeKey: 'string',
      producer: since('0.11.0', producer),
      algorithm: fields({
        type: 'string',
        normalization: fields({ fixedRange: fields({ min: 'number', max: 'number' }), adaptiveRange: 'any' }),
      }),
    },
  },
  'topology-affinity-scorer': { role: 'scorer', alpha: true, parameters: { topologyProducerName: 'string' } },
});
