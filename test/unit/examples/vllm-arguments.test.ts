import { expect } from 'chai';
import { parseServe } from '../../support/vllm-arguments.ts';

const serve = (...words: string[]) => parseServe(['vllm', 'serve', '/mnt/models', ...words]).options;

describe('the argument parser that stands for the one of vLLM', () => {
  it('reads values, with a blank or an equals sign, and underscores as dashes', () => {
    expect(serve('--port', '8000', '--tensor_parallel_size=2', '--gpu-memory-utilization', '.9')).to.deep.equal({
      port: 8000,
      'tensor-parallel-size': 2,
      'gpu-memory-utilization': 0.9,
    });
  });

  it('reads flags and their opposites', () => {
    expect(serve('--enable-lora', '--no-enable-prefix-caching')).to.deep.equal({ 'enable-lora': true, 'enable-prefix-caching': false });
  });

  it('reads lists up to the next option', () => {
    expect(serve('--served-model-name', 'a', 'b', '--lora-modules', '{"name":"x","path":"/p"}', 'y=/q', '--headless')).to.deep.equal({
      'served-model-name': ['a', 'b'],
      'lora-modules': [
        { name: 'x', path: '/p' },
        { name: 'y', path: '/q' },
      ],
      headless: true,
    });
  });

  it('lets the last of several win', () => expect(serve('--port=1', '--port', '2')).to.deep.equal({ port: 2 }));

  for (const [words, problem] of [
    [['--unheard-of'], 'unrecognized arguments: --unheard-of'],
    [['stray'], 'unrecognized arguments: stray'],
    [['--port'], 'argument --port: expected one argument'],
    [['--port', '--headless'], 'argument --port: expected one argument'],
    [['--lora-modules'], 'argument --lora-modules: expected at least one argument'],
    [['--port', 'http'], "invalid int value: 'http'"],
    [['--gpu-memory-utilization', 'much'], "invalid float value: 'much'"],
    [['--kv-transfer-config', "'{}'"], 'invalid JSON object'],
    [['--lora-modules', '{"name":"x"}'], 'invalid LoRA module'],
    [['--headless=yes'], 'ignored explicit argument'],
  ] as const) {
    it(`refuses ${words.join(' ')}`, () => expect(() => serve(...words)).to.throw(problem));
  }

  it('refuses other programs, and none at all', () => {
    expect(() => parseServe(['python', 'serve'])).to.throw('not vllm serve');
    expect(() => parseServe([])).to.throw('not vllm serve');
    expect(() => parseServe(['vllm', 'serve'])).to.throw('no model');
  });
});
