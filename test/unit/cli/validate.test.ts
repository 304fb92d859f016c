import { expect } from 'chai';
import { packagePath } from '../../../cli/package-files.ts';
import { printFinding, validateFiles } from '../../../cli/validate.ts';
import { configText, serviceText, withFiles } from './manifest-text.ts';

const presets = packagePath('presets');

function validate(text: string): string[] {
  return withFiles({ 'a.yaml': text }, (directory) =>
    validateFiles([directory], { presets }).findings.map((finding) => printFinding(finding).replace(`${directory}/`, '')),
  );
}

const MODEL = 'model: {uri: "hf://a/b"}';
const inService = (line: number, level: string, text: string): string => `a.yaml:${line}: ${level}: LLMInferenceService/qwen: ${text}`;

describe('llmisvc validate', () => {
  const services: [string, string[], string[]][] = [
    ['nothing of a good service', [MODEL, 'router: {route: {}, gateway: {}, scheduler: {}}'], []],
    [
      'an unknown field, and a known one that is close',
      ['modle: {}', MODEL],
      [inService(6, 'error', 'spec.modle: unknown field, did you mean "model"?')],
    ],
    ['an unknown field that is like nothing', [MODEL, 'flavour: mint'], [inService(7, 'error', 'spec.flavour: unknown field')]],
    [
      'a route spec without rules (B5.14)',
      [MODEL, 'router:', '  route:', '    http:', '      spec:', '        hostnames: [llm.example.com]'],
      [
        inService(
          10,
          'warning',
          "spec.router.route.http.spec.rules: no rule has a backend, and these rules take the place of the preset's: requests are answered with errors; state rules with backends",
        ),
      ],
    ],
    [
      'an unknown field in a list',
      [MODEL, 'router:', '  gateway:', '    refs:', '      - name: a', '      - nme: b'],
      [inService(11, 'error', 'spec.router.gateway.refs[1].nme: unknown field, did you mean "name"?')],
    ],
    ['a wrong type', [MODEL, 'replicas: "two"'], [inService(7, 'error', 'spec.replicas: must be of type integer: "string"')]],
    [
      'a value that is none of the allowed ones',
      [MODEL, 'kvCacheOffloading: {cpu: 1Gi, evictionPolicy: mru}'],
      [inService(7, 'error', 'spec.kvCacheOffloading.evictionPolicy: Unsupported value: "mru": supported values: "lru", "arc"')],
    ],
    [
      'what the webhooks refuse',
      ['model:', '  uri: hf://a/b', '  lora:', '    adapters:', '      - uri: hf://a/c', '        name: ..'],
      [
        inService(
          11,
          'error',
          'spec.model.lora.adapters[0].name: Invalid value: "..": adapter name must not include "." or ".." (path traversal risk)',
        ),
      ],
    ],
    [
      'a missing model',
      ['router: {route: {}}'],
      [
        inService(
          5,
          'warning',
          'spec.model.uri: cannot be served: no model is given: write where it is, as in hf://Qwen/Qwen2.5-7B-Instruct (hf://, s3://, pvc:// and oci:// are known)',
        ),
      ],
    ],
    [
      'a URI of an unknown scheme',
      ['model:', '  uri: ftp://a/b'],
      [inService(7, 'warning', 'spec.model.uri: cannot be served: nothing here fetches ftp://: hf://, s3://, pvc:// and oci:// are known')],
    ],
    [
      'a URI without a scheme',
      ['model:', '  uri: meta-llama/Llama-3.1-8B'],
      [
        inService(
          7,
          'warning',
          'spec.model.uri: cannot be served: "meta-llama/Llama-3.1-8B" does not say where the model is: write hf://meta-llama/Llama-3.1-8B if it is on Hugging Face (hf://, s3://, pvc:// and oci:// are known)',
        ),
      ],
    ],
  ];
  for (const [title, spec, expected] of services) {
    it(`tells ${title}`, () => expect(validate(serviceText(...spec))).to.deep.equal(expected));
  }

  it('takes what defaulting admission completes for complete (R1.54)', () => {
    const service = serviceText('model:', '  name: mine', 'baseRefs: [{name: model}]', 'router: {scheduler: {config: {ref: {name: picker}}}}');
    const picker = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: picker}\ndata: {epp: ""}\n';
    const refused = validate(`${service}---\n${configText('model', MODEL)}---\n${picker}`).filter((finding) => finding.includes('error'));
    expect(refused).to.deep.equal([]);
    expect(validate(serviceText(MODEL, 'scaling: {wva: {hpa: {}}}')).join()).to.contain('spec.scaling.maxReplicas: Invalid value: 0');
  });

  it('tells a baseRef that leads nowhere, at its line', () => {
    const [finding, ...others] = validate(serviceText(MODEL, 'baseRefs:', '  - name: kserve-config-llm-template', '  - name: missing'));
    expect(others).to.deep.equal([]);
    expect(finding).to.match(
      /^a\.yaml:9: warning: .* spec\.baseRefs\[1\]: cannot be served: LLMInferenceServiceConfig "missing" not found .* name that one with -f, too$/,
    );
  });

  it('finds baseRefs among the files', () => {
    expect(validate(`${serviceText('baseRefs: [{name: model}]')}---\n${configText('model', MODEL)}`)).to.deep.equal([]);
  });

  it('looks into the scheduler configuration wherever it stands (B4.4)', () => {
    const config = (...plugins: string[]) =>
      `{"apiVersion":"llm-d.ai/v1alpha1","kind":"EndpointPickerConfig","plugins":[${plugins.map((t) => `{"type":"${t}"}`)}]}`;
    const configMap = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: picker}\ndata:\n  epp: '${config('queue-score')}'\n`;
    const referring = serviceText(MODEL, 'router: {scheduler: {config: {ref: {name: picker, key: epp}}}}');
    const [finding, ...others] = validate(`${referring}---\n${configMap}`);
    expect(others).to.deep.equal([]);
    expect(finding).to.match(/warning: .*: ConfigMap default\/picker, EndpointPickerConfig\.plugins\[0\]\.type: "queue-score" is no plugin/);
    const stating = serviceText(MODEL, `router: {scheduler: {config: {inline: ${config('queue-scorer', 'queue-scorer')}}}}`);
    expect(validate(stating)).to.have.lengthOf(1);
    expect(validate(stating)[0]).to.contain('spec.router.scheduler.config.inline.plugins[1]: the name "queue-scorer" is taken by plugins[0]');
  });

  it('tells a name that is too long for LeaderWorkerSets, and only for them (B3.18)', () => {
    const name = 'quarterly-financial-reports-with-experts';
    const named = (...spec: string[]) => serviceText(MODEL, ...spec).replace('name: qwen', `name: ${name}`);
    const groups = 'worker: {}, parallelism: {data: 2, dataLocal: 1}';
    expect(validate(named('prefill: {}'))).to.deep.equal([]);
    expect(validate(named(`prefill: {${groups}}`))).to.deep.equal([
      `a.yaml:4: warning: LLMInferenceService/${name}: metadata.name: LeaderWorkerSet ${name}-kserve-mn-prefill has a name of 58 characters, and its pods may not start: their label controller-revision-hash adds to it and must not be longer than 63; create the service anew with a name of at most 32 characters`,
    ]);
    expect(validate(named('replicas: 11', groups.replace(', ', '\n  ')))[0]).to.contain('a name of at most 39 characters');
  });

  it('tells broken metadata', () => {
    const text = serviceText(MODEL).replace('  name: qwen', '  name: Qwen_7B\n  lables: {}\n  labels: {n: "-"}\n  annotations: {a: true}');
    expect(validate(text).map((line) => line.replace('a.yaml:', '').replace('error: LLMInferenceService/Qwen_7B: metadata.', ''))).to.deep.equal([
      '4: name: Invalid value: "Qwen_7B": at most 253 lower case letters, digits, "-" and ".", starting and ending with a letter or digit',
      '5: lables: unknown field, did you mean "labels"?',
      '6: labels[false]: Invalid value: "-": must be at most 63 letters, digits, "-", "_" and ".", starting and ending with a letter or digit',
      '7: annotations[a]: Invalid value: true: must be text: put it in quotes',
    ]);
  });

  it('checks the templates of configs', () => {
    const found = validate(configText('broken', 'template:', '  containers:', '    - name: main', '      args: ["{{ .Spec.Modl.Name }}"]'));
    expect(found).to.have.lengthOf(1);
    expect(found[0]).to.match(
      /^a\.yaml:9: error: LLMInferenceServiceConfig\/broken: spec\.template\.containers\[0\]\.args\[0\]: .*can't evaluate field Modl/,
    );
  });

  it('knows both versions, and no others', () => {
    const old = serviceText('model: {uri: "hf://a/b", criticality: Critical}').replace('v1alpha2', 'v1alpha1');
    expect(validate(old)).to.deep.equal([]);
    expect(validate(old.replace('v1alpha1', 'v1'))).to.deep.equal([
      inService(1, 'error', 'apiVersion: Invalid value: "serving.kserve.io/v1": write serving.kserve.io/v1alpha2'),
    ]);
  });

  it('tells a misspelt kind, and passes over kinds of others', () => {
    const other = 'apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: a}\n';
    expect(validate(`${other}---\n${serviceText(MODEL).replace('Service', 'Services')}`)).to.deep.equal([
      'a.yaml:6: error: LLMInferenceServices/qwen: kind: Invalid value: "LLMInferenceServices": write LLMInferenceService',
    ]);
    expect(() => validate(other)).to.throw('no LLMInferenceService and no LLMInferenceServiceConfig in there');
  });

  it('has nothing to say about the examples', () => {
    expect(
      validateFiles([packagePath('examples')], { presets, settings: packagePath('examples/environment/10-settings.yaml') }).findings,
    ).to.deep.equal([]);
  });
});
