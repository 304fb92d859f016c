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
      maxLength: 3,
    });
    const kv = fc.record({ cpu: fc.constantFrom('1Gi', '2Gi'), evictionPolicy: fc.constantFrom('lru', 'arc') }, { requiredKeys: ['cpu'] });
    const pool = fc.record(
      {
        selector: fc.record({ matchLabels: fc.dictionary(name, name) }),
        targetPorts: fc.array(fc.record({ number: fc.integer({ min: 1, max: 65535 }) }), { maxLength: 3 }),
        appProtocol: fc.constantFrom('kubernetes.io/h2c', 'custom'),
        endpointPickerRef: fc.record({
          kind: fc.constant('Service'),
          name,
          port: fc.record({ number: fc.integer({ min: 1, max: 65535 }) }),
          failureMode: fc.constantFrom('FailOpen', 'FailClose'),
        }),
      },
      { requiredKeys: ['targetPorts', 'endpointPickerRef'] },
    );
    const hubSpec = fc.record(
      {
        model: fc.record({ uri: name, name, confidential, lora: fc.record({ adapters }) }, { requiredKeys: ['uri'] }),
        kvCacheOffloading: kv,
        replicas: fc.nat(),
        prefill: fc.record({ kvCacheOffloading: kv, replicas: fc.nat() }, { requiredKeys: [] }),
        tracing: fc.constant({}),
        router: fc.record({ scheduler: fc.record({ pool: fc.record({ spec: pool }) }), gateway: fc.constant({}) }, { requiredKeys: [] }),
        futureField: fc.jsonValue(),
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
              lora: fc.record({ adapters: fc.array(fc.record({ name, uri: name, criticality }, { requiredKeys: ['name', 'uri'] })) }),
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
      const wild = fc.record(
        { model: fc.jsonValue(), router: fc.jsonValue(), prefill: fc.jsonValue(), kvCacheOffloading: fc.jsonValue() },
        { requiredKeys: [] },
      );
      fc.assert(
        fc.property(fc.oneof(hubSpec, wild, fc.jsonValue()), fc.constantFrom(HUB, SPOKE), (spec, apiVersion) => {
          const object = make(apiVersion, spec, { 'internal.serving.kserve.io/v1alpha2-only': '{"targetPorts":7}' });
          const before = structuredClone(object);
          convertObject(object, apiVersion === HUB ? SPOKE : HUB);
          expect(object).to.deep.equal(before);
        }),
      );
    });
  });
});
