import { choice, pluginOf, plugins, since } from '../shapes.ts';

/** Policies of flow control (04b §6). */
export const flowControlPolicies = plugins({
  'global-strict-fairness-policy': { role: 'fairnessPolicy', parameters: {} },
  'round-robin-fairness-policy': { role: 'fairnessPolicy', parameters: {} },
  'program-aware-fairness': {
    role: 'fairnessPolicy',
    parameters: {
      strategy: 'string',
      evictionTtlSeconds: 'integer',
      evictionSweepSeconds: 'integer',
      lasWeightService: 'number',
      lasWeightHeadWait: 'number',
      lasDecayFactor: 'number',
      lasHalfLifeSeconds: since('0.11.0', 'number'),
    },
  },
  'fcfs-ordering-policy': { role: 'orderingPolicy', parameters: {} },
  'edf-ordering-policy': { role: 'orderingPolicy', parameters: {} },
  'slo-deadline-ordering-policy': { role: 'orderingPolicy', parameters: {} },
  'static-usage-limit-policy': { role: 'usageLimitPolicy', parameters: { threshold: 'number' } },
  'priority-holdback-policy': {
    role: 'usageLimitPolicy',
    alpha: true,
    parameters: { shape: 'string', domain: 'any', minCeiling: 'number', maxCeiling: 'number' },
  },
  'soft-reflective-ceiling-policy': { role: 'usageLimitPolicy', alpha: true, parameters: 'any' },
  'sheddable-eviction-filter': { role: 'evictionPolicy', alpha: true, parameters: 'any' },
  'priority-then-time-eviction-order-policy': { role: 'evictionPolicy', alpha: true, parameters: 'any' },
  'utilization-detector': {
    role: 'saturationDetector',
    parameters: { queueDepthThreshold: 'integer', kvCacheUtilThreshold: 'number', metricsStalenessThreshold: 'duration', headroom: 'number' },
  },
  'concurrency-detector': {
    role: 'saturationDetector',
    parameters: {
      concurrencyMode: choice('requests', 'tokens', 'hybrid'),
      maxConcurrency: 'integer',
      maxTokenConcurrency: 'integer',
      headroom: 'number',
      inFlightLoadProducerName: pluginOf('producer'),
    },
  },
});

/** Admission, parsers and plugins that look at requests (04b §3.6). */
export const requestPlugins = plugins({
  'latency-slo-admitter': { role: 'admitter', parameters: { latencyPredictionInfoProducerName: pluginOf('producer') } },
  'probabilistic-admitter': {
    role: 'admitter',
    parameters: { queueDepthThreshold: 'number', kvCacheUtilThreshold: 'number', power: 'number', k: 'number' },
  },
  'openai-parser': { role: 'parser', parameters: 'any' },
  'anthropic-parser': { role: 'parser', parameters: 'any' },
  'vllmhttp-parser': { role: 'parser', parameters: 'any' },
  'vllmgrpc-parser': { role: 'parser', parameters: 'any' },
  'vertexai-parser': { role: 'parser', parameters: 'any' },
  'passthrough-parser': { role: 'parser', parameters: 'any' },
  'sglanghttp-parser': { role: 'parser', since: '0.11.0', parameters: 'any' },
  'request-attribute-reporter': { role: 'requestPlugin', parameters: 'any' },
  'agent-identity': { role: 'requestPlugin', alpha: true, parameters: 'any' },
  'disaggregatedset-rollout-screener': { role: 'requestPlugin', alpha: true, parameters: 'any' },
  'destination-endpoint-served-verifier': { role: 'requestPlugin', parameters: 'any' },
});
