import { expect } from 'chai';
import { defaultOptions } from '../../../api/options.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { choosePresets } from '../../../assemble/preset-choice.ts';
import { pinPresets } from '../../../assemble/preset-names.ts';

const choose = (spec: object): string[] =>
  choosePresets(spec as LLMInferenceServiceSpec, undefined, defaultOptions).map((name) => name.replace('kserve-config-llm-', ''));

describe('presets for a topology (R2.24)', () => {
  const dp = { worker: {}, parallelism: { data: 2, dataLocal: 1 } };
  const dpLocal = { worker: {}, parallelism: { dataLocal: 2 } };
  const pp = { worker: {}, parallelism: { pipeline: 2 } };
  const both = { worker: {}, parallelism: { data: 2, pipeline: 2 } };
  const none = { worker: {}, parallelism: { tensor: 4 } };
  const bare = { worker: {} };

  const table: [string, object, string[]][] = [
    ['nothing', {}, ['template']],
    ['a template', { template: {} }, ['template']],
    ['tensor parallelism', { parallelism: { tensor: 8, expert: true } }, ['template']],
    ['data parallelism without worker', { parallelism: { data: 8 } }, ['template']],
    ['DP workers', dp, ['worker-data-parallel']],
    ['DP workers by dataLocal', dpLocal, ['worker-data-parallel']],
    ['PP workers', pp, ['worker-pipeline-parallel']],
    ['DP and PP workers', both, ['worker-data-parallel']],
    ['workers without either', none, []],
    ['workers without parallelism', bare, []],
    ['prefill', { prefill: {} }, ['prefill-template', 'decode-template']],
    ['prefill, DP decode', { prefill: {}, ...dp }, ['prefill-template', 'decode-worker-data-parallel']],
    ['prefill, PP decode', { prefill: {}, ...pp }, ['prefill-template', 'decode-worker-pipeline-parallel']],
    ['prefill, decode workers without either', { prefill: {}, ...none }, ['prefill-template']],
    ['DP prefill', { prefill: dp }, ['prefill-worker-data-parallel', 'decode-template']],
    ['DP prefill, DP decode', { prefill: dp, ...dp }, ['prefill-worker-data-parallel', 'decode-worker-data-parallel']],
    ['DP prefill, PP decode', { prefill: dp, ...pp }, ['prefill-worker-data-parallel', 'decode-worker-pipeline-parallel']],
    ['DP prefill, decode workers without either', { prefill: dp, ...none }, ['prefill-worker-data-parallel']],
    ['PP prefill', { prefill: pp }, ['prefill-worker-pipeline-parallel', 'decode-template']],
    ['PP prefill, DP decode', { prefill: pp, ...dp }, ['prefill-worker-pipeline-parallel', 'decode-worker-data-parallel']],
    ['prefill workers without either', { prefill: none }, ['decode-template']],
    ['prefill workers without either, DP decode', { prefill: none, ...dp }, ['decode-worker-data-parallel']],
  ];
  for (const [what, spec, expected] of table) it(what, () => expect(choose(spec)).to.deep.equal(expected));
});

describe('presets for the rest (R2.23)', () => {
  const inline = (type: string): object => ({ config: { inline: { plugins: [{ type }] } } });
  const table: [string, object, string[]][] = [
    ['an empty router', { router: {} }, []],
    ['a gateway and an ingress', { router: { gateway: {}, ingress: {} } }, []],
    ['a scheduler', { router: { scheduler: {} } }, ['scheduler']],
    ['a scheduler with an external pool', { router: { scheduler: { pool: { ref: { name: 'x' } } } } }, []],
    ['a scheduler with an empty pool ref', { router: { scheduler: { pool: { ref: { name: '' } } } } }, ['scheduler']],
    ['a route', { router: { route: {} } }, ['router-route']],
    ['a route with http', { router: { route: { http: {} } } }, ['router-route']],
    ['a route of one’s own', { router: { route: { http: { refs: [{ name: 'x' }] } } } }, []],
    ['tracing', { tracing: {} }, ['tracing']],
    ['a tokenizer', { router: { scheduler: { tokenizer: {} } } }, ['scheduler', 'tokenizer']],
    ['a tokenizer with an external pool', { router: { scheduler: { tokenizer: {}, pool: { ref: { name: 'x' } } } } }, ['tokenizer']],
    ['a token producer', { router: { scheduler: inline('token-producer') } }, ['scheduler', 'tokenizer']],
    ['the precise prefix scorer', { router: { scheduler: inline('precise-prefix-cache-scorer') } }, ['scheduler', 'tokenizer']],
    ['latency prediction', { router: { scheduler: inline('predicted-latency-producer') } }, ['scheduler', 'scheduler-latency-predictor']],
    [
      'everything, in order',
      {
        tracing: {},
        router: { route: {}, scheduler: { tokenizer: {}, ...inline('predicted-latency-producer') } },
      },
      ['scheduler', 'tokenizer', 'scheduler-latency-predictor', 'router-route', 'tracing'],
    ],
  ];
  for (const [what, spec, expected] of table) it(what, () => expect(choose(spec)).to.deep.equal([...expected, 'template']));

  it('follow the pins, except the route (R2.16)', () => {
    const old = pinPresets(undefined, { pinPresets: true, presetPrefix: 'old-' });
    const names = choosePresets({ router: { route: {}, scheduler: {} } }, old, defaultOptions);
    expect(names).to.deep.equal(['old-config-llm-scheduler', 'kserve-config-llm-router-route', 'old-config-llm-template']);
  });
});
