import { expect } from 'chai';
import { errorBody } from '../../../../api/field-error.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec } from '../../../../api/types.ts';
import { validateService } from '../../../../api/validate/service.ts';
import { NAME, refusedServices } from '../../../support/refused-services.ts';

const service = (spec: LLMInferenceServiceSpec, annotations?: Record<string, string>): LLMInferenceService => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: { name: 'svc', namespace: 'ns', ...(annotations ? { annotations } : {}) },
  spec,
});
const check = (spec: LLMInferenceServiceSpec, version: 'v1alpha1' | 'v1alpha2' = 'v1alpha2') => {
  const { errors, warnings } = validateService(service(spec), undefined, version);
  return { errors: errors.map((e) => `${e.field}: ${errorBody(e)}`), warnings };
};
const types = (spec: LLMInferenceServiceSpec) => validateService(service(spec), undefined, 'v1alpha2').errors.map((e) => `${e.type} ${e.field}`);
const pod = { containers: [{ name: 'main' }] };
const wva = { hpa: {} };
const trigger = { type: 'cron', metadata: {} };

describe('validation of a service', () => {
  for (const { rule, spec, annotations, field, type, detail, versions } of refusedServices) {
    for (const version of versions) {
      it(`${rule}: refuses it at ${field} in ${version}`, () => {
        const refused = { ...service(spec, annotations), metadata: { name: NAME, ...(annotations ? { annotations } : {}) } };
        expect(validateService(refused, undefined, version).errors.map(({ value: _, ...error }) => error)).to.deep.equal([{ type, field, detail }]);
      });
    }
  }

  it('checks the prefill workload under its own path', () => {
    expect(types({ prefill: { worker: pod, rolloutStrategy: { maxSurge: -1 } } })).to.deep.equal([
      'Invalid spec.prefill.worker',
      'Invalid spec.prefill.rolloutStrategy.maxSurge',
    ]);
  });

  it('reports everything together, in the order of the chapter', () => {
    const spec: LLMInferenceServiceSpec = {
      worker: pod,
      router: { route: { weight: 1 }, scheduler: { replicas: 0 } },
      rolloutStrategy: { maxSurge: -1 },
    };
    expect(types(spec)).to.deep.equal([
      'Required spec.router.route.group',
      'Invalid spec.worker',
      'Invalid spec.router.scheduler.replicas',
      'Invalid spec.rolloutStrategy.maxSurge',
    ]);
  });

  it('counts every error of a scaling section', () => {
    const keda = { advanced: { scalingModifiers: { formula: 'a' }, horizontalPodAutoscalerConfig: { name: 'x' } } };
    expect(types({ scaling: { maxReplicas: 2, wva: { keda } } })).to.have.lengthOf(2);
  });

  it('reads a service that no schema has seen', () => {
    const incomplete = {
      model: { confidential: { enabled: true } },
      scaling: { minReplicas: 1, wva },
      router: { scheduler: { config: { inline: null } } },
    };
    expect(() => types(incomplete as unknown as LLMInferenceServiceSpec)).not.to.throw();
  });

  const accepted: [string, LLMInferenceServiceSpec][] = [
    ['nothing at all', {}],
    ['group and weight without http', { router: { route: { group: 'g', weight: 0 } } }],
    ['only a scheduler', { router: { scheduler: { replicas: 3 } } }],
    ['gateway refs without route', { router: { gateway: { refs: [{ name: 'g', namespace: 'a' }] } } }],
    ['a route spec without parents beside gateway refs', { router: { gateway: { refs: [{ name: 'g' }] }, route: { http: { spec: {} } } } }],
    ['idle at zero', { scaling: { minReplicas: 1, maxReplicas: 2, keda: { triggers: [trigger], idleReplicaCount: 0 } } }],
    [
      'scaling modifiers with direct KEDA',
      { scaling: { maxReplicas: 2, keda: { triggers: [trigger], advanced: { scalingModifiers: { formula: 'a', target: '1' } } } } },
    ],
    ['scaling of workers', { worker: pod, parallelism: { pipeline: 2 }, scaling: { maxReplicas: 2, wva } }],
    ['an autoscaled decode beside a static prefill', { scaling: { maxReplicas: 2, wva }, prefill: { replicas: 2 } }],
    ['maxUnavailable 0 alone', { rolloutStrategy: { maxUnavailable: 0 } }],
    ['0% and 100%', { rolloutStrategy: { maxUnavailable: '0%', maxSurge: '100%' } }],
    ['1 and 0', { rolloutStrategy: { maxUnavailable: 1, maxSurge: 0 } }],
    ['half of four replicas', { replicas: 4, rolloutStrategy: { maxUnavailable: '50%', maxSurge: 0 } }],
    ['a quarter of four workers', { replicas: 4, worker: pod, parallelism: { pipeline: 2 }, rolloutStrategy: { maxUnavailable: '25%' } }],
    ['half of at least two replicas', { scaling: { minReplicas: 2, maxReplicas: 4, wva }, rolloutStrategy: { maxUnavailable: '50%', maxSurge: 0 } }],
    ['all of no replicas', { replicas: 0, rolloutStrategy: { maxUnavailable: '100%', maxSurge: 0 } }],
    ['an adapter limit that is left out', { model: { uri: 'u', lora: {} } }],
    ['confidential settings that are switched off', { model: { uri: 'u', confidential: { enabled: false, resourceId: 'wrong' } } }],
    ['offloading to memory only', { kvCacheOffloading: { cpu: '0' } }],
  ];
  for (const [what, spec] of accepted) it(`accepts ${what}`, () => expect(check(spec).errors).to.deep.equal([]));

  describe('route parents beside gateway refs', () => {
    const both = (parent: object, gateway: object): LLMInferenceServiceSpec => ({
      router: { gateway: { refs: [gateway] }, route: { http: { spec: { parentRefs: [{ name: 'g', ...parent }] } } } },
    });
    const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    const inX = { name: 'a', namespace: 'x' };
    const section = { name: 'a', namespace: 'x', sectionName: 'http' };
    const pairs: [string, object[], object[], boolean][] = [
      ['one', [inX], [inX], true],
      ['one without namespace on both sides', [a], [a], true],
      ['one without namespace, the other with', [a], [inX], false],
      ['an empty namespace for an absent one', [{ name: 'a', namespace: '' }], [a], true],
      ['another namespace', [inX], [{ name: 'a', namespace: 'y' }], false],
      ['another name', [a], [b], false],
      ['another order', [a, b, c], [c, a, b], true],
      ['one more', [a, b], [a], false],
      ['one less', [a], [a, b], false],
      ['the same twice', [a, a], [a, a], true],
      ['twice the one, twice the other', [a, a, b], [a, b, b], false],
      ['the same section', [section], [section], true],
      ['a section on one side', [section], [inX], false],
      ['another section', [section], [{ ...section, sectionName: 'https' }], false],
      ['group, kind and port aside', [{ ...inX, group: 'gateway.networking.k8s.io', kind: 'Gateway', port: 80 }], [inX], true],
    ];
    for (const [what, parentRefs, refs, equal] of pairs) {
      it(`${equal ? 'takes' : 'does not take'} ${what} for the same (R1.64)`, () => {
        const router = { gateway: { refs }, route: { http: { spec: { parentRefs } } } } as LLMInferenceServiceSpec['router'] & object;
        const { errors, warnings } = check({ router });
        expect(errors).to.have.lengthOf(equal ? 0 : 1);
        expect(warnings).to.have.lengthOf(equal ? 1 : 0);
      });
    }

    it('warns when they agree', () => {
      const { errors, warnings } = check(both({ namespace: 'a' }, { name: 'g', namespace: 'a' }));
      expect(errors).to.deep.equal([]);
      expect(warnings[0]).to.contain('spec.router.route.http.spec.parentRefs can be omitted');
    });
    it('does not take an absent namespace for an explicit one, and says which reference lacks it', () => {
      expect(check(both({}, { name: 'g', namespace: 'a' })).errors[0])
        .to.contain('conflict')
        .and.to.contain('parentRef "g" does not state its namespace');
    });
  });

  it('warns where confidential serving has no effect', () => {
    const warningFor = (uri: string) => check({ model: { uri, confidential: { enabled: true } } }).warnings[0];
    expect(warningFor('oci://a/b')).to.contain('OCI URIs');
    expect(warningFor('pvc://a/b')).to.contain('PVC URIs');
    expect(warningFor('hf://a/b')).to.equal(undefined);
  });

  describe('on update', () => {
    const update = (old: LLMInferenceServiceSpec, current: LLMInferenceServiceSpec) =>
      validateService(service(current), service(old), 'v1alpha2').errors.map((e) => `${e.type} ${e.field}: ${errorBody(e)}`);
    it('keeps the number of pods of a replica', () => {
      expect(update({ parallelism: { data: 1, dataLocal: 8 } }, { parallelism: { data: 8, dataLocal: 1 } })).to.deep.equal([
        'NotSupported spec.parallelism: Unsupported value: 8: total parallelism size is immutable, previous size 1, curr size 8',
      ]);
      expect(update({}, { parallelism: { pipeline: 2 } })).to.have.lengthOf(1);
    });
    it('allows what keeps it, and adding or removing prefill', () => {
      expect(update({ parallelism: { tensor: 1 } }, { parallelism: { tensor: 8 } })).to.deep.equal([]);
      expect(update({}, { prefill: { parallelism: { pipeline: 4 } } })).to.deep.equal([]);
      expect(update({ prefill: { parallelism: { pipeline: 4 } } }, {})).to.deep.equal([]);
    });
    it('lets an object that is being deleted pass', () => {
      const going = { ...service({ router: { scheduler: { replicas: 0 } } }), metadata: { name: 'svc', deletionTimestamp: '2026-01-01T00:00:00Z' } };
      expect(validateService(going, service({}), 'v1alpha2').errors).to.deep.equal([]);
    });
  });

  describe('managed DRA annotations', () => {
    const key = (name: string): string => `serving.kserve.io/exp-dra-${name}`;
    const fields = (annotations: Record<string, string>) =>
      validateService(service({}, annotations), undefined, 'v1alpha2').errors.map((e) => `${e.type} ${e.field}`);
    const at = (type: string, name: string): string[] => [`${type} metadata.annotations[${key(name)}]`];
    it('V52, V53: reports class and count together', () =>
      expect(fields({ [key('device-class')]: 'BAD CLASS', [key('device-count')]: 'abc' })).to.deep.equal([
        ...at('Invalid', 'device-class'),
        ...at('Invalid', 'device-count'),
      ]));
    it('tolerates blanks around values', () =>
      expect(fields({ [key('device-class')]: ' gpu.example.com ', [key('device-count')]: ' 2 ' })).to.deep.equal([]));
  });
});
