import { choice, fields, pluginOf, plugins, since } from '../shapes.ts';

const picked = { maxNumOfEndpoints: 'integer' } as const;

/** Plugins that make the choice among rated endpoints (04b §3.3). */
export const pickers = plugins({
  'max-score-picker': { role: 'picker', parameters: picked },
  'random-picker': { role: 'picker', parameters: picked },
  'weighted-random-picker': { role: 'picker', parameters: picked },
});

const decider = pluginOf('decider');
const flatHandler = [
  'deciderPluginName',
  'decodeProfile',
  'encodeDeciderPluginName',
  'encodeProfile',
  'hashBlockSize',
  'prefillDeciderPluginName',
  'prefillProfile',
  'prefixMatchInfoProducerName',
  'prefixPluginName',
  'prefixPluginType',
  'primaryPort',
  'threshold',
] as const;

/** Plugins that decide which profiles run for a request (04b §3.4). */
export const handlers = plugins({
  'single-profile-handler': { role: 'profileHandler', parameters: {} },
  'disagg-profile-handler': {
    role: 'profileHandler',
    parameters: {
      stageOrder: choice('decode-first', 'prefill-first'),
      profiles: fields({ decode: 'profile', prefill: 'profile', encode: 'profile' }),
      deciders: fields({ prefill: decider, encode: decider }),
    },
    // R4.44, B4b.1.
    migrated: flatHandler,
  },
  // Becomes `disagg-profile-handler` (chapter 04 §8, step 3).
  'pd-profile-handler': {
    role: 'profileHandler',
    parameters: {
      decodeProfile: 'profile',
      prefillProfile: 'profile',
      prefixPluginType: 'string',
      prefixPluginName: 'string',
      prefixMatchInfoProducerName: 'string',
      primaryPort: 'any',
      deciderPluginName: decider,
      threshold: 'any',
    },
    migrated: ['deciders', 'hashBlockSize'],
  },
  'data-parallel-profile-handler': { role: 'profileHandler', parameters: { primaryPort: 'integer' } },
  'header-profile-handler': { role: 'profileHandler', alpha: true, parameters: { headerName: 'string', defaultProfile: 'profile' } },
  'disagg-headers-handler': { role: 'headersHandler', until: '0.11.0', parameters: { prefillProfile: 'profile', encodeProfile: 'profile' } },
  'prefill-header-handler': { role: 'headersHandler', until: '0.11.0', parameters: { prefillProfile: 'profile', encodeProfile: 'profile' } },
  'always-disagg-pd-decider': { role: 'decider', parameters: {} },
  'prefix-based-pd-decider': { role: 'decider', parameters: { nonCachedTokens: 'integer', promptTokens: since('0.10.0', 'integer') } },
  'always-disagg-multimodal-decider': { role: 'decider', parameters: {} },
});
