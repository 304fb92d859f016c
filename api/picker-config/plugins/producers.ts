import { choice, fields, list, pluginOf, plugins, since } from '../shapes.ts';

const producer = pluginOf('producer');

const tokenProducer = {
  modelName: 'string',
  vllm: fields({ url: 'string', timeout: 'duration', mmTimeout: 'duration' }),
  estimate: 'any',
  udsTokenizerConfig: 'any',
} as const;

/** Plugins that find out something about a request before endpoints are rated (04b §3.5, §7). */
export const producers = plugins({
  'approx-prefix-cache-producer': {
    role: 'producer',
    parameters: {
      autoTune: 'boolean',
      blockSizeTokens: 'integer',
      maxPrefixBlocksToMatch: 'integer',
      maxPrefixTokensToMatch: 'integer',
      lruCapacityPerServer: 'integer',
    },
  },
  'precise-prefix-cache-producer': {
    role: 'producer',
    parameters: {
      tokenProcessorConfig: fields({
        blockSizeTokens: 'integer',
        blockSize: 'integer',
        hashSeed: 'string',
        hashAlgorithm: since('0.11.0', choice('cbor-fnv', 'xxh64')),
      }),
      indexerConfig: fields({ kvBlockIndexConfig: 'any', kvCacheBackendConfigs: 'any' }),
      kvEventsConfig: fields({
        zmqEndpoint: 'string',
        topicFilter: 'string',
        concurrency: 'integer',
        engineType: choice('vllm', 'sglang'),
        discoverPods: 'boolean',
        podDiscoveryConfig: fields({
          podLabelSelector: 'string',
          podNamespace: 'string',
          socketPort: 'integer',
          replaySocketPort: 'integer',
        }),
      }),
      speculativeIndexing: 'boolean',
      speculativeTTL: 'duration',
    },
  },
  'token-producer': { role: 'producer', parameters: tokenProducer },
  tokenizer: { role: 'producer', until: '0.11.0', parameters: tokenProducer },
  'inflight-load-producer': {
    role: 'producer',
    parameters: {
      addEstimatedOutputTokens: 'boolean',
      outputRatio: 'number',
      maxEstimatedOutputTokens: 'integer',
      prefixMatchInfoProducerName: producer,
      syncCrossReplicaState: 'boolean',
    },
  },
  'predicted-latency-producer': {
    role: 'producer',
    parameters: {
      sloBufferFactor: 'number',
      contextTTL: 'duration',
      streamingMode: 'boolean',
      endpointRoleLabel: 'string',
      predictInProduce: 'boolean',
      prefixMatchInfoProducerName: producer,
      inFlightLoadProducerName: producer,
      useEncoderCacheFeatures: 'boolean',
      encoderCacheMatchInfoProducerName: producer,
      samplingMean: 'number',
      maxDecodeTokenSamplesForPrediction: 'integer',
    },
  },
  'mm-embeddings-cache-producer': { role: 'producer', parameters: { cacheSizeInMBPerServer: 'integer' } },
  'session-id-producer': { role: 'producer', parameters: { headerName: 'string', cookieName: 'string' } },
  'burst-prefix-cache-producer': { role: 'producer', alpha: true, parameters: { balanceBy: choice('requests', 'tokens') } },
  'p2p-source-producer': { role: 'producer', alpha: true, parameters: { minCachedTokenDelta: 'integer', prefillProfileName: 'profile' } },
});

/** Producers that the picker declares by itself when something needs them (R4b.20). */
export const selfDeclaredProducers: readonly string[] = [
  'approx-prefix-cache-producer',
  'inflight-load-producer',
  'predicted-latency-producer',
  'token-producer',
  'mm-embeddings-cache-producer',
  'session-id-producer',
];

const engineConfig = fields({
  name: 'string',
  queuedRequestsSpec: 'string',
  runningRequestsSpec: 'string',
  kvUsageSpec: 'string',
  loraSpec: 'string',
  cacheInfoSpec: 'string',
  cacheBlockSizeLabelName: 'string',
  cacheNumBlocksLabelName: 'string',
  cacheBlockSizeSpec: 'string',
  cacheNumBlocksSpec: 'string',
  customMetrics: list(fields({ attributeKey: 'string', metricSpec: 'string' })),
});
const metricsExtractor = { engineLabelKey: 'string', defaultEngine: 'string', engineConfigs: list(engineConfig) } as const;

/** Plugins that bring data about endpoints in (04b §4). */
export const dataLayer = plugins({
  'metrics-data-source': {
    role: 'dataSource',
    parameters: {
      scheme: choice('http', 'https'),
      path: 'string',
      port: since('0.10.0', 'integer'),
      insecureSkipVerify: 'boolean',
      caCertPath: 'string',
      clientCertPath: 'string',
      clientKeyPath: 'string',
      interval: 'duration',
    },
  },
  'core-metrics-extractor': { role: 'extractor', parameters: metricsExtractor },
  // Becomes `core-metrics-extractor` (chapter 04 §8, step 7).
  'model-server-protocol-metrics': { role: 'extractor', parameters: metricsExtractor },
  'models-data-source': { role: 'dataSource', parameters: 'any' },
  'models-data-extractor': { role: 'extractor', parameters: 'any' },
  'endpoint-notification-source': { role: 'dataSource', parameters: 'any' },
  'k8s-notification-source': { role: 'dataSource', parameters: { group: 'string', version: 'string', kind: 'string' } },
  'file-discovery': { role: 'discovery', parameters: { path: 'string', watchFile: 'boolean' } },
  'dcgm-data-source': { role: 'dataSource', alpha: true, parameters: 'any' },
  'dcgm-extractor': { role: 'extractor', alpha: true, parameters: 'any' },
  'topology-extractor': { role: 'extractor', alpha: true, parameters: 'any' },
});
