import { expect } from 'chai';
import { checkPickerConfig } from '../../../../api/picker-config/check.ts';
import { parseVersion, type Version } from '../../../../api/version.ts';

const head = { apiVersion: 'llm-d.ai/v1alpha1', kind: 'EndpointPickerConfig' };
/** Findings as `path: level`, for a picker of the version. */
const found = (config: unknown, version = '0.10.0'): string[] =>
  checkPickerConfig(config, parseVersion(version) as Version).map(({ path, level }) => `${path}: ${level}`);
const textOf = (config: unknown, version = '0.10.0'): string[] => checkPickerConfig(config, parseVersion(version) as Version).map(({ text }) => text);
const withPlugins = (...plugins: unknown[]) => ({ ...head, plugins });
const withParameters = (type: string, parameters: unknown) => withPlugins({ type, parameters });

describe('the check of an EndpointPickerConfig (R4b.20, R4b.21)', () => {
  const cases: [string, unknown, string[]][] = [
    ['text that is no object', 'existing-config-from-template', [': problem']],
    ['a missing kind and apiVersion', { plugins: [] }, ['apiVersion: problem', 'kind: problem']],
    ['another kind', { ...head, kind: 'Pod' }, ['kind: problem']],
    ['an unknown field', { ...head, schedulingStrategy: 'round-robin' }, ['schedulingStrategy: problem']],
    ['plugins that are no list', { ...head, plugins: {} }, ['plugins: problem']],
    ['a plugin without type', withPlugins({ name: 'x' }, 'y'), ['plugins[0]: problem', 'plugins[1]: problem']],
    ['a custom plugin', withPlugins({ type: 'custom-plugin', parameters: { any: 'thing' } }), ['plugins[0].type: note']],
    ['a misspelt field of a plugin', withPlugins({ type: 'queue-scorer', parameter: {} }), ['plugins[0].parameter: problem']],
    ['two plugins of one name', withPlugins({ type: 'queue-scorer' }, { type: 'load-aware-scorer', name: 'queue-scorer' }), ['plugins[1]: problem']],
    [
      'a profile that names a missing plugin',
      { ...withPlugins({ type: 'queue-scorer' }), schedulingProfiles: [{ name: 'default', plugins: [{ pluginRef: 'queue' }] }] },
      ['schedulingProfiles[0].plugins[0].pluginRef: problem'],
    ],
    [
      'a weight that is no number',
      { ...withPlugins({ type: 'queue-scorer' }), schedulingProfiles: [{ name: 'default', plugins: [{ pluginRef: 'queue-scorer', weight: '2' }] }] },
      ['schedulingProfiles[0].plugins[0].weight: problem'],
    ],
    [
      'profiles of one name, and of none',
      { ...head, plugins: [{ type: 'header-profile-handler' }], schedulingProfiles: [{ name: 'a' }, { name: 'a' }, {}] },
      ['schedulingProfiles[1].name: problem', 'schedulingProfiles[2].name: problem'],
    ],
    ['several profiles without a handler', { ...withPlugins(), schedulingProfiles: [{ name: 'a' }, { name: 'b' }] }, ['plugins: problem']],
    [
      'one profile without a handler is completed by the picker',
      { ...withPlugins({ type: 'queue-scorer' }), schedulingProfiles: [{ name: 'default', plugins: [{ pluginRef: 'queue-scorer' }] }] },
      [],
    ],
    [
      'several profiles for a handler of one',
      { ...withPlugins({ type: 'single-profile-handler' }), schedulingProfiles: [{ name: 'a' }, { name: 'b' }] },
      ['plugins[0]: problem'],
    ],
    ['two handlers', withPlugins({ type: 'single-profile-handler' }, { type: 'data-parallel-profile-handler' }), ['plugins[1]: problem']],
    [
      'a handler without the profiles of its stages',
      {
        ...withPlugins(
          { type: 'disagg-profile-handler', parameters: { deciders: { prefill: 'd' } } },
          { type: 'always-disagg-pd-decider', name: 'd' },
        ),
      },
      ['plugins[0]: problem', 'plugins[0]: problem'],
    ],
    [
      'a decider that is a scorer',
      {
        ...withPlugins({ type: 'disagg-profile-handler', parameters: { deciders: { prefill: 'queue-scorer' } } }, { type: 'queue-scorer' }),
        schedulingProfiles: [{ name: 'decode' }, { name: 'prefill' }],
      },
      ['plugins[0].parameters.deciders.prefill: problem'],
    ],
    [
      'a parameter of a wrong type',
      withParameters('prefix-based-pd-decider', { nonCachedTokens: '16' }),
      ['plugins[0].parameters.nonCachedTokens: problem'],
    ],
    ['a parameter nobody knows', withParameters('queue-scorer', { threshold: 5 }), ['plugins[0].parameters.threshold: problem']],
    ['parameters that are no object', withParameters('queue-scorer', []), ['plugins[0].parameters: problem']],
    [
      'a decider that never decides for it (B4b.2)',
      withParameters('prefix-based-pd-decider', { nonCachedTokens: 0 }),
      ['plugins[0].parameters.nonCachedTokens: note'],
    ],
    [
      'two modes of the token producer',
      withParameters('token-producer', { estimate: {}, vllm: { url: 'http://x' } }),
      ['plugins[0].parameters: problem'],
    ],
    ['a time that is none', withParameters('token-producer', { vllm: { timeout: 5 } }), ['plugins[0].parameters.vllm.timeout: problem']],
    [
      'a producer that nobody declares',
      withParameters('prefix-cache-scorer', { prefixMatchInfoProducerName: 'precise-prefix-cache-producer' }),
      ['plugins[0].parameters.prefixMatchInfoProducerName: problem'],
    ],
    [
      'a producer that the picker declares by itself',
      withParameters('latency-scorer', { latencyPredictionInfoProducerName: 'predicted-latency-producer' }),
      [],
    ],
    [
      'a tokenizer pool in the producer',
      withParameters('precise-prefix-cache-producer', { indexerConfig: { tokenizersPoolConfig: {} } }),
      ['plugins[0].parameters.indexerConfig.tokenizersPoolConfig: problem'],
    ],
    [
      'feature gates',
      { ...head, featureGates: ['flowControl', 'dataLayer', 'flowcontrol', 'flowControl=maybe'] },
      ['featureGates[1]: problem', 'featureGates[2]: problem', 'featureGates[3]: problem'],
    ],
    [
      'flow control with a policy that is no ordering',
      {
        ...withPlugins({ type: 'round-robin-fairness-policy' }),
        flowControl: { priorityBands: [{ priority: 1, orderingPolicyRef: 'round-robin-fairness-policy' }] },
      },
      ['flowControl.priorityBands[0].orderingPolicyRef: problem'],
    ],
    [
      'flow control as it is',
      {
        ...head,
        featureGates: ['flowControl=true'],
        flowControl: {
          maxBytes: '2Gi',
          maxRequests: 100,
          defaultRequestTTL: '90s',
          priorityBands: [{ priority: -10, fairnessPolicyRef: 'global-strict-fairness-policy' }],
          saturationDetector: { pluginRef: 'utilization-detector' },
        },
      },
      [],
    ],
    ['a quantity that is none', { ...head, flowControl: { maxBytes: 'lots' } }, ['flowControl.maxBytes: problem']],
    ['a saturation detector that is not there', { ...head, saturationDetector: { pluginRef: 'mine' } }, ['saturationDetector.pluginRef: problem']],
    [
      'a data source with an extractor that is not there',
      { ...head, dataLayer: { sources: [{ pluginRef: 'metrics-data-source', extractors: [{ pluginRef: 'x' }] }] } },
      ['dataLayer.sources[0].extractors[0].pluginRef: problem'],
    ],
  ];
  for (const [what, config, expected] of cases) {
    it(`of ${what}`, () => expect(found(config)).to.deep.equal(expected));
  }

  it('says what is wrong in words', () => {
    expect(textOf(withParameters('metrics-data-source', { scheme: 'HTTPS', port: [], insecureSkipVerify: 'yes', path: 1 }))).to.deep.equal([
      'must be one of http, https, not "HTTPS"',
      'must be a whole number, not a list',
      'must be true or false, not "yes"',
      'must be a string, not 1',
    ]);
  });
});

describe('what the operator migrates (chapter 04 §8)', () => {
  const profiles = { schedulingProfiles: [{ name: 'decode' }, { name: 'prefill' }] };
  const old: [string, object][] = [
    [
      'handlers of 0.6',
      {
        ...withPlugins(
          { type: 'prefill-header-handler' },
          { type: 'pd-profile-handler', parameters: { threshold: 10, hashBlockSize: 5, deciderPluginName: 'prefix-based-pd-decider' } },
          { type: 'prefix-based-pd-decider' },
        ),
        ...profiles,
      },
    ],
    [
      'flat parameters',
      { ...withPlugins({ type: 'disagg-profile-handler', parameters: { threshold: 10, decodeProfile: 'decode', primaryPort: 8000 } }), ...profiles },
    ],
    [
      'the scorer of 0.8',
      withParameters('prefix-cache-scorer', { blockSize: 16, hashBlockSize: 5, maxPrefixBlocksToMatch: 256, lruCapacityPerServer: 31250 }),
    ],
    ['the precise scorer', withParameters('precise-prefix-cache-scorer', { indexerConfig: { tokenizersPoolConfig: {} } })],
    ['the API version of 0.8', { ...head, apiVersion: 'inference.networking.x-k8s.io/v1alpha1' }],
    ['the extractor of 0.7', withPlugins({ type: 'model-server-protocol-metrics' })],
  ];
  for (const [what, config] of old) {
    it(`is no finding: ${what}`, () => expect(found(config)).to.deep.equal([]));
  }
});

describe('what a picker of another version knows (R4b.100)', () => {
  const cases: [string, string, unknown, string[]][] = [
    ['0.10.0', 'fields of later ones', { ...head, flowControl: { noEndpointRequestTTL: '5m' } }, ['flowControl.noEndpointRequestTTL: problem']],
    ['0.11.0', 'fields of its own', { ...head, flowControl: { noEndpointRequestTTL: '5m' } }, []],
    ['0.10.0', 'types of later ones', withPlugins({ type: 'sglanghttp-parser' }), ['plugins[0].type: problem']],
    ['0.9.0', 'parameters of later ones', withParameters('metrics-data-source', { port: 9000 }), ['plugins[0].parameters.port: problem']],
    ['0.9.0', 'gates of later ones', { ...head, featureGates: ['haPopulateNonLeaderDatastore=false', 'dataLayer'] }, ['featureGates[0]: problem']],
    ['0.11.0', 'types that are gone', withPlugins({ type: 'disagg-headers-handler' }), ['plugins[0].type: problem']],
    ['0.8.0', 'parameters, which it ignores', withParameters('queue-scorer', { threshold: 5 }), ['apiVersion: problem']],
    ['0.8.0', 'its own API version', { ...head, apiVersion: 'inference.networking.x-k8s.io/v1alpha1' }, []],
  ];
  for (const [version, what, config, expected] of cases) {
    it(`${version}: ${what}`, () => expect(found(config, version)).to.deep.equal(expected));
  }
});
