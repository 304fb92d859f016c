import { expect } from 'chai';
import fc from 'fast-check';
import { checkPickerConfig } from '../../../../api/picker-config/check.ts';
import { isRejection } from '../../../../api/rejection.ts';
import type { PodTemplate } from '../../../../api/types.ts';
import { parseVersion, type Version } from '../../../../api/version.ts';
import { readYaml, writeYaml } from '../../../../render/scheduler/config-yaml.ts';
import { pickerGate } from '../../../../render/scheduler/gate.ts';
import { type Migrated, migrate } from '../../../../render/scheduler/migrate.ts';

interface Config {
  apiVersion?: string;
  plugins: { type: string; name?: string; parameters?: Record<string, unknown> }[];
  schedulingProfiles?: unknown;
}
const KIND = 'EndpointPickerConfig';
const textOf = (config: object): string => writeYaml({ kind: KIND, ...config });

function migrateAt(version: string | undefined, podSpec: PodTemplate, tokenizerUrl?: string): Migrated {
  const gate = pickerGate(version === undefined ? {} : { 'app.kubernetes.io/version': version }, undefined);
  if (isRejection(gate)) throw new Error(gate.message);
  const result = migrate(podSpec, { deployment: 'ml/picker', gate, ...(tokenizerUrl === undefined ? {} : { tokenizerUrl }) });
  if (isRejection(result)) throw new Error(result.message);
  return result;
}

const pod = (args: string[], command?: string[]): PodTemplate => ({
  containers: [{ name: 'main', args, ...(command === undefined ? {} : { command }) }],
});
const argsOf = ({ podSpec }: Migrated): string[] => podSpec.containers?.[0]?.args ?? [];
const configIn = (migrated: Migrated): Config =>
  readYaml(argsOf(migrated)[argsOf(migrated).findIndex((arg) => /config-?text/i.test(arg)) + 1] ?? '') as Config;
const rewritten = (version: string, config: object, flags: string[] = []): Config =>
  configIn(migrateAt(version, pod([...flags, '--config-text', textOf(config)])));

describe('the migration of a scheduler config, by gate (R4.132)', () => {
  const config = {
    apiVersion: 'inference.networking.x-k8s.io/v1alpha1',
    plugins: [
      { type: 'prefill-header-handler' },
      { type: 'always-disagg-pd-decider' },
      { type: 'pd-profile-handler', parameters: { deciderPluginName: 'always-disagg-pd-decider', hashBlockSize: 5 } },
      { type: 'prefix-cache-scorer', parameters: { hashBlockSize: 5 } },
    ],
    schedulingProfiles: [{ name: 'default', plugins: [{ pluginRef: 'prefill-header-handler' }, { pluginRef: 'pd-profile-handler' }] }],
  };
  const flags = ['--kv-cache-usage-percentage-metric', 'vllm:x', '--model-server-metrics-path=/m'];
  const cases: [string | undefined, { renamed: boolean; metrics?: string; apiVersion: string; server: boolean }][] = [
    [undefined, { renamed: false, apiVersion: 'inference.networking.x-k8s.io/v1alpha1', server: false }],
    ['0.6.0', { renamed: false, apiVersion: 'inference.networking.x-k8s.io/v1alpha1', server: false }],
    ['0.7.0-rc.1', { renamed: false, apiVersion: 'inference.networking.x-k8s.io/v1alpha1', server: false }],
    ['0.7.0', { renamed: true, metrics: 'model-server-protocol-metrics', apiVersion: 'inference.networking.x-k8s.io/v1alpha1', server: false }],
    ['0.8.0', { renamed: true, metrics: 'core-metrics-extractor', apiVersion: 'inference.networking.x-k8s.io/v1alpha1', server: false }],
    ['0.9.0', { renamed: true, metrics: 'core-metrics-extractor', apiVersion: 'llm-d.ai/v1alpha1', server: false }],
    ['0.10.0', { renamed: true, metrics: 'core-metrics-extractor', apiVersion: 'llm-d.ai/v1alpha1', server: true }],
  ];
  for (const [version, expected] of cases) {
    it(`at ${version ?? 'no version'}`, () => {
      const text = textOf(config);
      const migrated = migrateAt(version, pod([...flags, '--config-text', text]));
      const after = configIn(migrated);
      const types = after.plugins.map(({ type }) => type);
      expect(types.slice(0, 3)).to.deep.equal(
        expected.renamed
          ? ['disagg-headers-handler', 'always-disagg-pd-decider', 'disagg-profile-handler']
          : ['prefill-header-handler', 'always-disagg-pd-decider', 'pd-profile-handler'],
      );
      expect(after.plugins[2]?.parameters).to.deep.equal(
        expected.renamed
          ? { deciders: { prefill: 'always-disagg-pd-decider' } }
          : { deciderPluginName: 'always-disagg-pd-decider', hashBlockSize: 5 },
      );
      expect(types.filter((type) => type.includes('metrics-extractor') || type.includes('protocol-metrics'))).to.deep.equal(
        expected.metrics ? [expected.metrics] : [],
      );
      expect(after.apiVersion).to.equal(expected.apiVersion);
      expect(types.includes('metrics-data-source')).to.equal(expected.server);
      expect(argsOf(migrated).some((arg) => arg.includes('kv-cache-usage'))).to.equal(!expected.renamed);
      expect(argsOf(migrated).some((arg) => arg.includes('model-server-metrics'))).to.equal(!expected.server);
      if (!expected.renamed) expect(argsOf(migrated).at(-1)).to.equal(text);
    });
  }

  it('renames references in profiles and names that equal the type, nothing else (R4.38)', () => {
    const after = rewritten('0.7.0', {
      plugins: [
        { type: 'pd-profile-handler', name: 'pd-profile-handler', parameters: { note: 'pd-profile-handler' } },
        { type: 'prefill-header-handler', name: 'mine' },
      ],
      schedulingProfiles: [{ name: 'pd-profile-handler', plugins: [{ pluginRef: 'pd-profile-handler', weight: 2 }, { pluginRef: 'mine' }] }],
    });
    expect(after.plugins).to.deep.equal([
      { type: 'disagg-profile-handler', name: 'disagg-profile-handler', parameters: { note: 'pd-profile-handler' } },
      { type: 'disagg-headers-handler', name: 'mine' },
    ]);
    expect(after.schedulingProfiles).to.deep.equal([
      { name: 'pd-profile-handler', plugins: [{ pluginRef: 'disagg-profile-handler', weight: 2 }, { pluginRef: 'mine' }] },
    ]);
  });

  it('leaves other API versions alone', () => {
    expect(rewritten('0.10.0', { apiVersion: 'example.com/v1', plugins: [] }).apiVersion).to.equal('example.com/v1');
  });

  it('writes the text anew even when nothing changes, and the same again the next time (R4.36)', () => {
    const once = argsOf(
      migrateAt('0.7.0', pod(['--config-text', '{"plugins":[{"type":"x","parameters":{"hashSeed":"99"}}],"kind":"EndpointPickerConfig"}'])),
    );
    expect(once[1]).to.equal('kind: EndpointPickerConfig\nplugins:\n- parameters:\n    hashSeed: "99"\n  type: x\n');
    expect(argsOf(migrateAt('0.10.0', pod(once)))).to.deep.equal(once);
  });

  it('lets through what is no config, and still migrates another one (R4.36, B4.3)', () => {
    for (const text of ['word', '[1]', 'plugins: []', '{{ broken', '']) {
      const args = argsOf(
        migrateAt('0.10.0', pod(['--config-text', text, '--config-text', textOf({ apiVersion: 'inference.networking.x-k8s.io/v1alpha1' })])),
      );
      expect(args[1]).to.equal(text);
      expect(args[3]).to.equal('apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n');
    }
  });

  it('does not touch files, nor a `plugins` that is no list (R4.35, R4.37)', () => {
    expect(argsOf(migrateAt('0.10.0', pod(['--config-file', '/etc/kind.yaml'])))).to.deep.equal(['--config-file', '/etc/kind.yaml']);
    expect(rewritten('0.10.0', { plugins: 'none' }).plugins).to.equal('none');
  });

  it('reads and keeps the joined form (B4.2), also in the command', () => {
    const text = textOf({ apiVersion: 'inference.networking.x-k8s.io/v1alpha1' });
    const { podSpec } = migrateAt('0.9.0', pod([`--config-text=${text}`], ['/app/epp', '--config-text', text]));
    const expected = 'apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n';
    expect(podSpec.containers?.[0]?.args).to.deep.equal([`--config-text=${expected}`]);
    expect(podSpec.containers?.[0]?.command).to.deep.equal(['/app/epp', '--config-text', expected]);
  });

  it('spells flags as newer pickers read them from 0.8.0 on (B4.5)', () => {
    for (const [spelling, expected] of [
      ['-config-text', '--config-text'],
      ['--configText', '--config-text'],
      ['-configText', '--config-text'],
      ['-configFile', '--config-file'],
    ] as const) {
      const flagAt = (version: string) => argsOf(migrateAt(version, pod([spelling, 'word'])))[0];
      expect(flagAt('0.7.9')).to.equal(spelling);
      expect(flagAt('0.8.0')).to.equal(expected);
    }
  });

  it('fails on parameters that are no object where one is needed (R4.37, R4.61)', () => {
    for (const [version, plugin] of [
      ['0.7.0', { type: 'pd-profile-handler', parameters: 'x' }],
      ['0.9.0', { type: 'prefix-cache-scorer', parameters: [] }],
    ] as const) {
      expect(() => migrateAt(version, pod(['--config-text', textOf({ plugins: [plugin] })])))
        .to.throw(
          'failed to apply scheduler migrations: failed to mutate config: failed to mutate config for scheduler deployment ml/picker: parameters of plugin',
        )
        .and.to.match(/must be an object/);
    }
  });
});

describe('the deciders of the disaggregation handler (R4.44, R4.45)', () => {
  const handler = (parameters: object | undefined) => ({ type: 'pd-profile-handler', ...(parameters === undefined ? {} : { parameters }) });
  const always = { type: 'always-disagg-pd-decider' };
  const byPrefix = (nonCachedTokens: number) => ({ type: 'prefix-based-pd-decider', parameters: { nonCachedTokens } });
  const cases: [string, object | undefined, object | undefined, object[]][] = [
    ['deciders stay', { deciders: { prefill: 'x' }, threshold: 3 }, { deciders: { prefill: 'x' }, threshold: 3 }, []],
    ['a named decider is nested', { deciderPluginName: 'mine', threshold: 3 }, { deciders: { prefill: 'mine' } }, []],
    ['threshold 0 is always', { threshold: 0 }, { deciders: { prefill: always.type } }, [always]],
    ['threshold "0" is always', { threshold: '0' }, { deciders: { prefill: always.type } }, [always]],
    ...(
      [
        [100, 25],
        [5, 2],
        [1, 1],
        [3, 1],
        [0.5, 1],
        [7, 2],
        ['40', 10],
        ['many', 1],
        [-8, 1],
      ] as const
    ).map(([threshold, tokens]): [string, object, object, object[]] => [
      `threshold ${JSON.stringify(threshold)} is ${tokens} tokens`,
      { threshold },
      { deciders: { prefill: 'prefix-based-pd-decider' } },
      [byPrefix(tokens)],
    ]),
    ['neither changes nothing', { primaryPort: 8000 }, { primaryPort: 8000 }, []],
    ['no parameters change nothing', undefined, undefined, []],
    [
      'other parameters stay for pickers before 0.9',
      { threshold: 0, primaryPort: 8000 },
      { primaryPort: 8000, deciders: { prefill: always.type } },
      [always],
    ],
  ];
  for (const [title, before, after, deciders] of cases) {
    it(title, () => {
      const { plugins } = rewritten('0.7.0', { plugins: [{ type: 'queue-scorer' }, handler(before)] });
      expect(plugins).to.deep.equal([{ type: 'queue-scorer' }, ...deciders, { ...handler(after), type: 'disagg-profile-handler' }]);
    });
  }

  it('uses a decider of that type that is declared, with its own parameters', () => {
    const own = byPrefix(99);
    const { plugins } = rewritten('0.7.0', { plugins: [handler({ threshold: 4 }), own] });
    expect(plugins).to.deep.equal([{ type: 'disagg-profile-handler', parameters: { deciders: { prefill: own.type } } }, own]);
  });

  it('declares every decider once, before the first handler', () => {
    const { plugins } = rewritten('0.7.0', {
      plugins: [{ type: 'a' }, handler({ threshold: 4 }), handler({ threshold: 0 }), handler({ threshold: 0 })],
    });
    expect(plugins.map(({ type }) => type)).to.deep.equal([
      'a',
      'prefix-based-pd-decider',
      'always-disagg-pd-decider',
      ...Array.from({ length: 3 }, () => 'disagg-profile-handler'),
    ]);
  });

  it('refuses a decider name that is no string', () => {
    expect(() => rewritten('0.7.0', { plugins: [handler({ deciderPluginName: 7 })] })).to.throw('deciderPluginName must be a string');
  });

  it('moves flat parameters to their nested place from 0.9.0 on, where they are refused beside it (B4b.1)', () => {
    const config = { plugins: [handler({ threshold: 0, decodeProfile: 'd', prefillProfile: 'p', primaryPort: 8000, prefixPluginName: 'x' })] };
    const migrated = migrateAt('0.9.0', pod(['--config-text', textOf(config)]));
    expect(configIn(migrated).plugins.at(-1)?.parameters).to.deep.equal({
      profiles: { decode: 'd', prefill: 'p' },
      deciders: { prefill: always.type },
    });
    expect(migrated.notes).to.deep.equal([
      'parameters prefixPluginName, primaryPort of plugin disagg-profile-handler were dropped: the endpoint picker refuses them',
    ]);
    const flat = { plugins: [{ type: 'disagg-profile-handler', parameters: { decodeProfile: 'd', primaryPort: 8000 } }] };
    expect(rewritten('0.9.0', flat).plugins[0]?.parameters).to.deep.equal({ decodeProfile: 'd' });
    expect(rewritten('0.9.0', { plugins: [handler({ primaryPort: 8000 })] }).plugins[0]).to.deep.equal({ type: 'disagg-profile-handler' });
  });
});

describe('parameters that are gone', () => {
  it('hashBlockSize leaves every plugin at 0.7.0', () => {
    const { plugins } = rewritten('0.7.0', {
      plugins: [
        { type: 'a', parameters: { hashBlockSize: 1, other: 2 } },
        { type: 'b', parameters: 'odd' },
      ],
    });
    expect(plugins).to.deep.equal([
      { type: 'a', parameters: { other: 2 } },
      { type: 'b', parameters: 'odd' },
    ]);
  });

  it('prefix-cache-scorer keeps what 0.9.0 knows (R4.52, B4.13)', () => {
    const cases: [object, object][] = [
      [{ blockSizeTokens: 16, lruCapacityPerServer: 1 }, {}],
      [{ prefixMatchInfoProducerName: 'p', maxPrefixBlocksToMatch: 1 }, { parameters: { prefixMatchInfoProducerName: 'p' } }],
      [
        { matchLengthWeight: 0.5, matchLengthScaleTokens: 4096, autoTune: true },
        { parameters: { matchLengthWeight: 0.5, matchLengthScaleTokens: 4096 } },
      ],
    ];
    for (const [parameters, expected] of cases) {
      const migrated = migrateAt('0.9.0', pod(['--config-text', textOf({ plugins: [{ type: 'prefix-cache-scorer', parameters }] })]));
      expect(configIn(migrated).plugins).to.deep.equal([{ type: 'prefix-cache-scorer', ...expected }]);
      expect(migrated.notes).to.have.length(1);
    }
    expect(
      rewritten('0.8.0', { plugins: [{ type: 'prefix-cache-scorer', parameters: { blockSizeTokens: 16 } }] }).plugins[0]?.parameters,
    ).to.deep.equal({ blockSizeTokens: 16 });
    expect(rewritten('0.9.0', { plugins: [{ type: 'other', parameters: { blockSizeTokens: 16 } }] }).plugins[0]?.parameters).to.deep.equal({
      blockSizeTokens: 16,
    });
  });
});

describe('the tokenizer container of old (R4.53)', () => {
  const withTokenizer = (config: object): PodTemplate => ({
    containers: [{ name: 'main', args: ['--config-text', textOf(config)] }, { name: 'tokenizer' }],
    volumes: [{ name: 'v' }],
  });
  const names = ({ podSpec }: Migrated) => podSpec.containers?.map(({ name }) => name);

  it('goes at 0.9.0 unless the precise scorer is still there', () => {
    expect(names(migrateAt('0.9.0', withTokenizer({ plugins: [{ type: 'queue-scorer' }] })))).to.deep.equal(['main']);
    expect(names(migrateAt('0.9.0', withTokenizer({ plugins: [{ type: 'precise-prefix-cache-scorer' }] }), 'http://t'))).to.deep.equal([
      'main',
      'tokenizer',
    ]);
    expect(names(migrateAt('0.9.0', withTokenizer({})))).to.deep.equal(['main', 'tokenizer']);
    expect(names(migrateAt('0.8.0', withTokenizer({ plugins: [] })))).to.deep.equal(['main', 'tokenizer']);
  });

  it('leaves its volumes behind', () => {
    expect(migrateAt('0.9.0', withTokenizer({ plugins: [] })).podSpec.volumes).to.deep.equal([{ name: 'v' }]);
  });
});

describe('any configuration that pickers of old understood', () => {
  const some = (parameters: Record<string, fc.Arbitrary<unknown>>) => fc.option(fc.record(parameters, { requiredKeys: [] }), { nil: undefined });
  const plugin = (type: string, parameters: fc.Arbitrary<unknown>) =>
    parameters.map((value) => ({ type, ...(value === undefined ? {} : { parameters: value }) }));
  const tokens = some({ blockSize: fc.nat(), hashSeed: fc.string() });
  const handlers = fc.constantFrom('pd-profile-handler', 'disagg-profile-handler').chain((type) =>
    plugin(
      type,
      some({
        threshold: fc.oneof(fc.nat(), fc.constant('100')),
        hashBlockSize: fc.nat(),
        decodeProfile: fc.constant('decode'),
        prefillProfile: fc.constant('prefill'),
        primaryPort: fc.nat(),
        prefixPluginName: fc.constant('prefix-cache-scorer'),
      }),
    ),
  );
  const others = fc.uniqueArray(
    fc.oneof(
      plugin('prefill-header-handler', fc.constant(undefined)),
      plugin('queue-scorer', fc.constant(undefined)),
      plugin('model-server-protocol-metrics', some({ defaultEngine: fc.constant('vllm') })),
      plugin('prefix-cache-scorer', some({ blockSize: fc.nat(), hashBlockSize: fc.nat(), lruCapacityPerServer: fc.nat() })),
      plugin(
        'precise-prefix-cache-scorer',
        some({ tokenProcessorConfig: tokens, indexerConfig: some({ tokenProcessorConfig: tokens, tokenizersPoolConfig: some({}) }) }),
      ),
      plugin('token-producer', some({ modelName: fc.string(), vllm: some({ timeout: fc.constant('5s') }) })),
    ),
    { selector: ({ type }) => type },
  );
  const configs = fc.tuple(handlers, others).map(([handler, rest]) => {
    const plugins: readonly { type: string }[] = [handler, ...rest];
    const used = plugins.filter(({ type }) => type.endsWith('-scorer')).map(({ type }) => ({ pluginRef: type }));
    return {
      apiVersion: 'inference.networking.x-k8s.io/v1alpha1',
      kind: KIND,
      plugins,
      schedulingProfiles: ['decode', 'prefill'].map((name) => ({ name, plugins: used })),
    };
  });
  const url = 'http://qwen-tokenizer.ml.svc.cluster.local:8000';

  for (const version of ['0.9.0', '0.10.0']) {
    it(`is one that ${version} starts with, and the same after another migration (R4.36a)`, () => {
      fc.assert(
        fc.property(configs, (config) => {
          const once = migrateAt(version, pod(['--config-text', textOf(config)]), url);
          expect(checkPickerConfig(configIn(once), parseVersion(version) as Version).filter(({ level }) => level === 'problem')).to.deep.equal([]);
          expect(JSON.stringify(configIn(once))).not.to.match(
            /pd-profile-handler|prefill-header-handler|server-protocol|precise-prefix-cache-scorer|hashBlockSize|threshold|primaryPort|tokenizersPool/,
          );
          const twice = migrateAt(version, once.podSpec, url);
          expect(argsOf(twice)).to.deep.equal(argsOf(once));
          expect(twice.notes).to.deep.equal([]);
        }),
        { numRuns: 200 },
      );
    });
  }
});
