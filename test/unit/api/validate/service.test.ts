import { expect } from 'chai';
import { errorBody } from '../../../../api/field-error.ts';
import type { LLMInferenceService, LLMInferenceServiceSpec } from '../../../../api/types.ts';
import { validateService } from '../../../../api/validate/service.ts';

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

/** Spec, and the one error it must give: field, and a decisive part of the text. */
const rejected: [string, LLMInferenceServiceSpec, string, string][] = [
  ['V1', { router: { route: { http: { refs: [{ name: 'r' }], spec: {} } } } }, 'spec.router.route.http', 'cannot use both custom HTTPRoute refs'],
  [
    'V2',
    { router: { gateway: {}, route: { http: { refs: [{ name: 'r' }] } } } },
    'spec.router.route.http.refs',
    'cannot be used with a managed gateway',
  ],
  [
    'V3',
    { router: { gateway: { refs: [{ name: 'g', namespace: 'a' }] }, route: { http: { spec: { parentRefs: [{ name: 'g', namespace: 'b' }] } } } } },
    'spec.router.route.http.spec',
    'conflict',
  ],
  ['V4', { router: { ingress: {}, route: { group: 'g', weight: 1 } } }, 'spec.router.route.group', 'traffic splitting requires Gateway API routing'],
  ['V5', { router: { route: { weight: 1 } } }, 'spec.router.route.group', 'weight requires group'],
  ['V6', { router: { route: { group: 'g' } } }, 'spec.router.route.weight', 'group requires weight'],
  [
    'V7',
    { router: { route: { group: 'g', weight: 1, http: { refs: [{ name: 'r' }] } } } },
    'spec.router.route.group',
    'cannot be used with custom HTTPRoute refs',
  ],
  ['V8', { worker: pod }, 'spec.worker', 'when worker is specified, parallelism must be configured'],
  ['V9', { worker: pod, parallelism: { tensor: 2 } }, 'spec.worker', 'when worker is specified, parallelism must be configured'],
  ['V10', { parallelism: { pipeline: 2, data: 2, dataLocal: 1 } }, 'spec.parallelism', 'cannot set both pipeline parallelism and data parallelism'],
  ['V11', { parallelism: { data: 2 } }, 'spec.parallelism.dataLocal', 'dataLocal must be set when data is set'],
  ['V12', { parallelism: { dataLocal: 2 } }, 'spec.parallelism.data', 'data must be set when dataLocal is set'],
  ['V13', { parallelism: { pipeline: 0 } }, 'spec.parallelism.pipeline', 'pipeline parallelism must be greater than 0'],
  ['V14', { parallelism: { data: 0, dataLocal: 1 } }, 'spec.parallelism.data', 'data parallelism must be greater than 0'],
  ['V15', { parallelism: { data: 1, dataLocal: 0 } }, 'spec.parallelism.dataLocal', 'dataLocal parallelism must be greater than 0'],
  ['V16', { router: { scheduler: { replicas: 0 } } }, 'spec.router.scheduler.replicas', 'scheduler replicas must be greater than zero'],
  ['V17', { router: { scheduler: { config: {} } } }, 'spec.router.scheduler.config', 'either inline or ref is required'],
  [
    'V18',
    { router: { scheduler: { config: { inline: { a: 1 }, ref: { name: 'c', key: 'k' } } } } },
    'spec.router.scheduler.config',
    'both inline and ref are set',
  ],
  ['V19', { router: { scheduler: { config: { inline: {} } } } }, 'spec.router.scheduler.config.inline', 'inline configuration is invalid'],
  ['V20', { router: { scheduler: { config: { ref: { key: 'k' } } } } }, 'spec.router.scheduler.config.ref.name', 'name is empty'],
  ['V21', { replicas: 1, scaling: { maxReplicas: 2, wva } }, 'spec.scaling', 'scaling and replicas are mutually exclusive'],
  ['V22', { scaling: { minReplicas: 10, maxReplicas: 5, wva } }, 'spec.scaling.minReplicas', 'minReplicas (10) cannot exceed maxReplicas (5)'],
  ['V23', { scaling: { maxReplicas: 2, wva, keda: { triggers: [trigger] } } }, 'spec.scaling', 'wva and keda are mutually exclusive'],
  ['V24', { scaling: { maxReplicas: 2 } }, 'spec.scaling', 'either wva or keda must be specified when scaling is configured'],
  ['V25', { scaling: { maxReplicas: 2, keda: { triggers: [] } } }, 'spec.scaling.keda.triggers', 'at least one trigger is required'],
  ['V26', { scaling: { maxReplicas: 2, wva: { hpa: {}, keda: {} } } }, 'spec.scaling.wva', 'hpa and keda are mutually exclusive'],
  ['V27', { scaling: { maxReplicas: 2, wva: {} } }, 'spec.scaling.wva', 'either hpa or keda must be specified'],
  [
    'V28',
    { scaling: { maxReplicas: 2, wva: { hpa: {}, variantCost: 'cheap' } } },
    'spec.scaling.wva.variantCost',
    'variantCost must be a non-negative numeric string',
  ],
  [
    'V29',
    { scaling: { maxReplicas: 2, wva: { keda: { advanced: { scalingModifiers: { formula: 'a' } } } } } },
    'spec.scaling.wva.keda.advanced.scalingModifiers',
    'scalingModifiers must not be set',
  ],
  [
    'V30',
    { scaling: { maxReplicas: 2, keda: { triggers: [trigger], advanced: { horizontalPodAutoscalerConfig: { name: 'x' } } } } },
    'spec.scaling.keda.advanced.horizontalPodAutoscalerConfig.name',
    'horizontalPodAutoscalerConfig.name must not be set',
  ],
  [
    'V31',
    { scaling: { maxReplicas: 2, wva: { keda: { idleReplicaCount: 0 } } } },
    'spec.scaling.minReplicas',
    'minReplicas is required when idleReplicaCount is set',
  ],
  [
    'V32',
    { scaling: { minReplicas: 2, maxReplicas: 3, wva: { keda: { idleReplicaCount: 3 } } } },
    'spec.scaling.wva.keda.idleReplicaCount',
    'idleReplicaCount (3) must be less than minReplicas (2)',
  ],
  ['V33', { model: { uri: 'hf://a/b', lora: { maxRank: 0 } } }, 'spec.model.lora.maxRank', 'maxRank must be at least 1'],
  ['V34', { model: { uri: 'hf://a/b', lora: { adapters: [{ uri: 'hf://c/d' }] } } }, 'spec.model.lora.adapters[0].name', 'adapter name is required'],
  [
    'V35',
    { model: { uri: 'hf://a/b', lora: { adapters: [{ name: '..', uri: 'hf://c/d' }] } } },
    'spec.model.lora.adapters[0].name',
    'path traversal',
  ],
  [
    'V36',
    { model: { uri: 'hf://a/b', lora: { adapters: ['x', 'y', 'x'].map((name) => ({ name, uri: 'hf://c/d' })) } } },
    'spec.model.lora.adapters[2].name',
    'duplicate name (same as adapters[0])',
  ],
  [
    'V37',
    { model: { uri: 'hf://a/b', lora: { adapters: [{ name: 'svc', uri: 'hf://c/d' }] } } },
    'spec.model.lora.adapters[0].name',
    'adapter name must differ from base model name "svc"',
  ],
  [
    'V38',
    { kvCacheOffloading: { cpu: '0', secondary: [{ fileSystem: { emptyDir: { size: '1Gi' } } }] } },
    'spec.kvCacheOffloading.cpu',
    'cpu must be set',
  ],
  [
    'V39',
    { kvCacheOffloading: { cpu: '1Gi', secondary: [{}] } },
    'spec.kvCacheOffloading.secondary[0].fileSystem',
    'only fileSystem tiers are supported',
  ],
  [
    'V40',
    { kvCacheOffloading: { cpu: '1Gi', secondary: [{ fileSystem: {} }] } },
    'spec.kvCacheOffloading.secondary[0].fileSystem',
    'exactly one of emptyDir or pvc must be set',
  ],
  [
    'V41',
    { kvCacheOffloading: { cpu: '1Gi', secondary: [{ fileSystem: { emptyDir: { size: '1Gi' }, pvc: { ref: { name: 'c' } } } }] } },
    'spec.kvCacheOffloading.secondary[0].fileSystem',
    'multiple are set',
  ],
  [
    'V42',
    { kvCacheOffloading: { cpu: '1Gi', secondary: [{ fileSystem: { pvc: {} } }] } },
    'spec.kvCacheOffloading.secondary[0].fileSystem.pvc',
    'exactly one of spec or ref must be set',
  ],
  [
    'V43',
    { kvCacheOffloading: { cpu: '1Gi', secondary: [{ fileSystem: { pvc: { spec: {}, ref: { name: 'c' } } } }] } },
    'spec.kvCacheOffloading.secondary[0].fileSystem.pvc',
    'multiple are set',
  ],
  [
    'V44',
    { kvCacheOffloading: { cpu: '1Gi', secondary: [{ fileSystem: { pvc: { ref: { name: '' } } } }] } },
    'spec.kvCacheOffloading.secondary[0].fileSystem.pvc.ref.name',
    'name is required',
  ],
  ['V48 for a percentage of one replica', { rolloutStrategy: { maxUnavailable: '50%', maxSurge: 0 } }, 'spec.rolloutStrategy', 'cannot both be zero'],
  [
    'V49 for a percentage of one replica',
    { worker: pod, parallelism: { pipeline: 2 }, rolloutStrategy: { maxUnavailable: '25%' } },
    'spec.rolloutStrategy.maxSurge',
    'maxSurge is required',
  ],
  ['V45', { rolloutStrategy: { maxSurge: -1 } }, 'spec.rolloutStrategy.maxSurge', 'must be greater than or equal to 0'],
  ['V46', { rolloutStrategy: { maxSurge: 'half' } }, 'spec.rolloutStrategy.maxSurge', 'a valid percent string'],
  ['V47', { rolloutStrategy: { maxUnavailable: '101%' } }, 'spec.rolloutStrategy.maxUnavailable', 'must not be greater than 100%'],
  ['V48', { rolloutStrategy: { maxUnavailable: 0, maxSurge: '0%' } }, 'spec.rolloutStrategy', 'cannot both be zero'],
  [
    'V49',
    { worker: pod, parallelism: { pipeline: 2 }, rolloutStrategy: { maxUnavailable: 0 } },
    'spec.rolloutStrategy.maxSurge',
    'maxSurge is required for multi-node workloads',
  ],
  [
    'V57',
    { model: { uri: 'hf://a/b', confidential: { enabled: true, resourceId: 'kbs:///a' } } },
    'spec.model.confidential.resourceId',
    'kbs:///<repo>/<type>/<tag>',
  ],
];

describe('validation of a service', () => {
  for (const [rule, spec, field, text] of rejected) {
    it(`${rule}: refuses it at ${field}`, () => {
      const { errors } = check(spec);
      expect(errors).to.have.lengthOf(1);
      expect(errors[0]).to.contain(`${field}: `).and.to.contain(text);
    });
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

  const ladder = (scalingModifiers: object) => ({ scaling: { maxReplicas: 2, wva: { keda: { advanced: { scalingModifiers } } } } });
  for (const field of ['formula', 'target', 'activationTarget', 'metricType']) {
    it(`V29: refuses ${field}, unless it is empty`, () => {
      expect(types(ladder({ [field]: 'x' }))).to.deep.equal(['Forbidden spec.scaling.wva.keda.advanced.scalingModifiers']);
      expect(types(ladder({ [field]: '' }))).to.deep.equal([]);
    });
  }

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

  it('wants decode and prefill to be scaled alike (R1.70)', () => {
    const direct = { maxReplicas: 2, keda: { triggers: [trigger] } };
    expect(check({ scaling: direct, prefill: { scaling: { maxReplicas: 2, wva } } }).errors[0]).to.contain(
      'decode uses direct keda but prefill uses wva',
    );
    expect(check({ scaling: { maxReplicas: 2, wva }, prefill: { scaling: { maxReplicas: 2, wva: { keda: {} } } } }).errors[0]).to.contain(
      'decode uses hpa but prefill uses keda',
    );
  });

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
    it('refuses both in v1alpha1, even when they agree', () => {
      expect(check(both({ namespace: 'a' }, { name: 'g', namespace: 'a' }), 'v1alpha1').errors[0]).to.contain(
        'cannot be used with custom gateway refs',
      );
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
    it('V50: wants the device class', () => expect(fields({ [key('device-count')]: '1' })).to.deep.equal(at('Required', 'device-class')));
    it('V51: refuses a blank class', () => expect(fields({ [key('device-class')]: ' ' })).to.deep.equal(at('Invalid', 'device-class')));
    it('V52, V53: reports class and count together', () =>
      expect(fields({ [key('device-class')]: 'BAD CLASS', [key('device-count')]: 'abc' })).to.deep.equal([
        ...at('Invalid', 'device-class'),
        ...at('Invalid', 'device-count'),
      ]));
    it('V54: wants an expression', () =>
      expect(fields({ [key('device-class')]: 'gpu', [key('cel-selector')]: ' \n ' })).to.deep.equal(at('Invalid', 'cel-selector')));
    it('V55, V56: wants a DNS label as container name', () => {
      expect(fields({ [key('device-class')]: 'gpu', [key('container-name')]: ' ' })).to.deep.equal(at('Invalid', 'container-name'));
      expect(fields({ [key('device-class')]: 'gpu', [key('container-name')]: 'a.b' })).to.deep.equal(at('Invalid', 'container-name'));
    });
    it('tolerates blanks around values', () =>
      expect(fields({ [key('device-class')]: ' gpu.example.com ', [key('device-count')]: ' 2 ' })).to.deep.equal([]));
  });
});
