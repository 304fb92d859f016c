import type { FieldErrorType } from '../../api/field-error.ts';
import type { LLMInferenceServiceSpec } from '../../api/types.ts';

/** A service that admission refuses, and its one error (R1 §10). Validation and a real API server are held to the same table. */
export interface RefusedService {
  readonly rule: string;
  readonly spec: LLMInferenceServiceSpec;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly field: string;
  readonly type: FieldErrorType;
  readonly detail: string;
  readonly versions: readonly ('v1alpha1' | 'v1alpha2')[];
  /** A CRD that checks fields refuses it before a webhook is asked. */
  readonly schemaFirst?: true;
}

type Row = readonly [
  rule: string,
  spec: LLMInferenceServiceSpec,
  field: string,
  type: FieldErrorType,
  detail: string,
  more?: Partial<Pick<RefusedService, 'versions' | 'schemaFirst'>>,
];

export const NAME = 'refused';
const EVERYWHERE = { versions: ['v1alpha1', 'v1alpha2'] } as const;
const HUB = { versions: ['v1alpha2'] } as const;
const SPOKE = { versions: ['v1alpha1'] } as const;
const SCHEMA = { schemaFirst: true } as const;

const pod = { containers: [{ name: 'main' }] };
const wva = { hpa: {} };
const trigger = { type: 'cron', metadata: {} };
const adapters = (...names: string[]) => ({ uri: 'hf://a/b', lora: { adapters: names.map((name) => ({ name, uri: 'hf://c/d' })) } });
const tier = (fileSystem: object, cpu = '1Gi') => ({ kvCacheOffloading: { cpu, secondary: [{ fileSystem }] } }) as LLMInferenceServiceSpec;
const emptyDir = { size: '1Gi' };

const HTTP = 'spec.router.route.http';
const SCHEDULER = 'spec.router.scheduler';
const TIER = 'spec.kvCacheOffloading.secondary[0].fileSystem';
const WORKER = 'when worker is specified, parallelism must be configured for either data parallelism or pipeline parallelism';
const BOTH_ZERO = 'maxUnavailable and maxSurge cannot both be zero; this would prevent any rolling update progress';
const SURGE = 'maxSurge is required for multi-node workloads when maxUnavailable is 0, otherwise no rolling update progress is possible';
const HPA_NAME = 'horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name';
const IDLE = 'idleReplicaCount defines the replica floor when no triggers are active';
const parents = (namespace: string): LLMInferenceServiceSpec => ({
  router: { gateway: { refs: [{ name: 'g', namespace: 'a' }] }, route: { http: { spec: { parentRefs: [{ name: 'g', namespace }] } } } },
});

/** Rules about a workload; they hold for `spec` and for `spec.prefill` (R1.63). */
const workloadRows: readonly Row[] = [
  ['V8', { worker: pod }, 'spec.worker', 'Invalid', WORKER],
  ['V9', { worker: pod, parallelism: { tensor: 2 } }, 'spec.worker', 'Invalid', WORKER],
  [
    'V10',
    { parallelism: { pipeline: 2, data: 2, dataLocal: 1 } },
    'spec.parallelism',
    'Invalid',
    'cannot set both pipeline parallelism and data parallelism (data or dataLocal) simultaneously',
  ],
  ['V11', { parallelism: { data: 2 } }, 'spec.parallelism.dataLocal', 'Invalid', 'dataLocal must be set when data is set'],
  ['V12', { parallelism: { dataLocal: 2 } }, 'spec.parallelism.data', 'Invalid', 'data must be set when dataLocal is set'],
  ['V13', { parallelism: { pipeline: 0 } }, 'spec.parallelism.pipeline', 'Invalid', 'pipeline parallelism must be greater than 0', SCHEMA],
  ['V14', { parallelism: { data: 0, dataLocal: 1 } }, 'spec.parallelism.data', 'Invalid', 'data parallelism must be greater than 0', SCHEMA],
  [
    'V15',
    { parallelism: { data: 1, dataLocal: 0 } },
    'spec.parallelism.dataLocal',
    'Invalid',
    'dataLocal parallelism must be greater than 0',
    SCHEMA,
  ],
  [
    'V21',
    { replicas: 1, scaling: { maxReplicas: 2, wva } },
    'spec.scaling',
    'Invalid',
    'scaling and replicas are mutually exclusive; use scaling for autoscaled deployments or replicas for static deployments',
    SCHEMA,
  ],
  [
    'V22',
    { scaling: { minReplicas: 10, maxReplicas: 5, wva } },
    'spec.scaling.minReplicas',
    'Invalid',
    'minReplicas (10) cannot exceed maxReplicas (5)',
    SCHEMA,
  ],
  [
    'V23',
    { scaling: { maxReplicas: 2, wva, keda: { triggers: [trigger] } } },
    'spec.scaling',
    'Invalid',
    'wva and keda are mutually exclusive; choose one scaling mechanism',
    SCHEMA,
  ],
  ['V24', { scaling: { maxReplicas: 2 } }, 'spec.scaling', 'Required', 'either wva or keda must be specified when scaling is configured', SCHEMA],
  [
    'V25',
    { scaling: { maxReplicas: 2, keda: { triggers: [] } } },
    'spec.scaling.keda.triggers',
    'Required',
    'at least one trigger is required when using direct KEDA scaling',
    SCHEMA,
  ],
  [
    'V26',
    { scaling: { maxReplicas: 2, wva: { hpa: {}, keda: {} } } },
    'spec.scaling.wva',
    'Invalid',
    'hpa and keda are mutually exclusive; choose one actuator backend',
    SCHEMA,
  ],
  [
    'V27',
    { scaling: { maxReplicas: 2, wva: {} } },
    'spec.scaling.wva',
    'Required',
    'either hpa or keda must be specified as the actuator backend',
    SCHEMA,
  ],
  [
    'V28',
    { scaling: { maxReplicas: 2, wva: { hpa: {}, variantCost: 'cheap' } } },
    'spec.scaling.wva.variantCost',
    'Invalid',
    'variantCost must be a non-negative numeric string (e.g., "10", "10.0", "0.5")',
    SCHEMA,
  ],
  ...['formula', 'target', 'activationTarget', 'metricType'].map(
    (member): Row => [
      `V29 (${member})`,
      { scaling: { maxReplicas: 2, wva: { keda: { advanced: { scalingModifiers: { [member]: 'Value' } } } } } },
      'spec.scaling.wva.keda.advanced.scalingModifiers',
      'Forbidden',
      'scalingModifiers must not be set; WVA controls the scaling metric formula and logic',
      SCHEMA,
    ],
  ),
  [
    'V30 with direct KEDA',
    { scaling: { maxReplicas: 2, keda: { triggers: [trigger], advanced: { horizontalPodAutoscalerConfig: { name: 'x' } } } } },
    'spec.scaling.keda.advanced.horizontalPodAutoscalerConfig.name',
    'Forbidden',
    HPA_NAME,
    SCHEMA,
  ],
  [
    'V30 with WVA',
    { scaling: { maxReplicas: 2, wva: { keda: { advanced: { horizontalPodAutoscalerConfig: { name: 'x' } } } } } },
    'spec.scaling.wva.keda.advanced.horizontalPodAutoscalerConfig.name',
    'Forbidden',
    HPA_NAME,
    SCHEMA,
  ],
  [
    'V31 with WVA',
    { scaling: { maxReplicas: 2, wva: { keda: { idleReplicaCount: 0 } } } },
    'spec.scaling.minReplicas',
    'Required',
    'minReplicas is required when idleReplicaCount is set; idleReplicaCount (0) must be less than minReplicas',
    SCHEMA,
  ],
  [
    'V31 with direct KEDA',
    { scaling: { maxReplicas: 2, keda: { triggers: [trigger], idleReplicaCount: 1 } } },
    'spec.scaling.minReplicas',
    'Required',
    'minReplicas is required when idleReplicaCount is set; idleReplicaCount (1) must be less than minReplicas',
    SCHEMA,
  ],
  [
    'V32 with WVA',
    { scaling: { minReplicas: 2, maxReplicas: 3, wva: { keda: { idleReplicaCount: 3 } } } },
    'spec.scaling.wva.keda.idleReplicaCount',
    'Invalid',
    `idleReplicaCount (3) must be less than minReplicas (2); ${IDLE}`,
    SCHEMA,
  ],
  [
    'V32 with direct KEDA',
    { scaling: { minReplicas: 2, maxReplicas: 3, keda: { triggers: [trigger], idleReplicaCount: 2 } } },
    'spec.scaling.keda.idleReplicaCount',
    'Invalid',
    `idleReplicaCount (2) must be less than minReplicas (2); ${IDLE}`,
    SCHEMA,
  ],
  ['V38', tier({ emptyDir }, '0'), 'spec.kvCacheOffloading.cpu', 'Required', 'cpu must be set when secondary tiers are configured', HUB],
  [
    'V39',
    { kvCacheOffloading: { cpu: '1Gi', secondary: [{}] } },
    TIER,
    'Required',
    'only fileSystem tiers are supported; fileSystem must be set',
    HUB,
  ],
  ['V40', tier({}), TIER, 'Required', 'exactly one of emptyDir or pvc must be set', HUB],
  ['V41', tier({ emptyDir, pvc: { ref: { name: 'c' } } }), TIER, 'Invalid', 'exactly one of emptyDir or pvc must be set; multiple are set', HUB],
  ['V42', tier({ pvc: {} }), `${TIER}.pvc`, 'Required', 'exactly one of spec or ref must be set', HUB],
  ['V43', tier({ pvc: { spec: {}, ref: { name: 'c' } } }), `${TIER}.pvc`, 'Invalid', 'exactly one of spec or ref must be set; multiple are set', HUB],
  ['V44', tier({ pvc: { ref: { name: '' } } }), `${TIER}.pvc.ref.name`, 'Required', 'name is required', HUB],
  ['V45', { rolloutStrategy: { maxSurge: -1 } }, 'spec.rolloutStrategy.maxSurge', 'Invalid', 'must be greater than or equal to 0'],
  ['V45', { rolloutStrategy: { maxUnavailable: -1 } }, 'spec.rolloutStrategy.maxUnavailable', 'Invalid', 'must be greater than or equal to 0'],
  [
    'V46',
    { rolloutStrategy: { maxSurge: 'half' } },
    'spec.rolloutStrategy.maxSurge',
    'Invalid',
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%', or '93%')",
  ],
  ['V47', { rolloutStrategy: { maxUnavailable: '101%' } }, 'spec.rolloutStrategy.maxUnavailable', 'Invalid', 'must not be greater than 100%'],
  ['V48', { rolloutStrategy: { maxUnavailable: 0, maxSurge: '0%' } }, 'spec.rolloutStrategy', 'Invalid', BOTH_ZERO],
  ['V48 (half of one)', { rolloutStrategy: { maxUnavailable: '50%', maxSurge: 0 } }, 'spec.rolloutStrategy', 'Invalid', BOTH_ZERO],
  ['V49', { worker: pod, parallelism: { pipeline: 2 }, rolloutStrategy: { maxUnavailable: 0 } }, 'spec.rolloutStrategy.maxSurge', 'Required', SURGE],
  [
    'V49 (a quarter of one)',
    { worker: pod, parallelism: { pipeline: 2 }, rolloutStrategy: { maxUnavailable: '25%' } },
    'spec.rolloutStrategy.maxSurge',
    'Required',
    SURGE,
  ],
];

const rows: readonly Row[] = [
  [
    'V1',
    { router: { route: { http: { refs: [{ name: 'r' }], spec: {} } } } },
    HTTP,
    'Invalid',
    `unsupported configuration: cannot use both custom HTTPRoute refs ('${HTTP}.refs') and an inline route spec ('${HTTP}.spec'); choose one`,
  ],
  [
    'V2',
    { router: { gateway: {}, route: { http: { refs: [{ name: 'r' }] } } } },
    `${HTTP}.refs`,
    'Invalid',
    `unsupported configuration: custom HTTP routes ('${HTTP}.refs') cannot be used with a managed gateway ('spec.router.gateway'); either remove '${HTTP}.refs' or set 'spec.router.gateway.refs'`,
  ],
  [
    'V3',
    parents('b'),
    `${HTTP}.spec`,
    'Invalid',
    `unsupported configuration: managed HTTP route spec ('${HTTP}.spec') has parentRefs that conflict with custom gateway refs ('spec.router.gateway.refs'); either remove 'spec.router.gateway.refs' or '${HTTP}.spec.parentRefs'`,
    HUB,
  ],
  ...['a', 'b'].map(
    (namespace): Row => [
      `V3' (${namespace === 'a' ? 'equal' : 'different'})`,
      parents(namespace),
      `${HTTP}.spec`,
      'Invalid',
      `unsupported configuration: managed HTTP route spec ('${HTTP}.spec') cannot be used with custom gateway refs ('spec.router.gateway.refs'); either remove 'spec.router.gateway.refs' or '${HTTP}.spec.parentRefs'`,
      SPOKE,
    ],
  ),
  [
    'V4',
    { router: { ingress: {}, route: { group: 'g', weight: 1 } } },
    'spec.router.route.group',
    'Invalid',
    'traffic splitting requires Gateway API routing; the controller manages HTTPRoutes, not Ingress resources',
  ],
  ['V5', { router: { route: { weight: 1 } } }, 'spec.router.route.group', 'Required', 'weight requires group'],
  ['V6', { router: { route: { group: 'g' } } }, 'spec.router.route.weight', 'Required', 'group requires weight'],
  [
    'V7',
    { router: { route: { group: 'g', weight: 1, http: { refs: [{ name: 'r' }] } } } },
    'spec.router.route.group',
    'Invalid',
    'traffic splitting cannot be used with custom HTTPRoute refs; controller-managed routes (route.http.spec or route.http: {}) are required',
  ],
  ['V16', { router: { scheduler: { replicas: 0 } } }, `${SCHEDULER}.replicas`, 'Invalid', 'scheduler replicas must be greater than zero'],
  ['V16 (negative)', { router: { scheduler: { replicas: -1 } } }, `${SCHEDULER}.replicas`, 'Invalid', 'scheduler replicas must be greater than zero'],
  ['V17', { router: { scheduler: { config: {} } } }, `${SCHEDULER}.config`, 'Invalid', 'either inline or ref is required'],
  [
    'V18',
    { router: { scheduler: { config: { inline: { a: 1 }, ref: { name: 'c', key: 'k' } } } } },
    `${SCHEDULER}.config`,
    'Invalid',
    'both inline and ref are set, either specify inline or ref',
  ],
  [
    'V19',
    { router: { scheduler: { config: { inline: {} } } } },
    `${SCHEDULER}.config.inline`,
    'Invalid',
    'inline configuration is invalid: it is empty',
  ],
  ['V20', { router: { scheduler: { config: { ref: { key: 'k' } } } } }, `${SCHEDULER}.config.ref.name`, 'Invalid', 'name is empty'],
  [
    'R1.70 (mode)',
    { scaling: { maxReplicas: 2, keda: { triggers: [trigger] } }, prefill: { scaling: { maxReplicas: 2, wva } } },
    'spec.prefill.scaling',
    'Invalid',
    'decode and prefill must use the same scaling mode; decode uses direct keda but prefill uses wva',
  ],
  [
    'R1.70 (actuator)',
    { scaling: { maxReplicas: 2, wva }, prefill: { scaling: { maxReplicas: 2, wva: { keda: {} } } } },
    'spec.prefill.scaling.wva',
    'Invalid',
    'decode and prefill must use the same actuator backend; decode uses hpa but prefill uses keda — mixing backends requires two separate metric pipelines and leads to independent, unsynchronised scaling decisions',
  ],
  ...['maxRank', 'maxAdapters', 'maxCpuAdapters'].map(
    (limit): Row => [
      `V33 (${limit})`,
      { model: { uri: 'hf://a/b', lora: { [limit]: 0 } } },
      `spec.model.lora.${limit}`,
      'Invalid',
      `${limit} must be at least 1`,
      SCHEMA,
    ],
  ),
  [
    'V34',
    { model: { uri: 'hf://a/b', lora: { adapters: [{ uri: 'hf://c/d' }] } } },
    'spec.model.lora.adapters[0].name',
    'Required',
    'adapter name is required',
  ],
  ['V34 (empty)', { model: adapters('') }, 'spec.model.lora.adapters[0].name', 'Required', 'adapter name is required'],
  ...['.', '..'].map(
    (name): Row => [
      `V35 (${name})`,
      { model: adapters('x', name) },
      'spec.model.lora.adapters[1].name',
      'Invalid',
      'adapter name must not include "." or ".." (path traversal risk)',
    ],
  ),
  ['V36', { model: adapters('x', 'y', 'x') }, 'spec.model.lora.adapters[2].name', 'Invalid', 'duplicate name (same as adapters[0])'],
  [
    'V37 (name of the service)',
    { model: adapters(NAME) },
    'spec.model.lora.adapters[0].name',
    'Invalid',
    `adapter name must differ from base model name "${NAME}"`,
  ],
  [
    'V37 (name of the model)',
    { model: { ...adapters('base'), name: 'base' } },
    'spec.model.lora.adapters[0].name',
    'Invalid',
    'adapter name must differ from base model name "base"',
  ],
  ...['kbs:///a', 'kbs:///a/b/c/d', 'http:///a/b/c', 'kbs:///a/b/c d'].map(
    (resourceId): Row => [
      `V57 (${resourceId})`,
      { model: { uri: 'hf://a/b', confidential: { enabled: true, resourceId } } },
      'spec.model.confidential.resourceId',
      'Invalid',
      'must be in the format kbs:///<repo>/<type>/<tag>',
      HUB,
    ],
  ),
];

const dra = (name: string): string => `serving.kserve.io/exp-dra-${name}`;
const CLASS = { [dra('device-class')]: 'gpu.example.com' };
const draRows: readonly (readonly [rule: string, annotations: Record<string, string>, key: string, type: FieldErrorType, detail: string])[] = [
  ...['device-count', 'cel-selector', 'container-name'].map(
    (key) =>
      [
        `V50 (${key})`,
        { [dra(key)]: '1' },
        'device-class',
        'Required',
        `${dra('device-class')} is required to enable managed DRA when ${dra('device-count')}, ${dra('cel-selector')}, or ${dra('container-name')} is set`,
      ] as const,
  ),
  ['V51', { [dra('device-class')]: ' ' }, 'device-class', 'Invalid', 'device class must not be empty'],
  [
    'V52',
    { [dra('device-class')]: ' BAD CLASS' },
    'device-class',
    'Invalid',
    "device class must be a DNS subdomain: lower case alphanumeric characters, '-' or '.', starting and ending with an alphanumeric character",
  ],
  ['V53', { ...CLASS, [dra('device-count')]: '0' }, 'device-count', 'Invalid', `invalid ${dra('device-count')} value "0": must be >= 1`],
  ['V54', { ...CLASS, [dra('cel-selector')]: ' \n ' }, 'cel-selector', 'Invalid', 'cel selector must contain at least one non-empty CEL expression'],
  ['V55', { ...CLASS, [dra('container-name')]: ' ' }, 'container-name', 'Invalid', 'container name must not be empty'],
  [
    'V56',
    { ...CLASS, [dra('container-name')]: 'a.b' },
    'container-name',
    'Invalid',
    "container name must be a DNS label: at most 63 lower case alphanumeric characters or '-', starting and ending with an alphanumeric character",
  ],
];

const refusedBy = ([rule, spec, field, type, detail, more = {}]: Row): RefusedService => ({
  rule,
  spec,
  field,
  type,
  detail,
  ...EVERYWHERE,
  ...more,
});

/** The same in the prefill workload. */
const inPrefill = ([rule, spec, field, type, detail, more = {}]: Row): Row => [
  `${rule} in prefill`,
  { prefill: spec },
  field.replace(/^spec/, 'spec.prefill'),
  type,
  detail,
  more,
];

export const refusedServices: readonly RefusedService[] = [
  ...[...rows, ...workloadRows, ...workloadRows.map(inPrefill)].map(refusedBy),
  ...draRows.map(
    ([rule, annotations, key, type, detail]): RefusedService => ({
      rule,
      spec: {},
      annotations,
      field: `metadata.annotations[${dra(key)}]`,
      type,
      detail,
      ...EVERYWHERE,
    }),
  ),
];
