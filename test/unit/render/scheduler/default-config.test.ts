import { expect } from 'chai';
import { checkPickerConfig } from '../../../../api/picker-config/check.ts';
import { parseVersion, type Version } from '../../../../api/version.ts';
import { defaultConfig, type Shape } from '../../../../render/scheduler/default-config.ts';
import type { ReadConfig } from './fixture.ts';

const at = (gate: string, shape: Partial<Shape> = {}): ReadConfig =>
  defaultConfig({ prefill: false, lora: false, ...shape }, parseVersion(gate) as Version) as unknown as ReadConfig;
const types = (config: ReadConfig): string[] => config.plugins.map(({ type }) => type);

describe('the default EndpointPickerConfig', () => {
  it('disaggregates every request of a service with prefill (chapter 04 §6.2)', () => {
    expect(at('0.10.0', { prefill: true })).to.deep.equal({
      apiVersion: 'llm-d.ai/v1alpha1',
      kind: 'EndpointPickerConfig',
      plugins: [
        { type: 'disagg-headers-handler' },
        { type: 'prefill-filter' },
        { type: 'decode-filter' },
        { type: 'queue-scorer' },
        { type: 'kv-cache-utilization-scorer' },
        { type: 'active-request-scorer' },
        { type: 'prefix-cache-scorer' },
        { type: 'max-score-picker' },
        { type: 'always-disagg-pd-decider' },
        { type: 'disagg-profile-handler', parameters: { deciders: { prefill: 'always-disagg-pd-decider' } } },
      ],
      schedulingProfiles: [
        {
          name: 'prefill',
          plugins: [
            { pluginRef: 'prefill-filter' },
            { pluginRef: 'prefix-cache-scorer', weight: 3 },
            { pluginRef: 'queue-scorer', weight: 2 },
            { pluginRef: 'kv-cache-utilization-scorer', weight: 2 },
            { pluginRef: 'max-score-picker' },
          ],
        },
        {
          name: 'decode',
          plugins: [
            { pluginRef: 'decode-filter' },
            { pluginRef: 'active-request-scorer', weight: 2 },
            { pluginRef: 'prefix-cache-scorer', weight: 3 },
            { pluginRef: 'max-score-picker' },
          ],
        },
      ],
    });
  });

  it('prefers endpoints that have the adapter loaded: first in the profile, or after the filter (R4.31)', () => {
    const affinity = { pluginRef: 'lora-affinity-scorer', weight: 4 };
    for (const [prefill, position] of [
      [false, 0],
      [true, 1],
    ] as const) {
      const config = at('0.10.0', { prefill, lora: true });
      expect(types(config).at(-1)).to.equal('lora-affinity-scorer');
      for (const profile of config.schedulingProfiles as { plugins: object[] }[]) expect(profile.plugins[position]).to.deep.equal(affinity);
    }
  });

  it('refers only to plugins it declares', () => {
    for (const gate of ['0.6.0', '0.8.0', '0.10.0', '0.11.0']) {
      for (const shape of [{}, { prefill: true }, { lora: true }, { prefill: true, lora: true }]) {
        const config = at(gate, shape);
        const references = (config.schedulingProfiles as { plugins: { pluginRef: string }[] }[]).flatMap(({ plugins }) =>
          plugins.map(({ pluginRef }) => pluginRef),
        );
        expect(types(config)).to.include.members(references);
      }
    }
  });

  it('speaks the language of the picker that is pinned (B4.22, B4.33)', () => {
    const cases: [string, string, string, boolean][] = [
      ['0.6.0', 'inference.networking.x-k8s.io/v1alpha1', 'pd-profile-handler', true],
      ['0.7.0', 'inference.networking.x-k8s.io/v1alpha1', 'disagg-profile-handler', true],
      ['0.8.2', 'inference.networking.x-k8s.io/v1alpha1', 'disagg-profile-handler', true],
      ['0.9.0', 'llm-d.ai/v1alpha1', 'disagg-profile-handler', true],
      ['0.10.3', 'llm-d.ai/v1alpha1', 'disagg-profile-handler', true],
      ['0.11.0', 'llm-d.ai/v1alpha1', 'disagg-profile-handler', false],
      // Unknown: what the shipped picker understands.
      ['0.0.0', 'llm-d.ai/v1alpha1', 'disagg-profile-handler', true],
    ];
    for (const [gate, apiVersion, handler, headers] of cases) {
      const config = at(gate, { prefill: true });
      expect(config.apiVersion, gate).to.equal(apiVersion);
      expect(types(config), gate).to.include(handler);
      expect(
        types(config).some((type) => type.endsWith('-handler') && type.includes('header')),
        gate,
      ).to.equal(headers);
    }
  });
});

describe('a default config', () => {
  for (const version of ['0.6.0', '0.8.0', '0.9.0', '0.10.0', '0.11.0']) {
    it(`has no findings for the picker it is written for: ${version}`, () => {
      for (const shape of [{}, { prefill: true }, { lora: true }, { prefill: true, lora: true }]) {
        expect(checkPickerConfig(at(version, shape), parseVersion(version) as Version)).to.deep.equal([]);
      }
    });
  }
});
