import { expect } from 'chai';
import type { PickerConfig } from '../../../../api/picker-config/config.ts';
import { isRejection } from '../../../../api/rejection.ts';
import { completeTokenProducer, decomposePreciseScorer } from '../../../../render/scheduler/precise-prefix.ts';

const URL = 'http://demo-tokenizer.ml.svc.cluster.local:8000';
const ignore = (): void => {};

function decomposed(config: PickerConfig): PickerConfig {
  const result = decomposePreciseScorer(URL)(config, ignore);
  if (isRejection(result)) throw new Error(result.message);
  return result;
}

const precise = (parameters?: object, name?: string) => ({
  ...(name === undefined ? {} : { name }),
  type: 'precise-prefix-cache-scorer',
  ...(parameters === undefined ? {} : { parameters }),
});
const tokens = { type: 'token-producer', parameters: { modelName: '/mnt/models/base', vllm: { url: URL } } };
const scorer = { type: 'prefix-cache-scorer', parameters: { prefixMatchInfoProducerName: 'precise-prefix-cache-producer' } };
const of = (...types: string[]) => types.map((type) => ({ type }));
const profile = (...references: object[]) => [{ name: 'default', plugins: references }];

describe('the precise prefix cache scorer, taken apart (R4.54)', () => {
  it('is a producer of tokens, a producer of matches and a scorer', () => {
    const after = decomposed({
      plugins: [
        ...of('single-profile-handler'),
        precise({ indexerConfig: { tokenProcessorConfig: { blockSize: 64 } } }),
        ...of('queue-scorer', 'max-score-picker'),
      ],
      schedulingProfiles: profile({ pluginRef: 'precise-prefix-cache-scorer', weight: 3 }, { pluginRef: 'queue-scorer', weight: 1 }),
    });
    expect(after).to.deep.equal({
      plugins: [
        ...of('single-profile-handler'),
        tokens,
        { type: 'precise-prefix-cache-producer', parameters: { tokenProcessorConfig: { blockSize: 64 } } },
        scorer,
        ...of('queue-scorer', 'max-score-picker'),
      ],
      schedulingProfiles: profile({ pluginRef: 'prefix-cache-scorer', weight: 3 }, { pluginRef: 'queue-scorer', weight: 1 }),
    });
  });

  const A = { blockSize: 16 };
  const B = { inMemoryConfig: { size: 1 } };
  const parameters: [string, object | undefined, object | undefined][] = [
    ['none', undefined, undefined],
    ['empty', {}, undefined],
    ['a tokenizer pool only', { indexerConfig: { tokenizersPoolConfig: { modelName: 'base' } } }, undefined],
    [
      'nested',
      { indexerConfig: { tokenProcessorConfig: A, kvBlockIndexConfig: B } },
      { tokenProcessorConfig: A, indexerConfig: { kvBlockIndexConfig: B } },
    ],
    ['both', { tokenProcessorConfig: A, indexerConfig: { tokenProcessorConfig: { blockSize: 99 } } }, { tokenProcessorConfig: A }],
    ['an index that is no object', { indexerConfig: 'x', kvEventsConfig: { topicFilter: 'kv@' } }, { kvEventsConfig: { topicFilter: 'kv@' } }],
    ['unknown ones', { speculativeIndexing: true, indexerConfig: { other: 1 } }, { speculativeIndexing: true, indexerConfig: { other: 1 } }],
  ];
  for (const [title, before, after] of parameters) {
    it(`hands its parameters to the producer: ${title} (R4.55)`, () => {
      const { plugins } = decomposed({ plugins: [precise(before)] });
      expect((plugins as object[])[1]).to.deep.equal({
        type: 'precise-prefix-cache-producer',
        ...(after === undefined ? {} : { parameters: after }),
      });
    });
  }

  it('replaces the approximate scorer: one plugin and one reference remain, the first with its weight (R4.134)', () => {
    const after = decomposed({
      plugins: [...of('prefix-cache-scorer', 'queue-scorer'), precise()],
      schedulingProfiles: profile(
        { pluginRef: 'prefix-cache-scorer', weight: 1 },
        { pluginRef: 'queue-scorer' },
        { pluginRef: 'precise-prefix-cache-scorer', weight: 3 },
      ),
    });
    expect(after.plugins).to.deep.equal([...of('queue-scorer'), tokens, { type: 'precise-prefix-cache-producer' }, scorer]);
    expect(after.schedulingProfiles).to.deep.equal(profile({ pluginRef: 'prefix-cache-scorer', weight: 1 }, { pluginRef: 'queue-scorer' }));
  });

  it('is left alone where there is none', () => {
    const config = { plugins: of('queue-scorer', 'prefix-cache-scorer') };
    expect(decomposed(config)).to.equal(config);
  });

  it('uses the producers that are declared already (B4.12)', () => {
    const own = { type: 'token-producer', name: 'mine' };
    const producer = { type: 'precise-prefix-cache-producer', parameters: { speculativeIndexing: true } };
    expect(decomposed({ plugins: [own, producer, precise()] }).plugins).to.deep.equal([own, producer, scorer]);
  });

  it('keeps names of its own, and so the references to them (B4.12)', () => {
    const references = profile({ pluginRef: 'precise', weight: 5 });
    const after = decomposed({ plugins: [precise({}, 'precise')], schedulingProfiles: references });
    expect(after.plugins).to.deep.equal([tokens, { type: 'precise-prefix-cache-producer' }, { name: 'precise', ...scorer }]);
    expect(after.schedulingProfiles).to.deep.equal(references);
  });

  it('keeps several apart, and scorers with other names (B4.12)', () => {
    const approximate = { name: 'approximate', type: 'prefix-cache-scorer' };
    const references = profile(
      { pluginRef: 'precise-prefix-cache-scorer', weight: 1 },
      { pluginRef: 'second', weight: 2 },
      { pluginRef: 'approximate', weight: 3 },
    );
    const after = decomposed({ plugins: [precise(), precise({ a: 1 }, 'second'), approximate], schedulingProfiles: references });
    expect(after.plugins).to.deep.equal([
      tokens,
      { type: 'precise-prefix-cache-producer' },
      { name: 'second-producer', type: 'precise-prefix-cache-producer', parameters: { a: 1 } },
      scorer,
      { name: 'second', type: 'prefix-cache-scorer', parameters: { prefixMatchInfoProducerName: 'second-producer' } },
      approximate,
    ]);
    expect(after.schedulingProfiles).to.deep.equal(
      profile({ pluginRef: 'prefix-cache-scorer', weight: 1 }, { pluginRef: 'second', weight: 2 }, { pluginRef: 'approximate', weight: 3 }),
    );
  });

  it('refuses parameters that are no object', () => {
    expect(() => decomposed({ plugins: [precise('x' as unknown as object)] })).to.throw('must be an object');
  });
});

describe('a token producer, completed (R4.56)', () => {
  const complete = (parameters?: object): unknown => {
    const result = completeTokenProducer(URL)({ plugins: [{ type: 'token-producer', ...(parameters === undefined ? {} : { parameters }) }] }, ignore);
    if (isRejection(result)) throw new Error(result.message);
    return (result.plugins as { parameters?: object }[])[0]?.parameters;
  };
  const cases: [string, object | undefined, object][] = [
    ['nothing', undefined, { modelName: '/mnt/models/base', vllm: { url: URL } }],
    ['a model name', { modelName: 'm' }, { modelName: 'm', vllm: { url: URL } }],
    ['a time-out', { vllm: { timeout: '9s' } }, { modelName: '/mnt/models/base', vllm: { url: URL, timeout: '9s' } }],
    ['everything (R4.134)', { modelName: 'm', vllm: { url: 'http://x' } }, { modelName: 'm', vllm: { url: 'http://x' } }],
    ['a mode without server (B4.17)', { estimate: {} }, { estimate: {} }],
    ['a socket (B4.17)', { udsTokenizerConfig: { socketFile: '/s' } }, { udsTokenizerConfig: { socketFile: '/s' } }],
  ];
  for (const [title, before, after] of cases) {
    it(`that states ${title}`, () => {
      expect(complete(before)).to.deep.equal(after);
    });
  }

  it('also goes by its old name (B4.17)', () => {
    const result = completeTokenProducer(URL)({ plugins: of('tokenizer', 'queue-scorer') }, ignore);
    expect(result).to.deep.equal({ plugins: [{ ...tokens, type: 'tokenizer' }, { type: 'queue-scorer' }] });
  });
});
