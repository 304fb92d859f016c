import { expect } from 'chai';
import fc from 'fast-check';
import { convertObject } from '../../../api/convert.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { isRejection } from '../../../api/rejection.ts';

const HUB = 'serving.kserve.io/v1alpha2';
const SPOKE = 'serving.kserve.io/v1alpha1';
const make = (apiVersion: string, spec: unknown, annotations?: Record<string, string>): KubeObject => ({
  apiVersion,
  kind: 'LLMInferenceService',
  metadata: { name: 'svc', namespace: 'ns', ...(annotations ? { annotations } : {}) },
  spec,
});
const convert = (object: KubeObject, desired: string): KubeObject => {
  const converted = convertObject(object, desired);
  if (isRejection(converted)) throw new Error(converted.message);
  return converted;
};
const throughSpoke = (object: KubeObject): KubeObject => convert(convert(object, SPOKE), HUB);
const throughHub = (object: KubeObject): KubeObject => convert(convert(object, HUB), SPOKE);

describe('conversion', () => {
  it('moves criticalities into annotations and back (R1 §11.2)', () => {
    const spoke = make(SPOKE, {
      model: {
        uri: 'hf://a/b',
        criticality: 'Critical',
        lora: {
          adapters: [
            { name: 'x', uri: 'u', criticality: 'Standard' },
            { name: 'y', uri: 'u', criticality: 'Sheddable' },
          ],
        },
      },
    });
    const hub = convert(spoke, HUB);
    expect(hub.metadata.annotations).to.deep.equal({
      'internal.serving.kserve.io/model-criticality': 'Critical',
      'internal.serving.kserve.io/lora-criticalities': '{"0":"Standard","1":"Sheddable"}',
    });
    expect(hub.spec).to.deep.equal({
      model: {
        uri: 'hf://a/b',
        lora: {
          adapters: [
            { name: 'x', uri: 'u' },
            { name: 'y', uri: 'u' },
          ],
        },
      },
    });
    expect(convert(hub, SPOKE)).to.deep.equal(spoke);
  });

  it('keeps annotations it cannot read, and criticalities outside the enum (B2)', () => {
    const annotations = { 'internal.serving.kserve.io/model-criticality': 'Whatever', 'internal.serving.kserve.io/lora-criticalities': '{' };
    expect(convert(make(HUB, { model: { uri: 'u' } }, annotations), SPOKE).metadata.annotations).to.deep.equal(annotations);
  });

  it('converts pool specs with their defaults', () => {
    const spoke = make(SPOKE, {
      router: {
        scheduler: { pool: { spec: { selector: { a: 'b' }, targetPortNumber: 8000, extensionRef: { name: 'epp', failureMode: 'FailOpen' } } } },
      },
    });
    expect(convert(spoke, HUB).spec).to.deep.equal({
      router: {
        scheduler: {
          pool: {
            spec: {
              selector: { matchLabels: { a: 'b' } },
              targetPorts: [{ number: 8000 }],
              endpointPickerRef: { kind: 'Service', name: 'epp', port: { number: 9002 }, failureMode: 'FailOpen' },
            },
          },
        },
      },
    });
  });

  it('drops status fields that the other version lacks', () => {
    const hub = {
      ...make(HUB, {}),
      status: { url: 'http://x', router: {}, workloads: {}, appliedConfigs: [], addresses: [{ url: 'http://x', origin: { name: 'g' }, models: [] }] },
    };
    expect(convert(hub, SPOKE).status).to.deep.equal({ url: 'http://x', addresses: [{ url: 'http://x' }] });
  });

  it('leaves out empty lists of references and adapters, and no empty object (R1 §11.2)', () => {
    const spec = {
      model: { uri: 'u', lora: { adapters: [] } },
      router: { route: { http: { refs: [] } }, gateway: { refs: [] }, ingress: { refs: [] }, scheduler: { tokenizer: {} } },
      tracing: {},
      storageInitializer: {},
    };
    expect(convert(make(SPOKE, spec), HUB).spec).to.deep.equal({
      model: { uri: 'u', lora: {} },
      router: { route: { http: {} }, gateway: {}, ingress: {}, scheduler: { tokenizer: {} } },
      tracing: {},
      storageInitializer: {},
    });
  });

  it('gives an absent picker reference the defaults of the table (R1 §11.2)', () => {
    const pool = (extensionRef?: object) => ({
      router: { scheduler: { pool: { spec: { selector: { a: 'b' }, targetPortNumber: 8000, ...(extensionRef ? { extensionRef } : {}) } } } },
    });
    const pickerOf = (extensionRef?: object): unknown =>
      (
        convert(make(SPOKE, pool(extensionRef)), HUB) as KubeObject & {
          spec: { router: { scheduler: { pool: { spec: { endpointPickerRef: unknown } } } } };
        }
      ).spec.router.scheduler.pool.spec.endpointPickerRef;
    expect(pickerOf()).to.deep.equal({ kind: 'Service', name: '', port: { number: 9002 }, failureMode: 'FailClose' });
    expect(pickerOf({ group: 'g', kind: 'Picker', name: 'p', failureMode: 'FailOpen' })).to.deep.equal({
      group: 'g',
      kind: 'Picker',
      name: 'p',
      failureMode: 'FailOpen',
    });
    expect(pickerOf({ name: 'p', portNumber: 1, failureMode: 'FailOpen' })).to.deep.include({ port: { number: 1 } });
  });

  it('copies what both versions have, status and fields it does not know included', () => {
    const both = {
      spec: {
        replicas: 2,
        future: { a: [1, null] },
        router: { route: { group: 'g', weight: 3 }, gateway: { refs: [{ name: 'g', sectionName: 's' }] } },
      },
      status: {
        url: 'http://x',
        observedGeneration: 3,
        annotations: { 'serving.kserve.io/config-llm-template': 'c' },
        conditions: [{ type: 'Ready', status: 'True' }],
        address: { url: 'http://y' },
        addresses: [{ name: 'n', url: 'http://x', CACerts: 'c', audience: 'a' }],
      },
      other: 1,
    };
    expect(convert({ ...make(HUB, {}), ...both }, SPOKE)).to.deep.equal({ ...make(SPOKE, {}), ...both });
    expect(convert({ ...make(SPOKE, {}), ...both }, HUB)).to.deep.equal({ ...make(HUB, {}), ...both });
  });

  it('converts configs too', () => {
    const config = { ...make(HUB, { model: { uri: '{{ .x }}', confidential: { enabled: true } } }), kind: 'LLMInferenceServiceConfig' };
    const withStatus = { ...config, status: { observedGeneration: 1, referencedBy: [{ name: 'a', namespace: 'b' }] } };
    expect(convert(withStatus, SPOKE).status).to.deep.equal({ observedGeneration: 1 });
    expect(throughSpoke(config)).to.deep.equal(config);
  });

  it('carries on where annotations are there, and removes an empty map', () => {
    expect(convert(make(HUB, {}, {}), SPOKE).metadata).to.deep.equal({ name: 'svc', namespace: 'ns' });
    expect(convert({ apiVersion: HUB, kind: 'LLMInferenceService' } as KubeObject, SPOKE)).to.deep.equal({
      apiVersion: SPOKE,
      kind: 'LLMInferenceService',
      metadata: {},
    });
  });

  it('leaves no criticality annotation in v1alpha1 even when there is no such adapter', () => {
    const annotations = { 'internal.serving.kserve.io/lora-criticalities': '{"3":"Standard"}' };
    expect(convert(make(HUB, { model: { uri: 'u' } }, annotations), SPOKE)).to.deep.equal(make(SPOKE, { model: { uri: 'u' } }));
    expect(convert(make(HUB, {}, annotations), SPOKE)).to.deep.equal(make(SPOKE, {}));
  });

  it('refuses other kinds, other versions and no change of version', () => {
    for (const [object, desired] of [
      [{ ...make(HUB, {}), kind: 'InferenceService' }, SPOKE],
      [make('serving.kserve.io/v1', {}), HUB],
      [make(HUB, {}), HUB],
    ] as const) {
      expect(isRejection(convertObject(object, desired))).to.equal(true);
    }
  });

  describe('of a service that a v1alpha1 client reads and writes back (B1)', () => {
    const rich = {
      model: {
        uri: 'hf://a/b',
        name: 'm',
        confidential: { enabled: true, resourceId: 'kbs:///a/b/c' },
        lora: { adapters: [{ name: 'x', uri: 'u', confidential: { enabled: true } }] },
      },
      kvCacheOffloading: { cpu: '10Gi', evictionPolicy: 'arc' },
      prefill: { replicas: 1, kvCacheOffloading: { cpu: '1Gi' } },
      router: {
        scheduler: {
          pool: {
            spec: {
              selector: { matchLabels: { a: 'b' } },
              targetPorts: [{ number: 8000 }, { number: 8001 }],
              appProtocol: 'kubernetes.io/h2c',
              endpointPickerRef: { kind: 'Service', name: 'e', port: { number: 9002 }, failureMode: 'FailOpen' },
            },
          },
        },
      },
    };

    it('keeps what v1alpha1 has no field for', () => expect(throughSpoke(make(HUB, rich))).to.deep.equal(make(HUB, rich)));

    it('drops what belonged to something the client removed or changed', () => {
      const spoke = convert(make(HUB, rich), SPOKE) as KubeObject & {
        spec: { prefill?: unknown; router: { scheduler: { pool: { spec: { targetPortNumber: number } } } } };
      };
      delete spoke.spec.prefill;
      spoke.spec.router.scheduler.pool.spec.targetPortNumber = 9000;
      const hub = convert(spoke, HUB) as KubeObject & { spec: typeof rich };
      expect(hub.spec).not.to.have.property('prefill');
      expect(hub.spec.router.scheduler.pool.spec.targetPorts).to.deep.equal([{ number: 9000 }]);
      expect(hub.metadata.annotations).to.equal(undefined);
    });

    it('drops what belonged to another model (B1)', () => {
      const spoke = convert(make(HUB, rich), SPOKE) as KubeObject & { spec: { model: { uri: string; lora: { adapters: { uri: string }[] } } } };
      spoke.spec.model.uri = 'hf://other/model';
      spoke.spec.model.lora.adapters[0]!.uri = 'other';
      const hub = convert(spoke, HUB) as KubeObject & { spec: typeof rich };
      expect(hub.spec.model).to.deep.equal({ uri: 'hf://other/model', name: 'm', lora: { adapters: [{ name: 'x', uri: 'other' }] } });
    });

    it('keeps the rest of a pool when one field of it changes', () => {
      const spoke = convert(make(HUB, rich), SPOKE) as KubeObject & {
        spec: { router: { scheduler: { pool: { spec: { extensionRef: { name: string } } } } } };
      };
      spoke.spec.router.scheduler.pool.spec.extensionRef.name = 'other';
      const { spec } = (convert(spoke, HUB) as KubeObject & { spec: typeof rich }).spec.router.scheduler.pool;
      expect(spec.endpointPickerRef.name).to.equal('other');
      expect(spec.targetPorts).to.deep.equal([{ number: 8000 }, { number: 8001 }]);
      expect(spec.appProtocol).to.equal('kubernetes.io/h2c');
    });

    it('does not carry an ordinary pool along', () => {
      const spec = { ...rich.router.scheduler.pool.spec, targetPorts: [{ number: 8000 }], appProtocol: 'http' };
      const spoke = convert(make(HUB, { router: { scheduler: { pool: { spec } } } }), SPOKE);
      expect(spoke.metadata.annotations).to.equal(undefined);
    });

    it('does not believe what a user wrote into its annotation', () => {
      const kept = 'internal.serving.kserve.io/v1alpha2-only';
      const spec = { model: { uri: 'u' } };
      for (const text of [
        '7',
        '[]',
        '{',
        '{"kvCacheOffloading":"much"}',
        '{"model":{"uri":"u","confidential":true}}',
        '{"pool":[]}',
        '{"adapters":3}',
      ]) {
        expect(convert(make(SPOKE, spec, { [kept]: text }), HUB), text).to.deep.equal(make(HUB, spec));
      }
      expect(convert(make(HUB, spec, { [kept]: '{"kvCacheOffloading":{"cpu":"1Gi"}}' }), SPOKE)).to.deep.equal(make(SPOKE, spec));
    });

    it('survives a pool without target ports (B3)', () => {
      const empty = make(HUB, {
        router: {
          scheduler: {
            pool: { spec: { targetPorts: [], endpointPickerRef: { kind: 'Service', name: 'e', port: { number: 1 }, failureMode: 'FailClose' } } },
          },
        },
      });
      expect(throughSpoke(empty)).to.deep.equal(empty);
    });
  });

  describe('of anything', () => {
    const name = fc.string({ minLength: 1, maxLength: 8 });
    const confidential = fc.record({ enabled: fc.boolean(), resourceId: name }, { requiredKeys: ['enabled'] });
    const adapters = fc.uniqueArray(fc.record({ name, uri: name, confidential }, { requiredKeys: ['name', 'uri'] }), {
      selector: (a) => a.name,
      minLength: 1,
      maxLength: 3,
    });
    const kv = fc.record({ cpu: fc.constantFrom('1Gi', '2Gi'), evictionPolicy: fc.constantFrom('lru', 'arc') }, { requiredKeys: ['cpu'] });
    const pool = fc.record(
      {
        selector: fc.record({ matchLabels: fc.dictionary(name, name) }),
        targetPorts: fc.array(fc.record({ number: fc.integer({ min: 1, max: 65535 }) }), { maxLength: 3 }),
        appProtocol: fc.constantFrom('kubernetes.io/h2c', 'custom'),
        future: fc.integer(),
        endpointPickerRef: fc.record(
          {
            kind: fc.constant('Service'),
            name,
            port: fc.record({ number: fc.integer({ min: 1, max: 65535 }) }),
            failureMode: fc.constantFrom('FailOpen', 'FailClose'),
          },
          { requiredKeys: ['name'] },
        ),
      },
      { requiredKeys: ['targetPorts'] },
    );
    const hubSpec = fc.record(
      {
        model: fc.record({ uri: name, name, confidential, lora: fc.record({ adapters }) }, { requiredKeys: ['uri'] }),
        kvCacheOffloading: kv,
        replicas: fc.nat(),
        prefill: fc.record({ kvCacheOffloading: kv, replicas: fc.nat() }, { requiredKeys: [] }),
        tracing: fc.constant({}),
        router: fc.record({ scheduler: fc.record({ pool: fc.record({ spec: pool }) }), gateway: fc.constant({}) }, { requiredKeys: [] }),
        futureField: fc.jsonValue().filter((value) => value !== null),
      },
      { requiredKeys: [] },
    );

    it('loses nothing of a v1alpha2 spec', () =>
      fc.assert(
        fc.property(hubSpec, (spec) => {
          expect(throughSpoke(make(HUB, spec))).to.deep.equal(make(HUB, spec));
        }),
      ));

    it('loses nothing of a v1alpha1 spec and leaves no annotation behind', () => {
      const criticality = fc.constantFrom('Critical', 'Standard', 'Sheddable');
      const spokeSpec = fc.record(
        {
          model: fc.record(
            {
              uri: name,
              criticality,
              lora: fc.record({
                adapters: fc.array(fc.record({ name, uri: name, criticality }, { requiredKeys: ['name', 'uri'] }), { minLength: 1 }),
              }),
            },
            { requiredKeys: ['uri'] },
          ),
          tracing: fc.constant({}),
        },
        { requiredKeys: [] },
      );
      fc.assert(
        fc.property(spokeSpec, (spec) => {
          expect(throughHub(make(SPOKE, spec))).to.deep.equal(make(SPOKE, spec));
        }),
      );
    });

    it('does not change its input, and no input makes it throw', () => {
      const any = fc.jsonValue();
      const wildPool = fc.record(
        { selector: any, targetPorts: any, endpointPickerRef: any, extensionRef: any, targetPortNumber: any },
        { requiredKeys: [] },
      );
      const wild = fc.record(
        {
          model: fc.oneof(any, fc.record({ lora: fc.oneof(any, fc.record({ adapters: any })), confidential: any, criticality: any })),
          router: fc.oneof(any, fc.record({ scheduler: fc.record({ pool: fc.oneof(any, fc.record({ spec: fc.oneof(any, wildPool) })) }) })),
          prefill: any,
          kvCacheOffloading: any,
        },
        { requiredKeys: [] },
      );
      fc.assert(
        fc.property(fc.oneof(hubSpec, wild, fc.jsonValue()), fc.constantFrom(HUB, SPOKE), (spec, apiVersion) => {
          const object = make(apiVersion, spec, { 'internal.serving.kserve.io/v1alpha2-only': '{"targetPorts":7}' });
          const before = structuredClone(object);
          expect(isRejection(convertObject(object, apiVersion === HUB ? SPOKE : HUB))).to.equal(false);
          expect(object).to.deep.equal(before);
        }),
      );
    });
  });
});
