import { expect } from 'chai';
import type { Deployment } from '../../../../api/kubernetes.ts';
import type { SchedulerSpec } from '../../../../api/types.ts';
import { tokenizerEnabled } from '../../../../assemble/scheduler-config.ts';
import { readYaml } from '../../../../render/scheduler/config-yaml.ts';
import { configOf, containerOf, contextOf, objectOf, pickerOf, presetScheduler, settings, stageOf, stagesOf, withTLS } from './fixture.ts';

const labels = { 'app.kubernetes.io/component': 'tokenizer', 'app.kubernetes.io/name': 'demo', 'app.kubernetes.io/part-of': 'llminferenceservice' };
const template = { containers: [{ name: 'main', image: 'vllm-cpu' }] };
const withTokenizer = (scheduler: SchedulerSpec = {}): SchedulerSpec => presetScheduler({}, { tokenizer: { template }, ...scheduler });
const tokenizerOf = (stages: ReturnType<typeof stagesOf>) => objectOf(stages, 'Deployment', 'demo-tokenizer') as unknown as Deployment;

describe('the tokenizer (R4.73, R4.74)', () => {
  it('is one pod with the model where the picker asks for it', () => {
    const deployment = tokenizerOf(stagesOf(contextOf({ router: { scheduler: withTokenizer() } })));
    expect(deployment.metadata?.labels).to.deep.equal(labels);
    expect(deployment.spec?.replicas).to.equal(1);
    expect(deployment.spec).to.not.have.property('strategy');
    expect(deployment.spec?.selector.matchLabels).to.deep.equal(labels);
    expect(deployment.spec?.template.metadata).to.deep.equal({ labels });
    const pod = deployment.spec?.template.spec;
    expect(pod).to.not.have.property('serviceAccountName');
    expect(containerOf(deployment).volumeMounts).to.deep.equal([
      { name: 'kserve-provision-location', mountPath: '/mnt/models/base', readOnly: true },
    ]);
    expect(pod?.initContainers?.[0]?.args).to.deep.equal(['hf://Qwen/Qwen2.5-7B-Instruct', '/mnt/models']);
    expect(pod?.initContainers?.[0]?.volumeMounts).to.deep.equal([{ name: 'kserve-provision-location', mountPath: '/mnt/models' }]);
  });

  it('has a Service with one port', () => {
    const service = objectOf(stagesOf(contextOf({ router: { scheduler: withTokenizer() } })), 'Service', 'demo-tokenizer');
    expect(service.metadata.labels).to.deep.equal(labels);
    expect(service.spec).to.deep.equal({
      selector: labels,
      ports: [{ name: 'render-http', port: 8000, targetPort: 'render-http', protocol: 'TCP' }],
    });
  });

  it('does not load adapters', () => {
    const adapters = [{ name: 'a', uri: 'hf://x/a', scheme: 'hf' as const, mountPath: '/mnt/lora/a' }];
    const deployment = tokenizerOf(stagesOf(contextOf({ router: { scheduler: withTokenizer() } }, { adapters })));
    expect(deployment.spec?.template.spec?.initContainers?.[0]?.args).to.have.length(2);
    expect(containerOf(deployment)).to.not.have.property('args');
  });

  it('of a model on a volume mounts the volume', () => {
    const deployment = tokenizerOf(stagesOf(contextOf({ model: { uri: 'pvc://claim/dir/model' }, router: { scheduler: withTokenizer() } })));
    expect(containerOf(deployment).volumeMounts).to.deep.equal([
      { name: 'kserve-pvc-source', mountPath: '/mnt/models/base', subPath: 'dir/model', readOnly: true },
    ]);
  });

  it('that cannot have its model ends the pass before the picker (R4.4)', () => {
    const stages = stagesOf(contextOf({ model: { uri: 'oci://registry/model' }, router: { scheduler: withTokenizer() } }));
    expect(stages.at(-1)?.name).to.equal('tokenizer');
    expect(stages.at(-1)?.rejection?.message).to.equal('failed to attach model artifacts to tokenizer deployment: OCI modelcars is not enabled');
  });

  it('that is only to be deleted is not built: an OCI model is no error (R4.73)', () => {
    const stages = stagesOf(contextOf({ model: { uri: 'oci://registry/model' }, router: { scheduler: presetScheduler() } }));
    expect(stages.filter(({ rejection }) => rejection !== undefined)).to.deep.equal([]);
    expect(stageOf(stages, 'tokenizer').absent).to.have.length(2);
  });
});

describe('when there is a tokenizer (R4.70, R4.77)', () => {
  const inline = (...plugins: object[]): SchedulerSpec => ({ config: { inline: { kind: 'EndpointPickerConfig', plugins } } });
  const producer = (parameters: object) => inline({ type: 'token-producer', parameters });
  const cases: [string, SchedulerSpec, boolean][] = [
    ['the field alone', { tokenizer: { template } }, true],
    ['a token producer', inline({ type: 'token-producer' }), true],
    ['a token producer by its old name (B4.17)', inline({ type: 'tokenizer' }), true],
    ['a token producer that names the tokenizer', producer({ vllm: { url: 'http://demo-tokenizer.ml.svc.cluster.local:8000' } }), true],
    ['the precise scorer of old', inline({ type: 'precise-prefix-cache-scorer' }), true],
    ['a precise producer alone', inline({ type: 'precise-prefix-cache-producer' }), false],
    ['a token producer that estimates (B4.17)', producer({ estimate: {} }), false],
    ['a token producer with a socket (B4.17)', producer({ udsTokenizerConfig: {} }), false],
    ['a token producer that asks somebody else (B4.17)', producer({ vllm: { url: 'http://render.shared.svc:8000' } }), false],
    ['a text that cannot be read', { config: { inline: 'plugins: [' } }, false],
  ];
  for (const [title, scheduler, expected] of cases) {
    it(`${title}: ${expected ? 'yes' : 'no'}`, () => {
      const context = contextOf({ router: { scheduler: presetScheduler({}, scheduler) } });
      expect(tokenizerEnabled(context.spec)).to.equal(expected);
      if (!expected) expect(stageOf(stagesOf(context), 'tokenizer').absent).to.have.length(2);
    });
  }

  it('the picker learns its address (R4.56, R4.76)', () => {
    const scheduler = withTokenizer(inline({ type: 'token-producer' }));
    const urlUnder = (overrides: object) => {
      const [producer] = configOf(pickerOf(stagesOf(contextOf({ router: { scheduler } }, overrides)))).plugins;
      return (producer?.parameters as { vllm: { url: string } } | undefined)?.vllm.url;
    };
    expect(urlUnder({ settings })).to.equal('http://demo-tokenizer.ml.svc.cluster.local:8000');
    expect(urlUnder({ settings: withTLS })).to.equal('https://demo-tokenizer.ml.svc.cluster.local:8000');
  });

  it('the scorer of old is taken apart, from the template as well (R4.57)', () => {
    const text = 'kind: EndpointPickerConfig\nplugins: [{type: precise-prefix-cache-scorer}]';
    const stages = stagesOf(contextOf({ router: { scheduler: presetScheduler({ args: ['--config-text', text] }, { tokenizer: { template } }) } }));
    expect(configOf(pickerOf(stages)).plugins.map(({ type }) => type)).to.deep.equal([
      'token-producer',
      'precise-prefix-cache-producer',
      'prefix-cache-scorer',
    ]);
  });
});

describe('a tokenizer container in the pod of the picker (R4.65)', () => {
  const inline = {
    kind: 'EndpointPickerConfig',
    plugins: [
      {
        type: 'precise-prefix-cache-scorer',
        parameters: { indexerConfig: { tokenProcessorConfig: { blockSize: 64 }, tokenizersPoolConfig: { modelName: 'x' } } },
      },
      { type: 'prefix-cache-scorer', parameters: { blockSize: 16 } },
    ],
  };
  const scheduler = (version: string): SchedulerSpec => {
    const preset = presetScheduler({}, { annotations: { 'app.kubernetes.io/version': version }, config: { inline }, tokenizer: { template } });
    return { ...preset, template: { ...preset.template, containers: [...(preset.template?.containers ?? []), { name: 'tokenizer' }] } };
  };

  it('gets the model, and a config that knows its socket', () => {
    const deployment = pickerOf(stagesOf(contextOf({ router: { scheduler: scheduler('0.6.0') } })));
    expect(containerOf(deployment, 'tokenizer').volumeMounts).to.deep.equal([
      { name: 'kserve-provision-location', mountPath: '/mnt/models/base', readOnly: true },
    ]);
    expect(containerOf(deployment)).to.not.have.property('volumeMounts');
    expect(deployment.spec?.template.spec?.initContainers?.[0]?.env?.map(({ name }) => name)).to.include('STORAGE_ALLOW_PATTERNS');
    expect(configOf(deployment).plugins).to.deep.equal([
      {
        type: 'precise-prefix-cache-scorer',
        parameters: {
          tokenProcessorConfig: { blockSize: 64 },
          indexerConfig: {
            tokenProcessorConfig: { blockSize: 64 },
            tokenizersPoolConfig: { modelName: 'base', uds: { socketFile: '/tmp/tokenizer/tokenizer-uds.socket' } },
          },
        },
      },
      { type: 'prefix-cache-scorer', parameters: { blockSize: 16, blockSizeTokens: 16 } },
    ]);
  });

  it('leaves no trace in the config of newer pickers', () => {
    const main = containerOf(pickerOf(stagesOf(contextOf({ router: { scheduler: scheduler('0.10.0') } }))));
    const { plugins } = readYaml(main.args?.[1] ?? '') as { plugins: object[] };
    expect(plugins).to.deep.equal([
      { type: 'token-producer', parameters: { modelName: '/mnt/models/base', vllm: { url: 'http://demo-tokenizer.ml.svc.cluster.local:8000' } } },
      { type: 'precise-prefix-cache-producer', parameters: { tokenProcessorConfig: { blockSize: 64 } } },
      { type: 'prefix-cache-scorer', parameters: { prefixMatchInfoProducerName: 'precise-prefix-cache-producer' } },
    ]);
  });
});
