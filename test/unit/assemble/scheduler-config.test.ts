import { expect } from 'chai';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import {
  findConfigPair,
  inlineSchedulerConfig,
  latencyPredictorEnabled,
  listsPlugin,
  schedulerConfigText,
  tokenizerEnabled,
} from '../../../assemble/scheduler-config.ts';

const spec = (scheduler: object): LLMInferenceServiceSpec => ({ router: { scheduler } });
const args = (...list: string[]): object => ({ template: { containers: [{ name: 'main', args: list }] } });
const listing = (type: string): string => `plugins:\n- type: ${type}\n`;

describe('the config pair of a list of arguments (R4.25)', () => {
  for (const name of ['config-text', 'configText', 'config-file', 'configFile']) {
    for (const dashes of ['-', '--']) {
      const flag = dashes + name;
      it(`${flag}, with a value after it`, () =>
        expect(findConfigPair(['-v', flag, 'x', '--config-text', 'y'])).to.deep.equal({
          kind: /text/i.test(name) ? 'text' : 'file',
          flag,
          value: 'x',
          index: 1,
          length: 2,
        }));
      it(`${flag}=value`, () => expect(findConfigPair([`${flag}=a=b\nc`])).to.deep.include({ flag, value: 'a=b\nc', index: 0, length: 1 }));
    }
  }
  it('is not a flag without a value, nor a value that only looks like one', () => {
    expect(findConfigPair(['--config-text'])).to.equal(undefined);
    expect(findConfigPair(['--config', 'x', '--config-textual', 'y'])).to.equal(undefined);
    expect(findConfigPair(undefined)).to.equal(undefined);
  });
});

describe('tokenizer and latency predictor (R2.25 - R2.27)', () => {
  const table: [string, (plugin: string) => LLMInferenceServiceSpec, boolean][] = [
    ['inline config with the plugin', (type) => spec({ config: { inline: { plugins: [{ type: 'a' }, { type }] } } }), true],
    ['inline config as text', (type) => spec({ config: { inline: listing(type) } }), true],
    ['inline config without it', () => spec({ config: { inline: { plugins: [{ type: 'a' }] } } }), false],
    ['no router', () => ({}), false],
    ['no scheduler', () => ({ router: {} }), false],
    ['an empty scheduler', () => spec({}), false],
    ['an empty config', () => spec({ config: {} }), false],
    ['args of main', (type) => spec(args('--config-text', listing(type))), true],
    ['args of main with an equals sign', (type) => spec(args(`--config-text=${listing(type)}`)), true],
    ['command of main', (type) => spec({ template: { containers: [{ name: 'main', command: ['/epp', '-configText', listing(type)] }] } }), true],
    ['args of another container', (type) => spec({ template: { containers: [{ name: 'other', args: ['--config-text', listing(type)] }] } }), false],
    ['inline config without it and args with it', (type) => spec({ config: { inline: {} }, ...args('--config-text', listing(type)) }), false],
    ['a config file', (type) => spec(args('--config-file', listing(type))), false],
    ['a config file before a config text', (type) => spec(args('--config-file', 'x', '--config-text', listing(type))), false],
    ['args that are no YAML', () => spec(args('--config-text', '{{: [')), false],
    ['a plain word', () => spec(args('--config-text', 'custom')), false],
    ['a reference', () => spec({ config: { ref: { name: 'x', key: 'y' } } }), false],
  ];
  for (const [what, make, expected] of table) {
    it(what, () => {
      expect(tokenizerEnabled(make('token-producer'))).to.equal(expected);
      expect(tokenizerEnabled(make('precise-prefix-cache-scorer'))).to.equal(expected);
      expect(latencyPredictorEnabled(make('predicted-latency-producer'))).to.equal(expected);
    });
  }

  it('an empty tokenizer is enough', () => {
    expect(tokenizerEnabled(spec({ tokenizer: {} }))).to.equal(true);
    expect(latencyPredictorEnabled(spec({ tokenizer: {} }))).to.equal(false);
  });

  it('types match as a whole', () => {
    expect(listsPlugin(listing('token-producer-2'), 'token-producer')).to.equal(false);
    expect(listsPlugin({ plugins: { type: 'token-producer' } }, 'token-producer')).to.equal(false);
    expect(listsPlugin({ plugins: [null, 'x', { type: 'b' }] }, 'a', 'b')).to.equal(true);
  });

  it('inline config wins over args, and text stays text', () => {
    expect(inlineSchedulerConfig(spec({ config: { inline: { a: 1 } }, ...args('--config-text', 'x') }))).to.deep.equal({ a: 1 });
    expect(schedulerConfigText('a: 1')).to.equal('a: 1');
    expect(schedulerConfigText({ a: 1 })).to.equal('{"a":1}');
  });
});
