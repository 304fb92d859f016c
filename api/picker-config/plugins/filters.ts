import { fields, list, map, pluginOf, plugins } from '../shapes.ts';
import { sessionAffinity } from './session-affinity.ts';

const producer = pluginOf('producer');

/** Plugins that take endpoints out of the choice (04b §3.1). */
export const filters = plugins({
  'decode-filter': { role: 'filter', parameters: {} },
  'prefill-filter': { role: 'filter', parameters: {} },
  'encode-filter': { role: 'filter', parameters: {} },
  'label-selector-filter': { role: 'filter', parameters: { matchLabels: map('string'), matchExpressions: list('any') } },
  'by-label-selector': { role: 'filter', until: '0.11.0', parameters: 'any' },
  'by-label': { role: 'filter', until: '0.11.0', parameters: { label: 'string', validValues: list('string'), allowsNoLabel: 'boolean' } },
  'prefix-cache-affinity-filter': {
    role: 'filter',
    parameters: {
      affinityThreshold: 'number',
      explorationProbability: 'number',
      maxTTFTPenaltyMs: 'number',
      ttftSource: { choice: ['prefillThroughput', 'latencyPredictor'] },
      peakPrefillThroughput: 'number',
      prefixMatchInfoProducerName: producer,
      latencyPredictionInfoProducerName: producer,
      inFlightLoadProducerName: producer,
    },
  },
  'slo-headroom-tier-filter': { role: 'filter', parameters: { epsilonExploreNeg: 'number', latencyPredictionInfoProducerName: producer } },
  'session-affinity-filter': { role: 'filter', alpha: true, parameters: sessionAffinity },
  'endpoint-attribute-filter': {
    role: 'filter',
    alpha: true,
    parameters: {
      attribute: 'string',
      producer: { since: '0.11.0', shape: producer },
      onMissing: 'any',
      fallbackOnEmpty: 'boolean',
      algorithm: fields({ type: 'string', threshold: fields({ operator: 'string', value: 'number' }) }),
    },
  },
  'topology-affinity-filter': { role: 'filter', alpha: true, parameters: { minAffinity: 'string', topologyProducerName: 'string' } },
  'utilization-filter': {
    role: 'filter',
    alpha: true,
    parameters: {
      conditions: list(fields({ metric: 'string', maxValue: 'number' })),
      fallbackOnEmpty: 'boolean',
      inFlightLoadProducerName: producer,
    },
  },
  'header-based-testing-filter': { role: 'filter', parameters: 'any' },
});
