import { expect } from 'chai';
import { applyDefaults } from '../../../api/default.ts';
import { defaultOptions } from '../../../api/options.ts';
import type { LLMInferenceService } from '../../../api/types.ts';
import { type Assembled, assemble } from '../../../assemble/assemble.ts';
import { pinPresets } from '../../../assemble/preset-names.ts';
import { ask } from '../../support/answers.ts';
import { preset, presetFiles } from '../presets/preset-files.ts';
import { accepted, config, refusal, service, settings } from './fixtures.ts';

const presets = presetFiles.map((file) => {
  const stored = preset(file.replace('.yaml', ''));
  return { ...stored, metadata: { ...stored.metadata, namespace: 'kserve' } };
});

function prepared(given: LLMInferenceService): LLMInferenceService {
  const annotations = { ...pinPresets(given.status?.annotations, defaultOptions) };
  return applyDefaults({ ...given, status: { ...given.status, annotations } });
}
const run = (given: LLMInferenceService, objects: object[] = []) =>
  ask(assemble(prepared(given), settings({ enableLLMInferenceServiceTLS: true }), defaultOptions), [...objects, ...presets]);
const good = (given: LLMInferenceService, objects: object[] = []): Assembled => accepted(run(given, objects));
const names = ({ appliedConfigs }: Assembled): string[] =>
  appliedConfigs.map(({ source, namespace, name }) => `${source}:${namespace}/${name.replace('kserve-config-llm-', '')}`);
const script = ({ spec }: Assembled): string => spec.template?.containers?.find(({ name }) => name === 'main')?.command?.[2] ?? '';

const model = { uri: 'hf://org/model' };

describe('assembling a service', () => {
  it('of two lines', () => {
    const assembled = good(service({ model }));
    expect(names(assembled)).to.deep.equal(['Preset:kserve/template']);
    expect(assembled).to.deep.include({ modelName: 'test-llm', adapters: [], events: [] });
    expect(assembled).not.to.have.property('schedulerConfigMap');
    expect(script(assembled)).to.include('\ntest-llm\n').and.include('--shutdown-timeout 40').and.not.include('--tensor-parallel-size');
    expect(assembled.spec.annotations).to.deep.equal({ 'serving.kserve.io/model-based-routing-enabled': 'true' });
    expect(JSON.stringify(assembled.spec)).not.to.include('{{');
  });

  it('with two shared configurations and settings of its own', () => {
    const shared = [
      config('cluster-defaults', {
        replicas: 1,
        router: { route: {}, gateway: {}, scheduler: { template: { containers: [{ name: 'main', resources: { requests: { cpu: '250m' } } }] } } },
        annotations: { 'example.com/cost-centre': 'shared' },
        template: {
          priorityClassName: 'inference-low',
          containers: [
            {
              name: 'main',
              image: 'vllm:1',
              env: [
                { name: 'VLLM_LOGGING_LEVEL', value: 'DEBUG' },
                { name: 'HF_HUB_OFFLINE', value: '1' },
              ],
            },
          ],
          volumes: [{ name: 'scratch', emptyDir: {} }],
        },
      }),
      config('production', {
        replicas: 3,
        annotations: { 'example.com/cost-centre': 'production' },
        template: {
          priorityClassName: 'inference-high',
          containers: [{ name: 'main', env: [{ name: 'VLLM_LOGGING_LEVEL', value: 'WARNING' }], resources: { limits: { 'nvidia.com/gpu': '2' } } }],
        },
      }),
    ];
    const assembled = good(
      service({
        baseRefs: [{ name: 'cluster-defaults' }, { name: 'production' }],
        model: { ...model, name: 'granite' },
        replicas: 5,
        template: {
          containers: [{ name: 'main', env: [{ name: 'HF_HUB_OFFLINE', value: '0' }], resources: { limits: { cpu: '12' } } }],
          volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '50Gi' } }],
        },
      }),
      shared,
    );
    expect(names(assembled)).to.deep.equal([
      'Preset:kserve/scheduler',
      'Preset:kserve/router-route',
      'Preset:kserve/template',
      'UserRef:ns/cluster-defaults',
      'UserRef:ns/production',
    ]);
    const { spec } = assembled;
    const main = spec.template?.containers?.[0];
    expect(spec.replicas).to.equal(5);
    expect(spec.template?.priorityClassName).to.equal('inference-high');
    expect(spec.annotations).to.deep.equal({ 'serving.kserve.io/model-based-routing-enabled': 'true', 'example.com/cost-centre': 'production' });
    expect(main?.image).to.equal('vllm:1');
    expect(main?.env).to.deep.equal([
      { name: 'HOME', value: '/home' },
      { name: 'VLLM_LOGGING_LEVEL', value: 'WARNING' },
      { name: 'HF_HUB_OFFLINE', value: '0' },
      { name: 'HF_HUB_CACHE', value: '/models' },
    ]);
    expect(main?.resources?.limits).to.deep.equal({ 'nvidia.com/gpu': '2', cpu: '12' });
    expect(spec.template?.volumes?.[0]).to.deep.equal({ name: 'scratch', emptyDir: { sizeLimit: '50Gi' } });
    expect(spec.router?.scheduler?.template).to.include({ serviceAccountName: 'test-llm-epp-sa' });
    expect(spec.router?.scheduler?.pool?.spec?.endpointPickerRef?.port).to.deep.equal({ number: 9002 });
    expect(script(assembled)).to.include('\ngranite\n');
  });

  const shapes: [string, object, string[]][] = [
    ['prefill and decode', { prefill: {} }, ['prefill-template', 'decode-template']],
    ['data parallel', { worker: {}, parallelism: { data: 8, dataLocal: 4 } }, ['worker-data-parallel']],
    [
      'prefill and decode, data parallel',
      { worker: {}, parallelism: { data: 2, dataLocal: 1 }, prefill: { worker: {}, parallelism: { data: 2, dataLocal: 1 } } },
      ['prefill-worker-data-parallel', 'decode-worker-data-parallel'],
    ],
    ['a tokenizer', { router: { scheduler: { tokenizer: {} } } }, ['scheduler', 'tokenizer', 'template']],
    ['tracing', { tracing: { samplerArg: '1' } }, ['tracing', 'template']],
  ];
  for (const [what, spec, expected] of shapes) {
    it(`with ${what}`, () => {
      const assembled = good(service({ model, ...spec }));
      expect(names(assembled)).to.deep.equal(expected.map((name) => `Preset:kserve/${name}`));
      expect(JSON.stringify(assembled.spec)).not.to.include('{{');
    });
  }

  it('overrides single fields of tracing', () =>
    expect(good(service({ model, tracing: { samplerArg: '1' } })).spec.tracing).to.deep.equal({
      exporterEndpoint: 'http://otel-collector:4317',
      sampler: 'parentbased_traceidratio',
      samplerArg: '1',
      exporter: 'otlp',
    }));

  it('puts latency prediction beside the picker', () => {
    const scheduler = { config: { inline: { plugins: [{ type: 'predicted-latency-producer' }] } } };
    const { template } = good(service({ model, router: { scheduler } })).spec.router?.scheduler ?? {};
    expect(template?.containers?.map(({ name }) => name)).to.deep.equal(['main', 'training-server', 'prediction-server']);
    expect(template?.containers?.[0]?.env?.map(({ name }) => name).at(-1)).to.equal('SSL_CERT_DIR');
    expect(template?.volumes?.at(-1)?.name).to.equal('tls-certs');
  });

  it('changes neither the service nor the presets', () => {
    const given = prepared(
      service({ model, router: { scheduler: {}, route: {} }, prefill: {} }, { annotations: { 'serving.kserve.io/exp-dra-device-class': 'x' } }),
    );
    const before = structuredClone([given, presets]);
    accepted(ask(assemble(given, settings(), defaultOptions), presets));
    expect([given, presets]).to.deep.equal(before);
  });
});

describe('looking configs up (R2.17 - R2.19)', () => {
  it('a config in the service namespace hides the one in the system namespace', () => {
    const assembled = good(service({ model }), [config('kserve-config-llm-template', { template: { containers: [{ name: 'own' }] } })]);
    expect(names(assembled)).to.deep.equal(['Preset:ns/template']);
    expect(assembled.spec.template?.containers).to.deep.equal([{ name: 'own' }]);
  });

  it('a baseRef may be shared from the system namespace, and one that is being deleted counts', () => {
    const shared = config('shared', { replicas: 7 }, 'kserve');
    const deleted = { ...shared, metadata: { ...shared.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    const assembled = good(service({ model, baseRefs: [{ name: 'shared' }] }), [deleted]);
    expect(assembled.spec.replicas).to.equal(7);
    expect(names(assembled)).to.deep.equal(['Preset:kserve/template', 'UserRef:kserve/shared']);
  });

  it('a preset that is also a baseRef appears twice', () =>
    expect(names(good(service({ model, baseRefs: [{ name: 'kserve-config-llm-template' }] })))).to.deep.equal([
      'Preset:kserve/template',
      'UserRef:kserve/template',
    ]));

  it('pinned names are used', () => {
    const status = { annotations: { 'serving.kserve.io/config-llm-template': 'old-config-llm-template' } };
    expect(names(good(service({ model }, { status }), [config('old-config-llm-template', {}, 'kserve')]))).to.deep.equal([
      'Preset:kserve/old-config-llm-template',
    ]);
  });

  it('a missing baseRef ends it for good, with the names that would do', () => {
    const result = run(service({ model, baseRefs: [{ name: 'gone' }] }), [config('mine', {})]);
    expect(result).to.include({ reason: 'ConfigNotFound', retry: false });
    expect(refusal(result)).to.match(
      /^LLMInferenceServiceConfig "gone" not found in namespaces \[ns kserve\]; configs there: .*kserve-config-llm-.*, mine$/,
    );
  });

  it('a pipeline-parallel preset is one that an administrator provides (R2.24)', () => {
    const pipeline = service({ model, worker: {}, parallelism: { pipeline: 2 } });
    expect(refusal(run(pipeline))).to.include('; no preset for pipeline parallelism is shipped: create a config of this name; configs there: ');
    const own = config('kserve-config-llm-worker-pipeline-parallel', { template: { containers: [{ name: 'main' }] } }, 'kserve');
    expect(names(good(pipeline, [own]))).to.deep.equal(['Preset:kserve/worker-pipeline-parallel']);
  });

  it('a missing preset too', () => {
    const result = run(service({ model, worker: {}, parallelism: { pipeline: 2 } }));
    expect(refusal(result)).to.include('LLMInferenceServiceConfig "kserve-config-llm-worker-pipeline-parallel" not found in namespaces [ns kserve]');
  });
});

describe('the model name (R2.22)', () => {
  const named = config('named', { model: { uri: 'hf://base/model', name: 'from-base' } });
  const baseRefs = [{ name: 'named' }];

  it('of a baseRef replaces the default', () => {
    const assembled = good(service({ baseRefs }), [named]);
    expect(assembled.modelName).to.equal('from-base');
    expect(script(assembled)).to.include('\nfrom-base\n');
  });
  it('of a baseRef replaces a name that equals the service name', () =>
    expect(good(service({ model: { uri: '', name: 'test-llm' }, baseRefs }), [named]).modelName).to.equal('from-base'));
  it('of the service wins over that of a baseRef', () => {
    const assembled = good(service({ model: { uri: '', name: 'own' }, baseRefs }), [named]);
    expect(assembled.modelName).to.equal('own');
    expect(script(assembled)).to.include('\nown\n');
  });
  it('of the last baseRef wins', () =>
    expect(
      good(service({ baseRefs: [...baseRefs, { name: 'second' }] }), [named, config('second', { model: { uri: '', name: 'second' } })]).modelName,
    ).to.equal('second'));
  it('is not lost when the uri comes from a baseRef', () =>
    expect(good(service({ baseRefs }), [named]).spec.model).to.deep.equal({ uri: 'hf://base/model', name: 'from-base' }));
});

describe('what baseRefs turn on (R2.21)', () => {
  it('router and prefill of a baseRef bring their presets', () => {
    const base = config('base', { router: { scheduler: {}, route: {} }, prefill: {} });
    expect(names(good(service({ model, baseRefs: [{ name: 'base' }] }), [base]))).to.deep.equal([
      'Preset:kserve/scheduler',
      'Preset:kserve/router-route',
      'Preset:kserve/prefill-template',
      'Preset:kserve/decode-template',
      'UserRef:ns/base',
    ]);
  });

  it('templates see what only a baseRef states', () => {
    const base = config('base', {
      worker: {},
      parallelism: { data: 8, dataLocal: 4, tensor: 2 },
      template: { terminationGracePeriodSeconds: 120 },
      kvCacheOffloading: { cpu: '1Gi' },
    });
    const assembled = good(service({ model, baseRefs: [{ name: 'base' }] }), [base]);
    expect(script(assembled))
      .to.include('--data-parallel-size 8')
      .and.include('--tensor-parallel-size 2')
      .and.include('--shutdown-timeout 100')
      .and.include('1073741824');
  });

  it('the inline scheduler config of the service decides, not that of a baseRef', () => {
    const inline = (type: string): object => ({ router: { scheduler: { config: { inline: { plugins: [{ type }] } } } } });
    const base = config('base', inline('predicted-latency-producer'));
    const baseRefs = [{ name: 'base' }];
    expect(names(good(service({ model, baseRefs, ...inline('token-producer') }), [base])))
      .to.include('Preset:kserve/tokenizer')
      .and.not.include('Preset:kserve/scheduler-latency-predictor');
    expect(names(good(service({ model, baseRefs }), [base]))).to.include('Preset:kserve/scheduler-latency-predictor');
  });

  it('a scheduler config reference of a baseRef is resolved, and an inline one of the service replaces it', () => {
    const base = config('base', { router: { scheduler: { config: { ref: { name: 'c', key: '' } } } } });
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'ns' }, data: { epp: 'kind: X' } };
    const baseRefs = [{ name: 'base' }];
    const assembled = good(service({ model, baseRefs }), [base, configMap]);
    expect(assembled.spec.router?.scheduler?.config).to.deep.equal({ inline: 'kind: X' });
    expect(assembled.schedulerConfigMap).to.deep.equal({ namespace: 'ns', name: 'c' });
    const inline = { kind: 'Y' };
    expect(good(service({ model, baseRefs, router: { scheduler: { config: { inline } } } }), [base]).spec.router?.scheduler?.config).to.deep.equal({
      inline,
    });
  });
});

describe('a scheduler configuration in a ConfigMap', () => {
  const configMap = (type: string, name = 'c', namespace = 'ns'): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data: { epp: `plugins: [{type: ${type}}]` },
  });
  const byRef = (name = 'c'): object => ({ router: { scheduler: { config: { ref: { name, key: '' } } } } });

  for (const type of ['token-producer', 'precise-prefix-cache-scorer']) {
    it(`brings the tokenizer that its ${type} needs (B4.18)`, () => {
      const assembled = good(service({ model, ...byRef() }), [configMap(type)]);
      expect(names(assembled)).to.deep.equal(['Preset:kserve/scheduler', 'Preset:kserve/tokenizer', 'Preset:kserve/template']);
      expect(assembled.spec.router?.scheduler?.tokenizer?.template?.containers?.map(({ name }) => name)).to.deep.equal(['main']);
    });
  }

  it('counts where a baseRef refers to it, and where it is shared from the system namespace', () => {
    const base = config('base', byRef('config-scheduler-shared'));
    const shared = configMap('token-producer', 'config-scheduler-shared', 'kserve');
    expect(names(good(service({ model, baseRefs: [{ name: 'base' }] }), [base, shared]))).to.include('Preset:kserve/tokenizer');
  });

  it('of the service counts, not an inline one of a baseRef', () => {
    const base = config('base', { router: { scheduler: { config: { inline: { plugins: [{ type: 'token-producer' }] } } } } });
    expect(names(good(service({ model, baseRefs: [{ name: 'base' }], ...byRef() }), [base, configMap('queue-scorer')]))).not.to.include(
      'Preset:kserve/tokenizer',
    );
  });

  it('brings no latency predictor, and says so (R2.84, R4.81)', () => {
    const assembled = good(service({ model, ...byRef() }), [configMap('predicted-latency-producer')]);
    expect(names(assembled)).to.deep.equal(['Preset:kserve/scheduler', 'Preset:kserve/template']);
    expect(assembled.events.map(({ type, reason }) => `${type} ${reason}`)).to.deep.equal(['Warning LatencyPredictorConfigRef']);
  });

  it('that is missing is told after everything else was found', () => {
    expect(run(service({ model, ...byRef() }))).to.include({ reason: 'SchedulerConfigNotFound' });
    expect(run(service({ model, ...byRef(), baseRefs: [{ name: 'gone' }] }))).to.include({ reason: 'ConfigNotFound' });
  });
});

describe('what ends an assembly (R2.93)', () => {
  it('a template that cannot be rendered', () => {
    const result = run(service({ model, template: { containers: [{ name: 'main', env: [{ name: 'OOPS', value: '{{ .Spec.NoSuchField }}' }] }] } }));
    expect(result).to.include({ reason: 'CombineBaseError', retry: false });
    expect(refusal(result)).to.match(
      /^failed to merge config: .*can't evaluate field NoSuchField in type v1alpha2\.LLMInferenceServiceSpec.*from service\)$/,
    );
  });
  it('layers that cannot be merged', () =>
    expect(refusal(run(service({ model, template: { containers: [{ image: 'x' }] } })))).to.match(
      /^failed to merge specs: service: spec\.template\.containers\[0\]/,
    ));
  it('adapters that cannot be served', () =>
    expect(run(service({ model: { ...model, lora: { adapters: [{ name: 'a', uri: 'oci://x/y' }] } } }))).to.include({ reason: 'CombineBaseError' }));
});
