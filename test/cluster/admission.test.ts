import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { pathOf } from '../../controllers/runtime/client.ts';
import { namespace } from '../support/cluster.ts';
import { inVersion, openWebhookSite, refusalOf, type Stored, type Version, type WebhookSite } from '../support/webhook-site.ts';

const MODEL = { uri: 'hf://Qwen/Qwen2.5-7B-Instruct' };

/** Kind, version and spec of what is refused; code; causes; part of the message after the prefix. */
const refusals: [string, Kind, Version, object, number, string[], string][] = [
  [
    'an empty scheduler',
    kinds.service,
    'v1alpha2',
    { model: MODEL, router: { scheduler: { replicas: 0 } } },
    422,
    ['spec.router.scheduler.replicas: FieldValueInvalid'],
    '"refused" is invalid: spec.router.scheduler.replicas: Invalid value: 0: scheduler replicas must be greater than zero',
  ],
  [
    'a worker alone',
    kinds.service,
    'v1alpha1',
    { model: MODEL, worker: {} },
    422,
    ['spec.worker: FieldValueInvalid'],
    '"refused" is invalid: spec.worker: Invalid value: {"containers":[]}: when worker is specified',
  ],
  [
    'tiers that are incomplete',
    kinds.service,
    'v1alpha2',
    { model: MODEL, kvCacheOffloading: { cpu: '8Gi', secondary: [{}, { fileSystem: { pvc: {} } }, { fileSystem: { pvc: { ref: { name: '' } } } }] } },
    422,
    [
      'spec.kvCacheOffloading.secondary[0].fileSystem: FieldValueRequired',
      'spec.kvCacheOffloading.secondary[1].fileSystem.pvc: FieldValueRequired',
      'spec.kvCacheOffloading.secondary[2].fileSystem.pvc.ref.name: FieldValueRequired',
    ],
    '"refused" is invalid: [spec.kvCacheOffloading.secondary[0].fileSystem: Required value',
  ],
  [
    'actuators that differ',
    kinds.service,
    'v1alpha2',
    { model: MODEL, scaling: { maxReplicas: 3, wva: { hpa: {} } }, prefill: { scaling: { maxReplicas: 3, wva: { keda: {} } } } },
    422,
    ['spec.prefill.scaling.wva: FieldValueInvalid'],
    'decode uses hpa but prefill uses keda',
  ],
  ['adapters that are no list', kinds.service, 'v1alpha2', { model: { ...MODEL, lora: { adapters: 'a' } } }, 400, [], 'spec.model.lora.adapters'],
  ['replicas in words', kinds.service, 'v1alpha1', { model: MODEL, replicas: 'three' }, 400, [], 'spec.replicas: Invalid value'],
  [
    'a size that is no quantity',
    kinds.service,
    'v1alpha2',
    { model: MODEL, template: { containers: [{ name: 'main', resources: { limits: { memory: '16 GB' } } }] } },
    400,
    [],
    'spec.template.containers[0].resources.limits.memory: Invalid value: "16 GB"',
  ],
  [
    'a config with baseRefs',
    kinds.config,
    'v1alpha2',
    { baseRefs: [{ name: 'other' }] },
    422,
    ['spec.baseRefs: FieldValueForbidden'],
    '"refused" is invalid: spec.baseRefs: Forbidden: baseRefs is not a permitted field',
  ],
  [
    'a config with an unknown field in a template',
    kinds.config,
    'v1alpha2',
    { model: { ...MODEL, name: '{{ .NonExisting }}' } },
    403,
    [],
    "can't evaluate field NonExisting in type struct",
  ],
  [
    'a v1alpha1 config with a broken template',
    kinds.config,
    'v1alpha1',
    { model: { ...MODEL, name: '{{ ChildName .ObjectMeta.Name "-x" }}' } },
    403,
    [],
    'unexpected "\\\\" in operand',
  ],
];

describe('admission by the API server', function () {
  this.timeout(60_000);
  let site: WebhookSite;
  before(async () => {
    site = await openWebhookSite('admission');
  });
  after(() => site?.close());

  for (const [what, kind, version, spec, code, causes, text] of refusals) {
    it(`refuses ${what} in ${version}, in the name of its webhook (R1.51)`, async () => {
      const error = await refusalOf(site.create(site.object(kind, version, 'refused', spec)));
      const webhook = `${kind.kind.toLowerCase()}.kserve-webhook-server.${version}.validator`;
      if (code !== 400) expect(error.message).to.match(new RegExp(`^admission webhook "${webhook}" denied the request: `));
      expect(error.message).to.contain(text);
      expect(error.code).to.equal(code);
      expect(error.reason).to.equal({ 422: 'Invalid', 403: 'Forbidden' }[code] ?? '');
      expect(error.causes.map(({ field, reason }) => `${field}: ${reason}`)).to.deep.equal(causes);
    });
  }

  it('stores what typed clients send (R1.54)', async () => {
    const typed = {
      apiVersion: 'serving.kserve.io/v1alpha2',
      kind: 'LLMInferenceService',
      metadata: { name: 'typed', namespace: site.namespace, creationTimestamp: null },
      spec: {
        model: { uri: '', lora: { adapters: [] } },
        template: { containers: null },
        scaling: { maxReplicas: 3, wva: { keda: { advanced: { scalingModifiers: {}, restoreToOriginalReplicaCount: true } } } },
        baseRefs: [{ name: 'elsewhere' }],
      },
      status: {},
    } as unknown as Stored;
    const stored = await site.create(typed);
    expect(stored.spec.model).to.deep.equal({ uri: '', name: 'typed', lora: { adapters: [] } });
    expect(stored.spec.template).to.deep.equal({ containers: [] });
    expect(stored.spec.scaling).to.deep.include({ minReplicas: 1 });
  });

  for (const version of ['v1alpha1', 'v1alpha2'] as const) {
    it(`defaults what is created and updated in ${version}`, async () => {
      site.useCaches([{ metadata: { name: 'qwen' }, spec: { sourceModelUri: MODEL.uri, nodeGroups: ['gpu'] } }]);
      const name = `defaulted-${version}`;
      const router = { route: { group: 'prices', weight: 1 }, scheduler: { template: {} } };
      const stored = await site.create(site.service(name, { model: MODEL, worker: {}, parallelism: { pipeline: 2 }, router }, version));
      expect(stored.spec.model).to.deep.include({ name });
      expect(stored.spec.worker).to.deep.equal({ containers: [] });
      expect(stored.spec.router).to.deep.include({ scheduler: { template: { containers: [] } } });
      expect(stored.metadata.labels).to.deep.equal({
        'serving.kserve.io/routing-group': 'prices',
        'internal.serving.kserve.io/localmodel': 'qwen',
      });
      site.useCaches([]);
      const updated = await site.client.patch<Stored>(inVersion(kinds.service, version), site.namespace, name, { spec: { router: { route: null } } });
      expect(updated.metadata.labels ?? {}).to.deep.equal({});
      expect(updated.metadata.annotations ?? {}).to.deep.equal({});
    });
  }

  it('creates a service without spec (R1.3)', async () => {
    const { spec: _, ...given } = site.service('empty', {});
    expect((await site.create(given as Stored)).spec).to.deep.equal({ model: { uri: '', name: 'empty' } });
  });

  it('answers a dry run with a generated name, and stores nothing (R1.55)', async () => {
    const given = { ...site.service('', { model: MODEL, template: {} }), metadata: { generateName: 'probe-', namespace: site.namespace } };
    const result = await site.client.create<KubeObject>(given, { dryRun: true });
    expect(result.metadata.name).to.match(/^probe-.+/);
    expect(result.spec).to.deep.equal({ model: MODEL, template: { containers: [] } });
    const { items } = await site.client.list(kinds.service, { namespace: site.namespace });
    expect(items.filter(({ metadata }) => metadata.name?.startsWith('probe-'))).to.deep.equal([]);
  });

  it('names the model of a service with a generated name on its first update (B23)', async () => {
    const stored = await site.client.create<KubeObject>({
      ...site.service('', { model: MODEL }),
      metadata: { generateName: 'generated-', namespace: site.namespace },
    });
    const { name = '' } = stored.metadata;
    const updated = await site.client.patch<Stored>(kinds.service, site.namespace, name, { metadata: { annotations: { touched: 'yes' } } });
    expect(updated.spec.model).to.deep.equal({ ...MODEL, name });
  });

  it('keeps the number of pods of a replica (R1.67)', async () => {
    const parallelism = { data: 2, dataLocal: 1 };
    await site.create(site.service('sized', { model: MODEL, worker: {}, parallelism }));
    const error = await refusalOf(site.client.patch(kinds.service, site.namespace, 'sized', { spec: { parallelism: { data: 4 } } }));
    expect(error.message).to.contain('total parallelism size is immutable, previous size 2, curr size 4');
    expect(error.causes.map(({ field, reason }) => `${field}: ${reason}`)).to.deep.equal(['spec.parallelism: FieldValueNotSupported']);
    await site.client.patch(kinds.service, site.namespace, 'sized', { spec: { parallelism: { tensor: 8 } } });
  });

  it('lets pass whatever happens to a service that is being deleted (R1.61)', async () => {
    await site.create({
      ...site.service('going', { model: MODEL }),
      metadata: { name: 'going', namespace: site.namespace, finalizers: ['example.com/hold'] },
    });
    await site.client.delete(kinds.service, site.namespace, 'going');
    await site.client.patch(kinds.service, site.namespace, 'going', {
      spec: { parallelism: { pipeline: 4 }, router: { scheduler: { replicas: 0 } } },
    });
    await site.client.patch(kinds.service, site.namespace, 'going', { metadata: { finalizers: null } });
    expect(await site.client.get(kinds.service, site.namespace, 'going')).to.equal(undefined);
  });

  it('protects well-known configs of the system namespace, each by itself and in their collection (R1.79)', async () => {
    const { systemNamespace } = site;
    const name = 'kserve-config-llm-tracing';
    for (const version of ['v1alpha1', 'v1alpha2'] as const) {
      const kind = inVersion(kinds.config, version);
      const text = `denied the request: well-known config kserve/${name} cannot be deleted`;
      const single = await refusalOf(site.client.delete(kind, systemNamespace, name));
      expect(single.code).to.equal(403);
      expect(single.message).to.contain(text);
      const query = { fieldSelector: `metadata.name=${name}` };
      const collection = await refusalOf(site.client.request({ method: 'DELETE', path: pathOf(kind, systemNamespace), query }));
      expect(collection.message).to.contain(text);
    }
    await site.create(site.object(kinds.config, 'v1alpha2', name, { replicas: 1 }));
    await site.client.delete(kinds.config, site.namespace, name);
    await site.client.patch(kinds.config, systemNamespace, name, { metadata: { annotations: { 'serving.kserve.io/allow-deletion': 'true' } } });
    await site.client.delete(kinds.config, systemNamespace, name, { dryRun: true });
    await site.client.patch(kinds.config, systemNamespace, name, { metadata: { annotations: null } });
  });

  it('cleans up both kinds through both versions, as test suites do (R1.45)', async () => {
    const own = await namespace('collected');
    for (const kind of [kinds.service, kinds.config]) {
      for (const version of ['v1alpha1', 'v1alpha2'] as const) {
        await site.create({ ...site.object(kind, 'v1alpha2', 'one', { model: { ...MODEL } }), metadata: { name: 'one', namespace: own } });
        await site.client.request({ method: 'DELETE', path: pathOf(inVersion(kind, version), own) });
        expect((await site.client.list(kind, { namespace: own })).items).to.deep.equal([]);
      }
    }
  });

  it('writes of the status go without webhooks (R1.43)', async () => {
    await site.create(site.service('status', { model: MODEL }));
    const before = site.asked.length;
    await site.client.patch(kinds.service, site.namespace, 'status', { status: { url: 'http://x' } }, { subresource: 'status' });
    await site.client.patch(
      inVersion(kinds.service, 'v1alpha1'),
      site.namespace,
      'status',
      { status: { url: 'http://y' } },
      { subresource: 'status' },
    );
    expect(site.asked.length).to.equal(before);
    await site.client.patch(kinds.service, site.namespace, 'status', { metadata: { labels: { a: 'b' } } });
    expect(site.asked.slice(before)).to.deep.equal([
      '/mutate-serving-kserve-io-v1alpha2-llminferenceservice',
      '/validate-serving-kserve-io-v1alpha2-llminferenceservice',
    ]);
  });

  it('refuses writes while nobody answers, but no writes of the status, and goes on afterwards (R1.43)', async () => {
    await site.create(site.service('outage', { model: MODEL }));
    await site.withoutServer(async () => {
      const error = await refusalOf(site.client.patch(kinds.service, site.namespace, 'outage', { spec: { replicas: 2 } }));
      expect(error.message).to.contain('failed calling webhook');
      await site.client.patch(kinds.service, site.namespace, 'outage', { status: { url: 'http://x' } }, { subresource: 'status' });
    });
    await site.client.patch(kinds.service, site.namespace, 'outage', { spec: { replicas: 2 } });
  });

  it('serves many writers at once', async () => {
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const [name, version] = [`many-${i}`, i % 2 ? 'v1alpha1' : 'v1alpha2'] as const;
        await site.create(site.service(name, { model: MODEL }, version));
        const error = await refusalOf(site.client.patch(inVersion(kinds.service, version), site.namespace, name, { spec: { worker: {} } }));
        expect(error.causes.map(({ field }) => field)).to.deep.equal(['spec.worker']);
      }),
    );
  });
});
