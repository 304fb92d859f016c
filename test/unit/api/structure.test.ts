import { expect } from 'chai';
import fc from 'fast-check';
import { errorBody } from '../../../api/field-error.ts';
import { checkStructure, withDefaults } from '../../../api/structure.ts';

const service = (spec: unknown, version = 'v1alpha2') => ({
  apiVersion: `serving.kserve.io/${version}`,
  kind: 'LLMInferenceService',
  metadata: { name: 'qwen' },
  ...(spec === undefined ? {} : { spec }),
});
const config = (spec: unknown, version = 'v1alpha2') => ({ ...service(spec, version), kind: 'LLMInferenceServiceConfig' });
const faults = (object: unknown): string[] => checkStructure(object).map((error) => `${error.field}: ${errorBody(error)}`);

const POOL = {
  selector: { matchLabels: { app: 'x' } },
  targetPorts: [{ number: 8000 }],
  endpointPickerRef: { name: 'picker', port: { number: 9002 } },
};
const TRIGGERS = [{ type: 'cpu', metadata: { value: '60' } }];
const NO_HPA_NAME = 'horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name';
const NO_MODIFIERS = 'scalingModifiers must not be set; WVA controls the scaling metric formula and logic';
const IDLE = 'idleReplicaCount must be less than minReplicas; idleReplicaCount defines the replica floor when no triggers are active';

describe('checkStructure', () => {
  const accepted: [string, unknown][] = [
    ['no spec at all (R1.3)', undefined],
    ['an empty spec', {}],
    ['an empty model uri', { model: { uri: '' } }],
    [
      'templates without containers (R1.11)',
      { template: {}, worker: {}, prefill: { template: {}, worker: {} }, router: { scheduler: { template: {} } } },
    ],
    ['a tokenizer template with only a node selector (B7)', { router: { scheduler: { tokenizer: { template: { nodeSelector: { a: 'b' } } } } } }],
    ['nulls (R1.54)', { template: { containers: null }, replicas: null, router: { gateway: { refs: null } } }],
    ['a quantity as a number', { kvCacheOffloading: { cpu: 8 } }],
    ['a percentage and a number', { rolloutStrategy: { maxSurge: '25%', maxUnavailable: 0 } }],
    ['free-form picker configuration', { router: { scheduler: { config: { inline: { schedulingStrategy: 'round-robin', plugins: [{ a: 1 }] } } } } }],
    ['scheduler replicas of any size', { router: { scheduler: { replicas: 0 } } }],
    ['idleReplicaCount 0 without minReplicas (R1.7)', { scaling: { maxReplicas: 2, keda: { triggers: TRIGGERS, idleReplicaCount: 0 } } }],
    [
      'HPA behavior under wva.keda (R1.6a)',
      { scaling: { maxReplicas: 2, wva: { keda: { advanced: { horizontalPodAutoscalerConfig: { behavior: {} } } } } } },
    ],
    [
      'restoreToOriginalReplicaCount under wva.keda',
      { scaling: { maxReplicas: 2, wva: { keda: { advanced: { restoreToOriginalReplicaCount: true, scalingModifiers: {} } } } } },
    ],
    [
      'a formula with direct KEDA',
      { scaling: { maxReplicas: 2, keda: { triggers: TRIGGERS, advanced: { scalingModifiers: { formula: 'a', target: '1' } } } } },
    ],
    ['a pool', { router: { scheduler: { pool: { spec: POOL } } } }],
    ['LoRA adapters', { model: { uri: 'hf://a/b', lora: { adapters: [{ name: 'a', uri: 'hf://a/c' }] } } }],
    ['an empty route spec', { router: { route: { http: { spec: {} } } } }],
    ['Kubernetes 1.34 pod fields', { template: { hostnameOverride: 'a', containers: [{ name: 'main', restartPolicyRules: [] }] } }],
  ];
  for (const [title, spec] of accepted) it(`accepts ${title}`, () => expect(faults(service(spec))).to.deep.equal([]));

  const refused: [string, unknown, string | string[]][] = [
    ['an unknown field', { modle: {} }, 'spec.modle: Forbidden: unknown field "spec.modle", did you mean "model"?'],
    [
      'an unknown field of a pod',
      { template: { somethingElse: 1 } },
      'spec.template.somethingElse: Forbidden: unknown field "spec.template.somethingElse"',
    ],
    ['negative replicas (R1.9)', { replicas: -1 }, 'spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0'],
    ...['tensor', 'pipeline', 'data', 'dataLocal', 'dataRPCPort'].map((field): [string, unknown, string] => [
      `${field} 0`,
      { parallelism: { [field]: 0 } },
      `spec.parallelism.${field}: Invalid value: 0: spec.parallelism.${field} in body should be greater than or equal to 1`,
    ]),
    [
      'a port beyond the last',
      { parallelism: { dataRPCPort: 70000 } },
      'spec.parallelism.dataRPCPort: Invalid value: 70000: spec.parallelism.dataRPCPort in body should be less than or equal to 65535',
    ],
    ['a model without uri', { model: { name: 'a' } }, 'spec.model.uri: Required value'],
    ['a wrong type', { replicas: 'two' }, 'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'],
    ['a fraction', { replicas: 1.5 }, 'spec.replicas: Invalid value: "number": spec.replicas in body must be of type integer: "number"'],
    [
      'a number where text is due',
      { labels: { a: 1 } },
      'spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"',
    ],
    [
      'adapters that are no list (B6)',
      { model: { uri: 'a', lora: { adapters: {} } } },
      'spec.model.lora.adapters: Invalid value: "object": spec.model.lora.adapters in body must be of type array: "object"',
    ],
    [
      'an unknown enum value',
      { kvCacheOffloading: { cpu: '1Gi', evictionPolicy: 'fifo' } },
      'spec.kvCacheOffloading.evictionPolicy: Unsupported value: "fifo": supported values: "lru", "arc"',
    ],
    [
      'a cost that is no number',
      { scaling: { maxReplicas: 3, wva: { variantCost: 'cheap', hpa: {} } } },
      `spec.scaling.wva.variantCost: Invalid value: "cheap": spec.scaling.wva.variantCost in body should match '^\\d+(\\.\\d+)?$'`,
    ],
    [
      'an empty gateway namespace',
      { router: { gateway: { refs: [{ namespace: '' }] } } },
      'spec.router.gateway.refs[0].namespace: Invalid value: "": spec.router.gateway.refs[0].namespace in body should be at least 1 chars long',
    ],
    [
      'a group name that is too long',
      { router: { route: { group: 'a'.repeat(64) } } },
      'spec.router.route.group: Too long: may not be more than 63 bytes',
    ],
    [
      'two containers of one name',
      { template: { containers: [{ name: 'a' }, { name: 'a' }] } },
      'spec.template.containers[1]: Duplicate value: {"name":"a"}',
    ],
    [
      'replicas next to scaling',
      { replicas: 1, scaling: { maxReplicas: 2, wva: { hpa: {} } } },
      'spec: Invalid value: replicas and scaling are mutually exclusive; use scaling for autoscaled deployments or replicas for static deployments',
    ],
    [
      'replicas next to scaling in prefill',
      { prefill: { replicas: 1, scaling: { maxReplicas: 2, wva: { hpa: {} } } } },
      'spec.prefill: Invalid value: replicas and scaling are mutually exclusive; use scaling for autoscaled deployments or replicas for static deployments',
    ],
    [
      'scaling by nothing',
      { scaling: { maxReplicas: 3 } },
      'spec.scaling: Invalid value: either wva or keda must be specified when scaling is configured',
    ],
    [
      'wva next to keda',
      { scaling: { maxReplicas: 3, wva: { hpa: {} }, keda: { triggers: TRIGGERS } } },
      'spec.scaling: Invalid value: wva and keda are mutually exclusive',
    ],
    [
      'min above max',
      { scaling: { minReplicas: 5, maxReplicas: 3, wva: { hpa: {} } } },
      'spec.scaling: Invalid value: minReplicas cannot exceed maxReplicas',
    ],
    [
      'no triggers',
      { scaling: { maxReplicas: 3, keda: { triggers: [] } } },
      'spec.scaling.keda.triggers: Invalid value: 0: spec.scaling.keda.triggers in body should have at least 1 items',
    ],
    [
      'idle at min with wva',
      { scaling: { minReplicas: 2, maxReplicas: 3, wva: { keda: { idleReplicaCount: 2 } } } },
      `spec.scaling: Invalid value: ${IDLE}`,
    ],
    [
      'idle at the default of min with keda (R1.7)',
      { scaling: { maxReplicas: 3, keda: { triggers: TRIGGERS, idleReplicaCount: 1 } } },
      `spec.scaling: Invalid value: ${IDLE}`,
    ],
    [
      'two actuators',
      { scaling: { maxReplicas: 3, wva: { hpa: {}, keda: {} } } },
      'spec.scaling.wva: Invalid value: hpa and keda are mutually exclusive; choose one actuator backend',
    ],
    [
      'no actuator',
      { scaling: { maxReplicas: 3, wva: {} } },
      'spec.scaling.wva: Invalid value: either hpa or keda must be specified as the actuator backend',
    ],
    ...['formula', 'target', 'activationTarget', 'metricType'].map((member): [string, unknown, string] => [
      `scalingModifiers.${member} under wva`,
      { scaling: { maxReplicas: 3, wva: { keda: { advanced: { scalingModifiers: { [member]: 'Value' } } } } } },
      `spec.scaling.wva: Invalid value: ${NO_MODIFIERS}`,
    ]),
    [
      'an HPA name with direct KEDA',
      { scaling: { maxReplicas: 3, keda: { triggers: TRIGGERS, advanced: { horizontalPodAutoscalerConfig: { name: 'x' } } } } },
      `spec.scaling.keda: Invalid value: ${NO_HPA_NAME}`,
    ],
    [
      'an HPA name under wva',
      { scaling: { maxReplicas: 3, wva: { keda: { advanced: { horizontalPodAutoscalerConfig: { name: 'x' } } } } } },
      `spec.scaling.wva.keda: Invalid value: ${NO_HPA_NAME}`,
    ],
    [
      'a pool with repeated ports and a picker without one',
      { router: { scheduler: { pool: { spec: { ...POOL, targetPorts: [{ number: 1 }, { number: 1 }], endpointPickerRef: { name: 'a' } } } } } },
      [
        "spec.router.scheduler.pool.spec.endpointPickerRef: Invalid value: port is required when kind is 'Service' or unspecified (defaults to 'Service')",
        'spec.router.scheduler.pool.spec.targetPorts: Invalid value: port number must be unique',
      ],
    ],
    [
      'a pool without labels',
      { router: { scheduler: { pool: { spec: { ...POOL, selector: { matchLabels: {} } } } } } },
      'spec.router.scheduler.pool.spec.selector.matchLabels: Invalid value: 0: spec.router.scheduler.pool.spec.selector.matchLabels in body should have at least 1 properties',
    ],
    [
      'nine target ports',
      { router: { scheduler: { pool: { spec: { ...POOL, targetPorts: Array.from({ length: 9 }, (_, i) => ({ number: i + 1 })) } } } } },
      'spec.router.scheduler.pool.spec.targetPorts: Too many: 9: must have at most 8 items',
    ],
  ];
  for (const [title, spec, expected] of refused) {
    it(`refuses ${title}`, () => expect(faults(service(spec)).sort()).to.deep.equal([expected].flat()));
  }

  it('knows the fields of each version (R1 §2.9)', () => {
    expect(faults(service({ model: { uri: 'a', criticality: 'Critical' } }, 'v1alpha1'))).to.deep.equal([]);
    expect(faults(service({ model: { uri: 'a', criticality: 'Critical' } }))).to.have.lengthOf(1);
    expect(faults(service({ kvCacheOffloading: { cpu: '1Gi' } }, 'v1alpha1'))).to.deep.equal([
      'spec.kvCacheOffloading: Forbidden: unknown field "spec.kvCacheOffloading"',
    ]);
    const pool = { selector: { app: 'x' }, targetPortNumber: 8000, extensionRef: { name: 'a', failureMode: 'FailOpen' } };
    expect(faults(service({ router: { scheduler: { pool: { spec: pool } } } }, 'v1alpha1'))).to.deep.equal([]);
    expect(faults(service({ router: { scheduler: { pool: { spec: { ...pool, extensionRef: { name: 'a' } } } } } }, 'v1alpha1'))).to.deep.equal([
      'spec.router.scheduler.pool.spec.extensionRef.failureMode: Required value',
    ]);
  });

  it('lets a config hold templates, a service not (R1.13)', () => {
    const spec = { router: { route: { http: { spec: { parentRefs: [{ name: 'a', namespace: '{{ .GlobalConfig.IngressGatewayNamespace }}' }] } } } } };
    expect(faults(config(spec))).to.deep.equal([]);
    expect(faults(service(spec))).to.have.lengthOf(1);
  });

  it('keeps checking what is outside of the templated parts of a config (R1.14)', () => {
    expect(faults(config({ replicas: -1, router: { route: { group: '{{ .Name }}' } }, scaling: { maxReplicas: 1 } }))).to.have.lengthOf(3);
  });

  it('refuses other kinds and versions', () => {
    expect(faults({ apiVersion: 'v1', kind: 'Pod' })).to.have.lengthOf(1);
    expect(faults(service({}, 'v1beta1'))).to.have.lengthOf(1);
    expect(faults('text')).to.have.lengthOf(1);
  });

  it('answers for any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (spec) => Array.isArray(checkStructure(service(spec)))));
  });
});

describe('withDefaults', () => {
  const specOf = (spec: unknown): unknown => (withDefaults(service(spec)) as { spec?: unknown }).spec;

  it('writes the defaults of the schema (R1.60, R2.40)', () => {
    expect(specOf({ scaling: { maxReplicas: 3, wva: { hpa: {} } }, kvCacheOffloading: { cpu: '1Gi' }, baseRefs: [{}] })).to.deep.equal({
      scaling: { minReplicas: 1, maxReplicas: 3, wva: { variantCost: '10.0', hpa: {} } },
      kvCacheOffloading: { cpu: '1Gi', evictionPolicy: 'lru' },
      baseRefs: [{ name: '' }],
    });
    expect(specOf({ template: { containers: [{ name: 'main', ports: [{ containerPort: 8000 }] }] } })).to.deep.equal({
      template: { containers: [{ name: 'main', ports: [{ containerPort: 8000, protocol: 'TCP' }] }] },
    });
  });

  it('completes an empty route with a rule for every path (R1.5)', () => {
    expect(specOf({ router: { route: { http: { spec: {} } } } })).to.deep.equal({
      router: { route: { http: { spec: { rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }] } } } },
    });
  });

  it('drops nulls, and a null where there is a default becomes the default', () => {
    expect(specOf({ replicas: null, kvCacheOffloading: { cpu: '1Gi', evictionPolicy: null } })).to.deep.equal({
      kvCacheOffloading: { cpu: '1Gi', evictionPolicy: 'lru' },
    });
  });

  it('keeps unknown fields and other kinds', () => {
    expect(specOf({ modle: { a: null } })).to.deep.equal({ modle: { a: null } });
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };
    expect(withDefaults(pod)).to.equal(pod);
  });

  it('changes nothing the second time, and never its input', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (spec) => {
        const object = service(spec);
        const before = JSON.stringify(object);
        const once = withDefaults(object);
        expect(withDefaults(once)).to.deep.equal(once);
        expect(JSON.stringify(object)).to.equal(before);
      }),
    );
  });
});
