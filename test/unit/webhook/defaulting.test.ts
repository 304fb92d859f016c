import { expect } from 'chai';
import fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import type { ConfigMap } from '../../../api/kubernetes.ts';
import type { LocalModelCache } from '../../../api/local-model.ts';
import { KindNotServedError } from '../../../controllers/runtime/api-error.ts';
import type { AdmissionSources } from '../../../webhook/sources.ts';
import { review, serveWebhooks, settingsWith, type TestServer } from '../../support/webhook-client.ts';

type Version = 'v1alpha1' | 'v1alpha2';
interface Service {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; labels?: Record<string, string> | null; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
  status?: object;
}

const GROUP = 'serving.kserve.io/routing-group';
const LABEL = 'internal.serving.kserve.io/localmodel';
const CRITICALITIES = 'internal.serving.kserve.io/lora-criticalities';
const enabled = { localModel: JSON.stringify({ enabled: true, jobNamespace: 'x' }) };
const cache: LocalModelCache = { metadata: { name: 'qwen' }, spec: { sourceModelUri: 'hf://org/qwen', nodeGroups: ['gpu1'] } };
const service = (spec?: object, metadata: object = { name: 'svc', namespace: 'ns' }): Service => ({
  metadata,
  ...(spec ? { spec: spec as Record<string, unknown> } : {}),
});

describe('defaulting of services', () => {
  let server: TestServer;
  let settings: AdmissionSources['settings'];
  let localModelCaches: AdmissionSources['localModelCaches'];
  before(async () => {
    server = await serveWebhooks({
      sources: { settings: () => settings(), localModelCaches: (namespace) => localModelCaches(namespace) },
    });
  });
  after(() => server.stop());
  beforeEach(() => {
    settings = async () => settingsWith() as ConfigMap;
    localModelCaches = async () => [];
  });

  /** The object as it is after the patch, and what the answer says besides. */
  async function mutate(object: Service, options: { version?: Version; old?: Service; operation?: string } = {}) {
    const { version = 'v1alpha2', old, operation = old ? 'UPDATE' : 'CREATE' } = options;
    const complete = (given: Service | undefined): Service | null =>
      given ? { apiVersion: `serving.kserve.io/${version}`, kind: 'LLMInferenceService', ...given } : null;
    const sent = complete(object);
    const path = `/mutate-serving-kserve-io-${version}-llminferenceservice`;
    const { response } = (await server.post(path, review(operation, { object: sent, oldObject: complete(old) }))).json;
    const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString() || '[]') as jsonPatch.Operation[];
    return { ...response, patch, object: jsonPatch.applyPatch(structuredClone(sent ?? {}), patch, true).newDocument as Service };
  }

  it('completes the parts of the KV cache that v1alpha2 requires', async () => {
    const spec = {
      model: { uri: 'u', name: 'm', confidential: { resourceId: 'kbs:///a/b/c' } },
      kvCacheOffloading: { secondary: [{ fileSystem: { emptyDir: {} } }, { fileSystem: { pvc: { ref: {} } } }] },
    };
    expect((await mutate(service(spec))).object.spec).to.deep.equal({
      model: { uri: 'u', name: 'm', confidential: { enabled: false, resourceId: 'kbs:///a/b/c' } },
      kvCacheOffloading: { cpu: '0', secondary: [{ fileSystem: { emptyDir: { size: '0' } } }, { fileSystem: { pvc: { ref: { name: '' } } } }] },
    });
  });

  it('completes a pool spec of v1alpha1 as its way through v1alpha2 does (R1.58)', async () => {
    const pool = { spec: { targetPortNumber: 8000, selector: { app: 'x' }, extensionRef: { name: 'picker' } } };
    const spec = { model: { uri: 'u', name: 'm' }, router: { scheduler: { pool } } };
    const { object } = await mutate(service(spec), { version: 'v1alpha1' });
    const extensionRef = { kind: 'Service', name: 'picker', portNumber: 9002, failureMode: 'FailClose' };
    expect(object.spec?.router).to.deep.equal({ scheduler: { pool: { spec: { targetPortNumber: 8000, selector: { app: 'x' }, extensionRef } } } });
    expect((await mutate(object, { version: 'v1alpha1' })).patch).to.deep.equal([]);
  });

  for (const version of ['v1alpha1', 'v1alpha2'] as const) {
    describe(`in ${version}`, () => {
      it('names the model after the service', async () => {
        for (const model of [{ uri: 'hf://a/b' }, { uri: 'hf://a/b', name: '' }, { uri: 'hf://a/b', name: null }]) {
          expect((await mutate(service({ model }), { version })).object.spec?.model).to.deep.equal({ uri: 'hf://a/b', name: 'svc' });
        }
        expect((await mutate(service({ model: { uri: 'u', name: 'own' } }), { version })).patch).to.deep.equal([]);
      });

      it('makes a model with an empty URI where there is none', async () => {
        expect((await mutate(service({ baseRefs: [{ name: 'b' }] }), { version })).object.spec?.model).to.deep.equal({ uri: '', name: 'svc' });
        expect((await mutate(service(), { version })).object.spec?.model).to.deep.equal({ uri: '', name: 'svc' });
      });

      it('writes what typed clients write even when it is empty (R1.54, R2.38)', async () => {
        const spec = {
          model: { name: 'm', lora: { adapters: [{ name: 'a' }] } },
          scaling: { wva: { keda: { fallback: {}, advanced: { restoreToOriginalReplicaCount: true } } } },
          prefill: { scaling: { keda: { triggers: [{ authenticationRef: {} }] } } },
          router: { scheduler: { config: { ref: { name: 'picker' } } } },
        };
        expect((await mutate(service(spec), { version })).object.spec).to.deep.equal({
          model: { name: 'm', uri: '', lora: { adapters: [{ name: 'a', uri: '' }] } },
          scaling: {
            maxReplicas: 0,
            wva: {
              keda: { fallback: { failureThreshold: 0, replicas: 0 }, advanced: { restoreToOriginalReplicaCount: true, scalingModifiers: {} } },
            },
          },
          prefill: { scaling: { maxReplicas: 0, keda: { triggers: [{ type: '', authenticationRef: { name: '' } }] } } },
          router: { scheduler: { config: { ref: { name: 'picker', key: '' } } } },
        });
      });

      it('leaves what is missing in types of other projects to the schema', async () => {
        const spec = {
          model: { uri: 'u', name: 'm' },
          template: { containers: [{ image: 'x', env: [{ value: 'v' }] }] },
          router: { gateway: { refs: [{}] }, route: { http: { spec: { parentRefs: [{}] } } } },
        };
        expect((await mutate(service(spec), { version })).patch).to.deep.equal([]);
      });

      it('writes no empty name for a service that is still to be named (B23)', async () => {
        const metadata = { generateName: 'svc-', namespace: 'ns' };
        expect((await mutate(service({ model: { uri: 'u' } }, metadata), { version })).patch).to.deep.equal([]);
        expect((await mutate(service({}, metadata), { version })).object.spec).to.deep.equal({ model: { uri: '' } });
      });

      it('labels the routing group, and takes off the label of none', async () => {
        const spec = { model: { uri: 'u', name: 'm' }, router: { route: { group: 'g', weight: 1 } } };
        expect((await mutate(service(spec), { version })).object.metadata?.labels).to.deep.equal({ [GROUP]: 'g' });
        const labels = { [GROUP]: 'mine', other: 'x' };
        expect((await mutate(service(spec, { name: 'svc', labels }), { version })).object.metadata?.labels).to.deep.equal({
          [GROUP]: 'g',
          other: 'x',
        });
        expect((await mutate(service({ model: spec.model }, { name: 'svc', labels }), { version })).object.metadata?.labels).to.deep.equal({
          other: 'x',
        });
        expect((await mutate(service(spec, { name: 'svc', labels: null }), { version })).object.metadata?.labels).to.deep.equal({ [GROUP]: 'g' });
      });

      it('gives five pod templates a list of containers, not the tokenizer’s', async () => {
        const pods = { template: {}, worker: { containers: null } };
        const spec = { model: { uri: 'u', name: 'm' }, ...pods, prefill: pods, router: { scheduler: { template: {}, tokenizer: { template: {} } } } };
        const filled = { template: { containers: [] }, worker: { containers: [] } };
        expect((await mutate(service(spec), { version })).object.spec).to.deep.equal({
          model: spec.model,
          ...filled,
          prefill: filled,
          router: { scheduler: { template: { containers: [] }, tokenizer: { template: {} } } },
        });
      });

      it('marks a service whose model is in a local cache', async () => {
        settings = async () => settingsWith(enabled) as ConfigMap;
        localModelCaches = async (namespace) => (namespace === 'ns' ? [cache] : []);
        const { object } = await mutate(service({ model: { uri: 'hf://org/qwen/', name: 'm' } }), { version });
        expect(object.metadata).to.deep.equal({
          name: 'svc',
          namespace: 'ns',
          labels: { [LABEL]: 'qwen' },
          annotations: {
            'internal.serving.kserve.io/localmodel-sourceuri': 'hf://org/qwen',
            'internal.serving.kserve.io/localmodel-pvc-name': 'qwen-gpu1',
          },
        });
      });

      it('leaves alone what is being deleted, and has nothing to do for a deletion (B22)', async () => {
        settings = () => Promise.reject(new Error('must not be asked'));
        const going = service({ template: {} }, { name: 'svc', deletionTimestamp: '2026-01-01T00:00:00Z' });
        expect(await mutate(going, { version, old: going })).to.deep.include({ allowed: true, patch: [] });
        expect(await mutate(service(), { version, operation: 'DELETE' })).to.deep.include({ allowed: true, patch: [] });
      });

      it('a second time changes nothing', async () => {
        const first = await mutate(service({ template: {}, router: { route: { group: 'g', weight: 1 } } }), { version });
        expect((await mutate(first.object, { version, old: first.object })).patch).to.deep.equal([]);
      });
    });
  }

  it('keeps criticalities and complete pools of v1alpha1 as they are (R1.58)', async () => {
    const extensionRef = { kind: 'Service', name: 'e', portNumber: 9002, failureMode: 'FailOpen' };
    const spec = {
      model: { uri: 'u', name: 'm', criticality: 'Critical', lora: { adapters: [{ name: 'a', uri: 'v', criticality: 'Sheddable' }] } },
      router: { scheduler: { pool: { spec: { selector: { a: 'b' }, targetPortNumber: 1, extensionRef } } } },
    };
    expect((await mutate(service(spec), { version: 'v1alpha1' })).patch).to.deep.equal([]);
  });

  it('touches nothing else, whatever is there (R1.53)', async () => {
    const key = fc.string({ minLength: 1, maxLength: 6 }).filter((name) => name !== '__proto__');
    const object = fc.record({
      metadata: fc.record({
        name: fc.constant('svc'),
        labels: fc.dictionary(key, key),
        annotations: fc.dictionary(key, key),
        future: fc.jsonValue(),
      }),
      spec: fc.record({
        future: fc.jsonValue(),
        replicas: fc.nat(),
        labels: fc.dictionary(key, key),
        template: fc.record({ future: fc.jsonValue() }),
      }),
      status: fc.constant({}),
      future: fc.jsonValue(),
    });
    await fc.assert(
      fc.asyncProperty(object, async (given) => {
        const { patch } = await mutate(given as unknown as Service);
        expect(patch.map(({ op, path }) => `${op} ${path}`).sort()).to.deep.equal(['add /spec/model', 'add /spec/template/containers']);
      }),
      { numRuns: 50 },
    );
  });

  it('accepts what typed clients send (R1.54)', async () => {
    const given = {
      metadata: { name: 'svc', creationTimestamp: null, labels: null, annotations: null },
      spec: {
        model: { uri: '', lora: { adapters: [] } },
        template: { containers: null },
        baseRefs: [],
        scaling: { maxReplicas: 2, wva: { keda: { advanced: { scalingModifiers: {} } } } },
      },
      status: {},
    };
    const { allowed, object } = await mutate(given as unknown as Service);
    expect(allowed).to.equal(true);
    expect(object.spec).to.deep.include({ model: { uri: '', name: 'svc', lora: { adapters: [] } }, template: { containers: [] } });
  });

  describe('without a look at local models (B22)', () => {
    const marked = service({ model: { uri: 'hf://org/qwen', name: 'm' } }, { name: 'svc', labels: { [LABEL]: 'qwen' } });
    const causes: [string, Partial<AdmissionSources>, string][] = [
      ['the ConfigMap is missing', { settings: async () => undefined }, 'configmaps "inferenceservice-config" not found'],
      ['the ConfigMap cannot be read', { settings: () => Promise.reject(new Error('connect ECONNREFUSED')) }, 'ECONNREFUSED'],
      ['its JSON is broken', { settings: async () => settingsWith({ localModel: '{' }) as ConfigMap }, 'JSON'],
      ['caches cannot be listed', { localModelCaches: () => Promise.reject(new KindNotServedError({ apiVersion: 'v1', kind: 'X' })) }, 'no matches'],
    ];
    for (const [what, sources, text] of causes) {
      it(`warns when ${what}, defaults the rest, and leaves the marks as they are`, async () => {
        settings = sources.settings ?? (async () => settingsWith(enabled) as ConfigMap);
        localModelCaches = sources.localModelCaches ?? localModelCaches;
        const { allowed, warnings, object } = await mutate({ ...marked, spec: { ...marked.spec, template: {} } });
        expect(allowed).to.equal(true);
        expect(warnings?.join()).to.contain(text);
        expect(object.metadata?.labels).to.deep.equal({ [LABEL]: 'qwen' });
        expect(object.spec?.template).to.deep.equal({ containers: [] });
      });
    }

    for (const data of [{}, { localModel: '{"enabled":false}' }, { localModel: 'null' }]) {
      it(`takes the marks off where local models are off: ${JSON.stringify(data)}`, async () => {
        settings = async () => settingsWith(data) as ConfigMap;
        localModelCaches = () => Promise.reject(new Error('must not be asked'));
        const { warnings, object } = await mutate(marked);
        expect(warnings).to.equal(undefined);
        expect(object.metadata?.labels).to.deep.equal({});
      });
    }
  });

  describe('asks for local models only where they matter', () => {
    const model = { uri: 'hf://org/qwen', name: 'm' };
    const named = { name: 'svc', namespace: 'ns' };
    const changes: [string, Service, Service | undefined, boolean][] = [
      ['a new service', service({ model }), undefined, true],
      ['another model', service({ model }), service({ model: { ...model, uri: 'hf://org/other' } }), true],
      ['another annotation', service({ model }, { ...named, annotations: { a: 'b' } }), service({ model }), true],
      ['a finalizer', service({ model }, { ...named, finalizers: ['a/b'] }), service({ model }), false],
      ['the probe of an effective spec (R2.90)', service({ model }, { generateName: 'svc-validation-', namespace: 'ns' }), undefined, false],
      ['a service that opts out', service({ model }, { ...named, annotations: { 'serving.kserve.io/disable-localmodel': '' } }), undefined, false],
      ['a model that a config names', service({ baseRefs: [{ name: 'a' }] }), undefined, false],
    ];
    for (const [what, object, old, asks] of changes) {
      it(`${asks ? '' : 'not '}for ${what}`, async () => {
        let asked = false;
        settings = async () => settingsWith(enabled) as ConfigMap;
        localModelCaches = async () => {
          asked = true;
          return [];
        };
        await mutate(object, old ? { old } : {});
        expect(asked).to.equal(asks);
      });
    }
  });

  it('moves criticalities along with their adapters on update (B2)', async () => {
    const withAdapters = (names: readonly string[]): Service =>
      service(
        { model: { uri: 'u', name: 'm', lora: { adapters: names.map((name) => ({ name, uri: 'v' })) } } },
        { name: 'svc', annotations: { [CRITICALITIES]: '{"1":"Critical"}' } },
      );
    const { object } = await mutate(withAdapters(['b', 'a']), { old: withAdapters(['a', 'b']) });
    expect(object.metadata?.annotations).to.deep.equal({ [CRITICALITIES]: '{"0":"Critical"}' });
  });
});
