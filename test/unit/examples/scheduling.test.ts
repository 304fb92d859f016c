import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Deployment, KubeObject } from '../../../api/kubernetes.ts';
import { checkPickerConfig } from '../../../api/picker-config/check.ts';
import { pickerVersion } from '../../../api/picker-config/version.ts';
import { packagePath } from '../../../cli/package-files.ts';
import { renderFiles } from '../../../cli/render.ts';
import { serviceText, withFiles } from '../cli/manifest-text.ts';

const settings = packagePath('examples/environment/10-settings.yaml');
const options = { presets: packagePath('presets'), settings, namespace: 'models' };
const withoutTls = readFileSync(settings, 'utf8').replace('"enableLLMInferenceServiceTLS": true', '"enableLLMInferenceServiceTLS": false');
const files = readdirSync(packagePath('examples')).filter((name) => name.endsWith('.yaml'));

interface Picker {
  readonly config: Readonly<Record<string, unknown>>;
  readonly version: string | undefined;
  readonly containers: readonly string[];
}

/** The endpoint pickers among rendered objects, and what they are configured with. */
function pickersIn(objects: readonly KubeObject[]): readonly Picker[] {
  return objects
    .filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name?.endsWith('-kserve-router-scheduler'))
    .map((object) => {
      const { metadata, spec } = (object as unknown as Deployment).spec!.template;
      const args = spec?.containers.find(({ name }) => name === 'main')?.args ?? [];
      const config = parse(args[args.indexOf('--config-text') + 1] ?? '') as Picker['config'];
      const version = metadata?.annotations?.['app.kubernetes.io/version'];
      return { config, version, containers: spec?.containers.map(({ name }) => name) ?? [] };
    });
}

function expectSound(objects: readonly KubeObject[]): void {
  const pickers = pickersIn(objects);
  expect(pickers).not.to.have.length(0);
  for (const { config, version } of pickers) expect(checkPickerConfig(config, pickerVersion(version))).to.deep.equal([]);
}

describe('the EndpointPickerConfig of an example', () => {
  for (const file of files) {
    it(`${file} is one that the picker starts with`, () => expectSound(renderFiles([packagePath(`examples/${file}`)], options)));
    it(`${file} still is without TLS`, () =>
      withFiles({ 'settings.yaml': withoutTls }, (directory) =>
        expectSound(renderFiles([packagePath(`examples/${file}`)], { ...options, settings: `${directory}/settings.yaml` })),
      ));
  }
});

describe('the EndpointPickerConfig of a preset', () => {
  const scheduler = 'router: {route: {}, gateway: {}, scheduler: {}}';
  const config = (plugins: string): string =>
    `router: {scheduler: {config: {inline: {apiVersion: llm-d.ai/v1alpha1, kind: EndpointPickerConfig, plugins: [${plugins}]}}}}`;
  const model = 'model: {uri: "hf://a/b"}';
  const shapes: [string, string[]][] = [
    ['one pod per replica', [model, scheduler]],
    ['adapters', ['model: {uri: "hf://a/b", lora: {adapters: [{name: c, uri: "hf://a/c"}]}}', scheduler]],
    ['data parallelism', [model, scheduler, 'parallelism: {data: 2, dataLocal: 1}', 'worker: {containers: []}']],
    ['prefill and decode', [model, scheduler, 'prefill: {}']],
    [
      'prefill and decode with data parallelism',
      [
        model,
        scheduler,
        'parallelism: {data: 2, dataLocal: 1}',
        'worker: {containers: []}',
        'prefill: {parallelism: {data: 2, dataLocal: 1}, worker: {containers: []}}',
      ],
    ],
    ['tracing', [model, scheduler, 'tracing: {exporterEndpoint: "http://otel:4317"}']],
    ['a tokenizer', [model, 'router: {scheduler: {tokenizer: {}}}']],
    ['a token producer', [model, config('{type: token-producer}, {type: queue-scorer}')]],
    [
      'the precise scorer of old',
      [model, config('{type: precise-prefix-cache-scorer, parameters: {indexerConfig: {tokenProcessorConfig: {blockSize: 64}}}}')],
    ],
    ['a latency predictor', [model, config('{type: predicted-latency-producer}, {type: latency-scorer}')]],
    ['several pickers', [model, 'router: {scheduler: {replicas: 3}}']],
  ];
  for (const [what, spec] of shapes) {
    it(`for ${what} is one that the picker starts with`, () =>
      withFiles({ 'a.yaml': serviceText(...spec) }, (directory) => expectSound(renderFiles([directory], options))));
  }
});

describe('the examples of scheduling', () => {
  const picker = (file: string): Picker => pickersIn(renderFiles([packagePath(`examples/${file}`)], options))[0]!;
  const types = ({ config }: Picker): string[] => (config.plugins as { type: string }[]).map(({ type }) => type);

  it('turn flow control on where they configure it', () => {
    for (const file of ['flow-control.yaml', 'saturation-detection.yaml']) {
      const { config } = picker(file);
      expect(config.featureGates, file).to.deep.equal(['flowControl']);
      expect(config.flowControl, file).to.have.nested.property('saturationDetector.pluginRef');
    }
  });

  it('give every stage of disaggregation a profile', () => {
    const { config } = picker('encode-prefill-decode.yaml');
    expect((config.schedulingProfiles as { name: string }[]).map(({ name }) => name)).to.deep.equal(['encode', 'prefill', 'decode']);
  });

  it('have the encode pods in the pool of the service that schedules', () => {
    const objects = renderFiles([packagePath('examples/encode-prefill-decode.yaml')], options);
    const pool = objects.find(({ kind }) => kind === 'InferencePool')?.spec as { selector: { matchLabels: Record<string, string> } } | undefined;
    const encode = objects.find(({ metadata }) => metadata.name === 'photo-search-encode-kserve') as unknown as Deployment;
    expect(encode.spec?.template.metadata?.labels).to.include({ ...pool?.selector.matchLabels, 'llm-d.ai/role': 'encode' });
  });

  it('bring the tokenizer and the predictors along that their plugins need', () => {
    const objects = renderFiles([packagePath('examples/precise-prefix-cache.yaml')], options);
    expect(objects.map(({ metadata }) => metadata.name)).to.include('code-agents-tokenizer');
    const producer = (picker('precise-prefix-cache.yaml').config.plugins as { type: string; parameters?: object }[]).find(
      ({ type }) => type === 'token-producer',
    );
    expect(producer?.parameters).to.have.nested.property('vllm.url', 'https://code-agents-tokenizer.models.svc.cluster.local:8000');
    expect(picker('latency-aware.yaml').containers).to.deep.equal(['main', 'training-server', 'prediction-server']);
  });

  it('take the configuration from the ConfigMap', () => {
    expect(types(picker('scheduler-config-map.yaml'))).to.include('load-aware-scorer');
  });
});
