import { expect } from 'chai';
import { buildPickerConfig, declare, writePlugin } from '../../../../api/picker-config/build.ts';
import { checkPickerConfig } from '../../../../api/picker-config/check.ts';
import { SHIPPED_PICKER } from '../../../../api/picker-config/version.ts';

describe('the builder of EndpointPickerConfigs', () => {
  it('writes references as the names of what they refer to', () => {
    const decider = declare('prefix-based-pd-decider', { nonCachedTokens: 16 }, 'long-prompts');
    const handler = declare('disagg-profile-handler', { deciders: { prefill: decider } });
    const [queue, best] = [declare('queue-scorer'), declare('max-score-picker')];
    const config = buildPickerConfig({
      plugins: [decider, handler, queue, best],
      profiles: [
        { name: 'prefill', plugins: [[queue, 2], best] },
        { name: 'decode', plugins: [queue, best] },
      ],
    });
    expect(config).to.deep.equal({
      apiVersion: 'llm-d.ai/v1alpha1',
      kind: 'EndpointPickerConfig',
      plugins: [
        { name: 'long-prompts', type: 'prefix-based-pd-decider', parameters: { nonCachedTokens: 16 } },
        { type: 'disagg-profile-handler', parameters: { deciders: { prefill: 'long-prompts' } } },
        { type: 'queue-scorer' },
        { type: 'max-score-picker' },
      ],
      schedulingProfiles: [
        { name: 'prefill', plugins: [{ pluginRef: 'queue-scorer', weight: 2 }, { pluginRef: 'max-score-picker' }] },
        { name: 'decode', plugins: [{ pluginRef: 'queue-scorer' }, { pluginRef: 'max-score-picker' }] },
      ],
    });
    expect(checkPickerConfig(config, SHIPPED_PICKER)).to.deep.equal([]);
  });

  it('refuses a reference to a plugin that is not declared', () => {
    const [queue, decider] = [declare('queue-scorer'), declare('always-disagg-pd-decider')];
    expect(() => buildPickerConfig({ plugins: [], profiles: [{ name: 'default', plugins: [queue] }] })).to.throw('queue-scorer');
    const handler = declare('disagg-profile-handler', { deciders: { prefill: decider } });
    expect(() => buildPickerConfig({ plugins: [handler], profiles: [] })).to.throw('always-disagg-pd-decider');
  });

  it('takes only types, parameters and references that exist', () => {
    // @ts-expect-error no such type
    declare('queue-score');
    // @ts-expect-error no such parameter
    declare('queue-scorer', { threshold: 3 });
    // @ts-expect-error a parameter of another type
    declare('prefix-based-pd-decider', { nonCachedTokens: '16' });
    // @ts-expect-error a scorer decides nothing
    declare('disagg-profile-handler', { deciders: { prefill: declare('queue-scorer') } });
    const decider = declare('always-disagg-pd-decider');
    // @ts-expect-error a decider has no place in a profile
    expect(buildPickerConfig({ plugins: [decider], profiles: [{ name: 'a', plugins: [decider] }] })).to.have.property('kind');
  });

  it('writes a single plugin for configs that it did not build', () => {
    expect(writePlugin(declare('token-producer', { vllm: { url: 'http://x' } }))).to.deep.equal({
      type: 'token-producer',
      parameters: { vllm: { url: 'http://x' } },
    });
  });
});
