import { expect } from 'chai';
import { defaultOptions } from '../../../api/options.ts';
import { ApiError } from '../../../controllers/runtime/api-error.ts';
import type { AdmissionSources } from '../../../webhook/sources.ts';
import { review, serveWebhooks, settingsWith, type TestServer } from '../../support/webhook-client.ts';

type Version = 'v1alpha1' | 'v1alpha2';
const object = (kind: string, version: Version, spec: object, metadata: object = { name: 'obj', namespace: 'ns' }) => ({
  apiVersion: `serving.kserve.io/${version}`,
  kind,
  metadata,
  spec,
});
const going = { name: 'obj', namespace: 'ns', deletionTimestamp: '2026-01-01T00:00:00Z' };

describe('validation of services by the webhooks', () => {
  let server: TestServer;
  before(async () => {
    server = await serveWebhooks();
  });
  after(() => server.stop());
  async function validate(spec: object, options: { version?: Version; old?: object; metadata?: object } = {}) {
    const { version = 'v1alpha2', old, metadata } = options;
    const subject = {
      object: object('LLMInferenceService', version, spec, metadata),
      ...(old ? { oldObject: object('LLMInferenceService', version, old) } : {}),
    };
    return (await server.post(`/validate-serving-kserve-io-${version}-llminferenceservice`, review(old ? 'UPDATE' : 'CREATE', subject))).json
      .response;
  }

  it('a denial is a complete Status, with a cause per error (R1.48)', async () => {
    const { allowed, status } = await validate({ router: { route: { weight: 1 }, scheduler: { replicas: 0 } } });
    expect(allowed).to.equal(false);
    const required = 'Required value: weight requires group';
    const invalid = 'Invalid value: 0: scheduler replicas must be greater than zero';
    expect(status).to.deep.equal({
      metadata: {},
      status: 'Failure',
      code: 422,
      reason: 'Invalid',
      message: `LLMInferenceService.serving.kserve.io "obj" is invalid: [spec.router.route.group: ${required}, spec.router.scheduler.replicas: ${invalid}]`,
      details: {
        group: 'serving.kserve.io',
        kind: 'LLMInferenceService',
        name: 'obj',
        causes: [
          { reason: 'FieldValueRequired', message: required, field: 'spec.router.route.group' },
          { reason: 'FieldValueInvalid', message: invalid, field: 'spec.router.scheduler.replicas' },
        ],
      },
    });
  });

  it('causes name the kind of error (R1.49)', async () => {
    const keda = { advanced: { horizontalPodAutoscalerConfig: { name: 'x' } } };
    const { status } = await validate({ scaling: { maxReplicas: 2, wva: { keda } }, parallelism: { data: 8, dataLocal: 1 } }, { old: {} });
    expect(status?.details?.causes?.map(({ reason, field }) => `${field}: ${reason}`)).to.deep.equal([
      'spec.scaling.wva.keda.advanced.horizontalPodAutoscalerConfig.name: FieldValueForbidden',
      'spec.parallelism: FieldValueNotSupported',
    ]);
  });

  it('long values are shortened in messages (B20)', async () => {
    const worker = { containers: Array.from({ length: 50 }, (_, i) => ({ name: `container-${i}` })) };
    expect((await validate({ worker })).status?.message.length).to.be.lessThan(500);
  });

  it('warnings come with a denial, too (R1.52)', async () => {
    const gateway = { name: 'g', namespace: 'a' };
    const router = { gateway: { refs: [gateway] }, route: { http: { spec: { parentRefs: [gateway] } } } };
    expect(await validate({ router })).to.deep.include({ allowed: true });
    const denied = await validate({ router: { ...router, scheduler: { replicas: 0 } } });
    expect(denied.allowed).to.equal(false);
    expect(denied.warnings).to.have.lengthOf(1);
    const older = await validate({ router }, { version: 'v1alpha1' });
    expect(older.status?.details?.causes).to.have.lengthOf(1);
    expect(older).not.to.have.property('warnings');
  });

  it('v1alpha1 has no KV-cache and confidential checks (R1.62)', async () => {
    const spec = {
      model: { uri: 'oci://x', confidential: { enabled: true, resourceId: 'wrong' } },
      kvCacheOffloading: { cpu: '0', secondary: [{}] },
    };
    expect((await validate(spec)).status?.details?.causes).to.have.lengthOf(3);
    expect(await validate(spec, { version: 'v1alpha1' })).to.deep.include({ allowed: true });
  });

  it('an update of what is being deleted is allowed unchecked (R1.61), a creation is not', async () => {
    const spec = { router: { scheduler: { replicas: 0 } } };
    expect((await validate(spec, { old: {}, metadata: going })).allowed).to.equal(true);
    expect((await validate(spec, { metadata: going })).allowed).to.equal(false);
  });

  it('a deletion is allowed', async () => {
    for (const version of ['v1alpha1', 'v1alpha2']) {
      const path = `/validate-serving-kserve-io-${version}-llminferenceservice`;
      const oldObject = object('LLMInferenceService', version as Version, { router: { scheduler: { replicas: 0 } } });
      expect((await server.post(path, review('DELETE', { oldObject }))).json.response).to.deep.include({ allowed: true });
    }
  });

  it('wrong types in LoRA adapters are refused, with the field (B6)', async () => {
    const wrong: [unknown, string][] = [
      ['a', 'spec.model.lora.adapters'],
      [['a'], 'spec.model.lora.adapters[0]'],
      [[{ name: 1, uri: 'u' }], 'spec.model.lora.adapters[0].name'],
      [[{ name: 'a', uri: 'u', lora: { adapters: [{ uri: {} }] } }], 'spec.model.lora.adapters[0].lora.adapters[0].uri'],
    ];
    for (const [adapters, field] of wrong) {
      const { allowed, status } = await validate({ model: { uri: 'u', lora: { adapters } } });
      expect(allowed).to.equal(false);
      expect(status).to.include({ code: 400 });
      expect(status?.message).to.contain(`cannot be handled as a LLMInferenceService: ${field}: Invalid value`);
    }
  });

  it('what a typed client could not have sent is refused with code 400, without reason or causes (R1.50)', async () => {
    const wrong: [object, string][] = [
      [{ replicas: 'three' }, 'spec.replicas'],
      [{ replicas: 5_000_000_000 }, 'spec.replicas'],
      [{ labels: { tier: 1 } }, 'spec.labels.tier'],
      [{ kvCacheOffloading: { cpu: 'lots' } }, 'spec.kvCacheOffloading.cpu'],
      [
        { template: { containers: [{ name: 'main', resources: { limits: { memory: '16 GB' } } }] } },
        'spec.template.containers[0].resources.limits.memory',
      ],
      [{ rolloutStrategy: { maxSurge: 1.5 } }, 'spec.rolloutStrategy.maxSurge'],
    ];
    for (const [spec, field] of wrong) {
      const { allowed, status } = await validate(spec);
      expect(allowed, field).to.equal(false);
      expect(status, field).to.include({ code: 400 });
      expect(status, field).to.not.have.any.keys('reason', 'details');
      expect(status?.message).to.contain(`${field}: Invalid value`);
    }
  });

  it('the type of an inline scheduler config is left to the schema (R4.8)', async () => {
    for (const inline of ['kind: EndpointPickerConfig', [{ kind: 'x' }]]) {
      expect((await validate({ router: { scheduler: { config: { inline } } } })).allowed).to.equal(true);
    }
  });

  it('metadata that cannot be read is refused', async () => {
    for (const metadata of [
      'x',
      { name: 7 },
      { name: 'a', annotations: { 'serving.kserve.io/exp-dra-device-class': 1 } },
      { name: 'a', labels: [] },
    ]) {
      expect((await validate({}, { metadata: metadata as object })).status).to.include({ code: 400 });
    }
    for (const metadata of [null, { name: 'a', creationTimestamp: null, annotations: null, labels: null, deletionTimestamp: null }]) {
      expect((await validate({}, { metadata: metadata as unknown as object })).allowed).to.equal(true);
    }
  });

  it('what typed clients send is accepted (R1.54)', async () => {
    const spec = {
      model: { uri: '', lora: { adapters: [] } },
      router: { gateway: null, route: { http: { refs: [], spec: null }, group: null, weight: null }, scheduler: { config: null, replicas: null } },
      replicas: null,
      worker: null,
      prefill: null,
      scaling: {
        minReplicas: 1,
        maxReplicas: 2,
        keda: null,
        wva: { hpa: null, keda: { advanced: { scalingModifiers: {}, restoreToOriginalReplicaCount: true } } },
      },
      rolloutStrategy: { maxUnavailable: null, maxSurge: null },
      template: { containers: null },
    };
    expect(await validate(spec)).to.deep.include({ allowed: true });
  });
});

describe('validation of configs by the webhooks', () => {
  const protectedOptions = { ...defaultOptions, systemNamespace: 'system' };
  let server: TestServer;
  let unprotected: TestServer;
  let settings: AdmissionSources['settings'];
  before(async () => {
    const ask = { settings: () => settings() };
    server = await serveWebhooks({ sources: { ...ask, options: protectedOptions } });
    unprotected = await serveWebhooks({ sources: { ...ask, options: { ...protectedOptions, protectPresets: false } } });
  });
  after(() => Promise.all([server.stop(), unprotected.stop()]));
  beforeEach(() => {
    settings = async () => settingsWith();
  });

  const path = (version: Version): string => `/validate-serving-kserve-io-${version}-llminferenceserviceconfig`;
  async function validate(spec: object, options: { version?: Version; old?: object; metadata?: object; to?: TestServer } = {}) {
    const { version = 'v1alpha2', old, metadata } = options;
    const subject = {
      object: object('LLMInferenceServiceConfig', version, spec, metadata),
      ...(old ? { oldObject: object('LLMInferenceServiceConfig', version, old, metadata) } : {}),
    };
    return (await server.post(path(version), review(old ? 'UPDATE' : 'CREATE', subject))).json.response;
  }

  it('a quantity that cannot be read is refused with code 400, and so is a template in its place (R1.14, R1.50)', async () => {
    for (const memory of ['16 GB', '{{ .Spec.Replicas }}Gi']) {
      const { allowed, status } = await validate({ worker: { containers: [{ name: 'main', resources: { requests: { memory } } }] } });
      expect(allowed).to.equal(false);
      expect(status).to.include({ code: 400 });
      expect(status?.message).to.contain('spec.worker.containers[0].resources.requests.memory: Invalid value');
    }
  });

  for (const version of ['v1alpha1', 'v1alpha2'] as const) {
    describe(`in ${version}`, () => {
      it('field errors come first (R1.73)', async () => {
        settings = () => Promise.reject(new Error('must not be asked'));
        const { status } = await validate(
          { baseRefs: [{ name: 'x' }], router: { scheduler: { replicas: 0 } }, model: { uri: '{{ .NonExisting }}' } },
          { version },
        );
        expect(status).to.include({ code: 422, reason: 'Invalid' });
        expect(status?.details?.causes?.map(({ reason, field }) => `${field}: ${reason}`)).to.deep.equal([
          'spec.baseRefs: FieldValueForbidden',
          'spec.router.scheduler.replicas: FieldValueInvalid',
        ]);
      });

      it('then templates have to render (R1.74, R1.76)', async () => {
        for (const [name, text] of [
          ['{{ .NonExisting }}', "can't evaluate field NonExisting in type struct"],
          ['{{ ChildName .ObjectMeta.Name "-inference-pool" }}', 'unexpected "\\\\" in operand'],
          ['{{ .Spec.Tracing.Sampler }}', 'nil pointer'],
          ['{{ if }}', 'failed to parse template config: '],
        ] as const) {
          const { allowed, status } = await validate({ model: { uri: 'u', name } }, { version });
          expect(allowed, name).to.equal(false);
          expect(status).to.include({ code: 403, reason: 'Forbidden' });
          expect(status?.message).to.contain(text);
        }
        const good = { model: { uri: 'u', name: '{{ ChildName .ObjectMeta.Name `-inference-pool` }}' } };
        expect(await validate(good, { version })).to.deep.include({ allowed: true });
      });

      it('a missing ConfigMap is not found (R1.50)', async () => {
        settings = async () => undefined;
        const { status } = await validate({}, { version });
        expect(status).to.deep.include({ code: 404, reason: 'NotFound', message: 'configmaps "inferenceservice-config" not found' });
      });

      it('an error of the API server is passed on, other errors are internal', async () => {
        settings = () => Promise.reject(new ApiError(429, { kind: 'Status', status: 'Failure', reason: 'TooManyRequests', message: 'slow down' }));
        expect((await validate({}, { version })).status).to.include({ code: 429, reason: 'TooManyRequests', message: 'slow down' });
        settings = () => Promise.reject(new Error('connect ECONNREFUSED'));
        expect((await validate({}, { version })).status).to.include({ code: 500 });
      });

      it('settings that cannot be read are told (R1.100)', async () => {
        settings = async () => settingsWith({ ingress: '{' });
        expect((await validate({}, { version })).status).to.include({ code: 403 });
      });

      it('nothing else is checked, and fragments are fine', async () => {
        for (const spec of [
          {},
          { worker: {} },
          { model: { uri: '' } },
          { router: { route: { weight: 1 } } },
          { router: { scheduler: { config: {} } } },
        ]) {
          expect(await validate(spec, { version }), JSON.stringify(spec)).to.deep.include({ allowed: true });
        }
      });

      it('an update of what is being deleted is allowed unchecked (R1.77)', async () => {
        expect((await validate({ baseRefs: [{ name: 'x' }] }, { version, old: {}, metadata: going })).allowed).to.equal(true);
      });

      it('a change of a well-known config is worth a warning, in any namespace (R1.78)', async () => {
        const metadata = { name: 'kserve-config-llm-template', namespace: 'anywhere' };
        const update = async (old: object, spec: object, given = metadata) => (await validate(spec, { version, old, metadata: given })).warnings;
        expect(await update({ replicas: 1 }, { replicas: 2 })).to.deep.equal([
          'modifying well-known config anywhere/kserve-config-llm-template is not recommended. Consider creating a custom config instead',
        ]);
        expect(await update({ replicas: 1 }, { replicas: 2, baseRefs: [{ name: 'x' }] })).to.have.lengthOf(1);
        expect(await update({ replicas: 1 }, { replicas: 1, labels: { a: 'b' } })).to.equal(undefined);
        expect(await update({ replicas: 1 }, { replicas: 2 }, { ...metadata, name: 'kserve-config-llm-worker-pipeline-parallel' })).to.equal(
          undefined,
        );
        expect(await update({ replicas: 1 }, { replicas: 2 }, { ...metadata, name: 'config-llm-template' })).to.equal(undefined);
      });

      describe('deletion (R1.79)', () => {
        const remove = async (to: TestServer, name: string, namespace: string, request: object = {}) => {
          const oldObject = object('LLMInferenceServiceConfig', version, {}, { name, namespace });
          return (await to.post(path(version), review('DELETE', { oldObject, name, namespace, ...request }))).json.response;
        };
        it('of a well-known config in the system namespace is refused', async () => {
          expect((await remove(server, 'kserve-config-llm-tracing', 'system')).status).to.deep.equal({
            metadata: {},
            status: 'Failure',
            code: 403,
            reason: 'Forbidden',
            message: 'well-known config system/kserve-config-llm-tracing cannot be deleted',
          });
        });
        it('as a part of its collection is refused, too', async () => {
          expect((await remove(server, 'kserve-config-llm-tracing', 'system', { name: '' })).allowed).to.equal(false);
          expect((await remove(server, 'own', 'system', { name: '' })).allowed).to.equal(true);
        });
        it('is only worth a warning without protection', async () => {
          expect(await remove(unprotected, 'kserve-config-llm-tracing', 'system')).to.deep.include({
            allowed: true,
            warnings: ['deleting well-known config system/kserve-config-llm-tracing is not recommended'],
          });
        });
        it('is only worth a warning with the annotation that releases it, and that says true (B29)', async () => {
          for (const [value, allowed] of [
            ['true', true],
            ['false', false],
            ['', false],
          ] as const) {
            const metadata = { name: 'kserve-config-llm-tracing', namespace: 'system', annotations: { 'serving.kserve.io/allow-deletion': value } };
            const oldObject = object('LLMInferenceServiceConfig', version, {}, metadata);
            const { response } = (await server.post(path(version), review('DELETE', { oldObject, ...metadata }))).json;
            expect(response.allowed, value).to.equal(allowed);
            if (allowed) expect(response.warnings?.[0]).to.contain('is not recommended');
          }
        });
        it('of any other config is allowed without a word', async () => {
          for (const [name, namespace] of [
            ['kserve-config-llm-tracing', 'ns'],
            ['own', 'system'],
            ['kserve-config-llm-worker-pipeline-parallel', 'system'],
          ] as const) {
            const response = await remove(server, name, namespace);
            expect(response.allowed).to.equal(true);
            expect(response).not.to.have.property('warnings');
          }
        });
      });
    });
  }

  it('a v1alpha1 config is converted before its templates are rendered (R1.74)', async () => {
    const pool = {
      spec: { selector: { a: '{{ .ObjectMeta.Name }}' }, targetPortNumber: 1, extensionRef: { name: '{{ .Nope }}', failureMode: 'FailOpen' } },
    };
    const { status } = await validate({ model: { uri: 'u', criticality: 'Critical' }, router: { scheduler: { pool } } }, { version: 'v1alpha1' });
    expect(status?.message).to.contain("can't evaluate field Nope");
  });
});
