import { expect } from 'chai';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { checkTemplateSyntax } from '../../../assemble/template-syntax.ts';

const withArgument = (argument: string): LLMInferenceServiceSpec => ({ template: { containers: [{ name: 'main', args: ['--x', argument] }] } });

describe('broken templates in the strings of a service', () => {
  const broken: [string, string][] = [
    ['an action without end', '{{ .Spec.Model.Name'],
    ['a chat template, which is another language', '{{ messages[0].content }}'],
    ['an unknown function', '{{ upper .Spec.Model.Name }}'],
    ['double quotes, which the JSON text escapes (R2.63)', '{{ ChildName .ObjectMeta.Name "-x" }}'],
    ['an action with nothing in it', '{{ }}'],
  ];
  for (const [what, text] of broken) {
    it(`are found, with the path of the field: ${what}`, () => {
      const errors = checkTemplateSyntax(withArgument(text));
      expect(errors.map(({ field, value, type }) => ({ field, value, type }))).to.deep.equal([
        { field: 'spec.template.containers[0].args[1]', value: text, type: 'Invalid' },
      ]);
    });
  }

  const fine: [string, string][] = [
    ['plain text', 'a } b {'],
    ['a template that can be executed', '{{ .Spec.Model.Name }}'],
    ['a field that does not exist, which is only known on execution', '{{ .Spec.NoSuchField }}'],
    ['the start of a condition that another string may end', '{{ if .Spec.Prefill }}'],
    ['the end of a condition that another string may start', '{{ end }}'],
    ['a variable that another string may define', '{{ $name }}'],
    ['braces that are meant literally, in the way that the message recommends', '{{ `{{` }} messages }}'],
  ];
  for (const [what, text] of fine) {
    it(`are not ${what}`, () => expect(checkTemplateSyntax(withArgument(text))).to.deep.equal([]));
  }

  it('are found in keys of maps, too, and all of them are told', () => {
    const spec = { labels: { '{{ }}': 'x' }, annotations: { a: '{{ x' } } as LLMInferenceServiceSpec;
    expect(checkTemplateSyntax(spec).map(({ field }) => field)).to.deep.equal(['spec.labels.{{ }}', 'spec.annotations.a']);
  });

  it('are none in a service without a spec', () => expect(checkTemplateSyntax(undefined)).to.deep.equal([]));
});
