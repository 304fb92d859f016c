import { expect } from 'chai';
import type { SchedulerSpec } from '../../../../api/types.ts';
import { parseVersion, type Version } from '../../../../api/version.ts';
import { writeYaml } from '../../../../render/scheduler/config-yaml.ts';
import { defaultConfig } from '../../../../render/scheduler/default-config.ts';
import { configOf, containerOf, contextOf, livePicker, pickerOf, presetScheduler, stageOf, stagesOf, withTLS } from './fixture.ts';

const gate = parseVersion('0.10.0') as Version;
const defaultText = writeYaml(defaultConfig({ prefill: false, lora: false }, gate));
/** Without version annotation and image tag nothing is rewritten, as the table of R4.130 assumes. */
const bare = (args?: string[], scheduler: SchedulerSpec = {}) =>
  presetScheduler({ image: 'picker', ...(args === undefined ? {} : { args }) }, { annotations: {}, ...scheduler });

describe('the source of the scheduler config (R4.25, R4.130)', () => {
  const I = '{"kind":"EndpointPickerConfig"}';
  const cases: [string, string | undefined, string[] | undefined, string[] | undefined, string[]][] = [
    ['nothing anywhere: the default', undefined, undefined, undefined, ['--config-text', defaultText]],
    ['a live text stays', undefined, undefined, ['--config-text', 'X'], ['--config-text', 'X']],
    ['a live text stays in its spelling', undefined, undefined, ['-config-text', 'X'], ['-config-text', 'X']],
    ['a live camel-case text stays', undefined, undefined, ['--configText', 'X'], ['--configText', 'X']],
    ['a live text joined to its flag stays (B4.2)', undefined, undefined, ['--config-text=X'], ['--config-text=X']],
    ['a live file stays', undefined, undefined, ['--config-file', 'F'], ['--config-file', 'F']],
    ['a live flag without value is none', undefined, undefined, ['--config-text'], ['--config-text', defaultText]],
    ['inline wins over live', I, undefined, ['--config-text', 'X'], ['--config-text', I]],
    ['inline alone', I, undefined, undefined, ['--config-text', I]],
    [
      "the template's own stays where it is",
      undefined,
      ['--a', '--config-text', 'T', '--b'],
      ['--config-text', 'X'],
      ['--a', '--config-text', 'T', '--b'],
    ],
    ["the template's own counts when joined (B4.2)", undefined, ['--config-text=T'], ['--config-text', 'X'], ['--config-text=T']],
    ["inline takes the place of the template's text (B4.3)", I, ['--config-text', 'T', '--b'], undefined, ['--b', '--config-text', I]],
    ["inline takes the place of the template's file (B4.3)", I, ['--config-file', 'F'], undefined, ['--config-text', I]],
  ];
  for (const [title, inline, template, live, expected] of cases) {
    it(title, () => {
      const scheduler = bare(template, inline === undefined ? {} : { config: { inline } });
      const stages = stagesOf(contextOf({ router: { scheduler } }), live === undefined ? [] : [livePicker(live)]);
      expect(containerOf(pickerOf(stages)).args).to.deep.equal(expected);
    });
  }

  it('is not a pair of another container', () => {
    const live = livePicker(['--config-text', 'X'], {}, 'other');
    expect(containerOf(pickerOf(stagesOf(contextOf({ router: { scheduler: bare() } }), [live]))).args).to.deep.equal(['--config-text', defaultText]);
  });

  it('is the command, too (B4.2)', () => {
    const scheduler = presetScheduler({ command: ['/app/epp', '--config-text', 'T'], image: 'picker' }, { annotations: {} });
    const main = containerOf(pickerOf(stagesOf(contextOf({ router: { scheduler } }))));
    expect(main.command).to.deep.equal(['/app/epp', '--config-text', 'T']);
    expect(main.args).to.equal(undefined);
  });

  it('tells the user when the template is overruled (B4.3)', () => {
    const scheduler = bare(['--config-text', 'T'], { config: { inline: I } });
    expect(stageOf(stagesOf(contextOf({ router: { scheduler } })), 'scheduler').events?.map(({ reason }) => reason)).to.deep.equal([
      'SchedulerConfigIgnored',
    ]);
  });

  it('passes an inline object as JSON below gate 0.7.0 (R4.25, R4.41)', () => {
    const scheduler = bare(undefined, { config: { inline: { schedulingStrategy: 'round-robin' } } });
    expect(containerOf(pickerOf(stagesOf(contextOf({ router: { scheduler } })))).args).to.deep.equal([
      '--config-text',
      '{"schedulingStrategy":"round-robin"}',
    ]);
  });

  it('passes a word of the template through, once (R4.36)', () => {
    const scheduler = presetScheduler({ args: ['--config-text', 'existing-config-from-template'] });
    expect(containerOf(pickerOf(stagesOf(contextOf({ router: { scheduler } })))).args).to.deep.equal([
      '--config-text',
      'existing-config-from-template',
    ]);
  });
});

describe('a live config that is a default of this operator (B4.1)', () => {
  const liveOf = (shape: object, tls: boolean) => {
    const spec = { router: { scheduler: presetScheduler({}, {}, tls) }, ...shape };
    return livePicker(containerOf(pickerOf(stagesOf(contextOf(spec, tls ? { settings: withTLS } : {})))).args ?? []);
  };
  const lora = { model: { uri: 'hf://a/b', lora: { adapters: [{ uri: 'hf://c/d' }] } } };
  const shapes: [string, object][] = [
    ['plain', {}],
    ['with prefill', { prefill: {} }],
    ['with LoRA', lora],
    ['with both', { prefill: {}, ...lora }],
  ];
  for (const [before, live] of shapes) {
    for (const [after, wanted] of shapes.filter(([name]) => name !== before)) {
      it(`becomes that of the new shape: ${before}, then ${after}`, () => {
        const stages = stagesOf(contextOf({ router: { scheduler: presetScheduler() }, ...wanted }), [liveOf(live, true)]);
        expect(configOf(pickerOf(stages))).to.deep.equal(
          configOf(pickerOf(stagesOf(contextOf({ router: { scheduler: presetScheduler() }, ...wanted })))),
        );
        expect(stageOf(stages, 'scheduler').events?.map(({ reason }) => reason)).to.deep.equal(['SchedulerConfigRegenerated']);
      });
    }
  }

  it('follows TLS when it is switched off, and on', () => {
    const off = stagesOf(contextOf({ router: { scheduler: presetScheduler() } }), [liveOf({}, true)]);
    expect(configOf(pickerOf(off)).plugins.at(-1)).to.deep.equal({ type: 'max-score-picker' });
    expect(stageOf(off, 'scheduler').events).to.deep.equal([]);
    const on = stagesOf(contextOf({ router: { scheduler: presetScheduler({}, {}, true) } }, { settings: withTLS }), [liveOf({}, false)]);
    expect(configOf(pickerOf(on)).plugins.at(-1)).to.deep.equal({ type: 'metrics-data-source', parameters: { scheme: 'https' } });
  });

  it('stays when somebody edited it', () => {
    const edited = writeYaml(defaultConfig({ prefill: false, lora: false }, gate)).replace('weight: 3', 'weight: 5');
    const stages = stagesOf(contextOf({ prefill: {}, router: { scheduler: presetScheduler() } }), [livePicker(['--config-text', edited])]);
    expect(containerOf(pickerOf(stages)).args).to.deep.equal(['--config-text', edited]);
  });
});

describe('a live config that asks the tokenizer of the service', () => {
  const text = (url: string) =>
    writeYaml({ kind: 'EndpointPickerConfig', plugins: [{ type: 'token-producer', parameters: { modelName: '/mnt/models/base', vllm: { url } } }] });
  const own = text('https://demo-tokenizer.ml.svc.cluster.local:8000');

  it('gives way to the default when the tokenizer is gone (B4.1)', () => {
    const stages = stagesOf(contextOf({ router: { scheduler: presetScheduler() } }), [livePicker(['--config-text', own])]);
    expect(containerOf(pickerOf(stages)).args).to.deep.equal(['--config-text', defaultText]);
    expect(stageOf(stages, 'scheduler').events?.map(({ reason }) => reason)).to.deep.equal(['SchedulerConfigRegenerated']);
  });

  it('stays when there is one, and when it asks another one', () => {
    const tokenizer = { template: { containers: [{ name: 'main' }] } };
    const kept = stagesOf(contextOf({ router: { scheduler: presetScheduler({}, { tokenizer }) } }), [livePicker(['--config-text', own])]);
    expect(containerOf(pickerOf(kept)).args).to.deep.equal(['--config-text', own]);
    const foreign = text('http://shared-render.ml.svc:8000');
    const stages = stagesOf(contextOf({ router: { scheduler: presetScheduler() } }), [livePicker(['--config-text', foreign])]);
    expect(containerOf(pickerOf(stages)).args).to.deep.equal(['--config-text', foreign]);
  });
});
