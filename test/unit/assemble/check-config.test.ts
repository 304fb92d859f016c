import { expect } from 'chai';
import { defaultOptions } from '../../../api/options.ts';
import { checkConfigTemplate } from '../../../assemble/check-config.ts';
import { preset, presetFiles } from '../presets/preset-files.ts';
import { accepted, config, refusal, settings } from './fixtures.ts';

const check = (spec: object) => checkConfigTemplate(config('c', spec), settings(), defaultOptions);
const text = (template: string) => check({ model: { uri: 'hf://a/b', name: template } });

describe('checking the templates of a config (R1.74 - R1.76, R2.116)', () => {
  for (const file of presetFiles) {
    it(`accepts ${file}`, () =>
      expect(JSON.stringify(accepted(checkConfigTemplate(preset(file.replace('.yaml', '')), settings(), defaultOptions)))).not.to.include('{{'));
  }

  it('accepts back-quoted arguments', () =>
    expect(accepted(text('{{ ChildName .ObjectMeta.Name `-inference-pool` }}')).model?.name).to.equal('test-llm-preset-inference-pool'));
  it('accepts templates in header names', () => {
    const rules = [
      {
        matches: [{ headers: [{ name: '{{ .GlobalConfig.ModelBasedRoutingHeaderName }}', value: 'x' }] }],
        filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: '{{ .Name }}', value: 'x' }] } }],
      },
    ];
    expect(check({ router: { route: { http: { spec: { rules } } } } })).not.to.have.property('rejected');
  });
  it('knows the managed pool for a config without a router', () =>
    expect(accepted(text('{{ .GlobalConfig.InferencePoolNamespacedName }}')).model?.name).to.equal(
      'test-llm-preset-test/test-llm-preset-inference-pool',
    ));
  it('lets a template see what the config itself states', () =>
    expect(accepted(check({ tracing: { exporter: 'otlp' }, template: { hostname: '{{ .Spec.Tracing.Exporter }}' } })).template?.hostname).to.equal(
      'otlp',
    ));

  const refused: [string, string][] = [
    ['{{ .NonExisting }}', "can't evaluate field NonExisting in type struct"],
    ['{{ ChildName .ObjectMeta.Name "-inference-pool" }}', 'unexpected "\\\\" in operand'],
    ['{{ .Spec.Tracing.Exporter }}', 'nil pointer evaluating *v1alpha2.TracingSpec.Exporter'],
    ['{{ .Spec.Prefill.Worker.Containers }}', 'nil pointer evaluating *v1.PodSpec.Containers'],
    ['{{ .Name', 'failed to parse template config: '],
  ];
  for (const [template, message] of refused) it(`refuses ${template}`, () => expect(refusal(text(template))).to.include(message));
});
