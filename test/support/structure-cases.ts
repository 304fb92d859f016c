/**
 * Specs of a service (v1alpha2) that the schema accepts and refuses. The offline checker and a real API server are held to the same
 * table.
 */

import { acceptedRoutes, refusedRoutes, route } from './route-cases.ts';

const POOL = {
  selector: { matchLabels: { app: 'x' } },
  targetPorts: [{ number: 8000 }],
  endpointPickerRef: { name: 'picker', port: { number: 9002 } },
};
const TRIGGERS = [{ type: 'cpu', metadata: { value: '60' } }];
const NO_HPA_NAME = 'horizontalPodAutoscalerConfig.name must not be set; the controller manages the HPA name';
const NO_MODIFIERS = 'scalingModifiers must not be set; WVA controls the scaling metric formula and logic';
const IDLE = 'idleReplicaCount must be less than minReplicas; idleReplicaCount defines the replica floor when no triggers are active';

const RULE = 'spec.router.route.http.spec.rules[0]';
const PREFIX_REWRITE = { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } };
const REDIRECT = { type: 'RequestRedirect', requestRedirect: { hostname: 'a.example.com' } };
const PREFIX_NEEDS_MATCH = 'When using URLRewrite filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified';

export const acceptedSpecs: readonly (readonly [title: string, spec: unknown])[] = [
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
  ['a rule that rewrites its prefix', route({ matches: [{ path: { value: '/a' } }], filters: [PREFIX_REWRITE] })],
  ['a regular expression as a path', route({ matches: [{ path: { type: 'RegularExpression', value: 'a//b#' } }] })],
  ['a backend of another kind, without port', route({ backendRefs: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'a' }] })],
  ['time-outs in order', route({ timeouts: { request: '1m30s', backendRequest: '90s' } })],
  ['LoRA adapters', { model: { uri: 'hf://a/b', lora: { adapters: [{ name: 'a', uri: 'hf://a/c' }] } } }],
  ['an empty route spec', { router: { route: { http: { spec: {} } } } }],
  ...acceptedRoutes,
  ['Kubernetes 1.34 pod fields', { template: { hostnameOverride: 'a', containers: [{ name: 'main', restartPolicyRules: [] }] } }],
];

/** With the errors: `<field>: <message>`. */
export const refusedSpecs: readonly (readonly [title: string, spec: unknown, errors: string | readonly string[]])[] = [
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
    [
      'spec.scaling.keda.triggers: Invalid value: 0: spec.scaling.keda.triggers in body should have at least 1 items',
      'spec.scaling: Invalid value: at least one trigger is required when using direct KEDA scaling',
    ],
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
  [
    'a relative path',
    route({ matches: [{ path: { value: 'a' } }] }),
    `${RULE}.matches[0].path: Invalid value: value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']`,
  ],
  [
    'a path with a fragment',
    route({ matches: [{ path: { value: '/a#b' } }] }),
    [
      `${RULE}.matches[0].path: Invalid value: must not contain '#' when type one of ['Exact', 'PathPrefix']`,
      `${RULE}.matches[0].path: Invalid value: must only contain valid characters (matching ^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$) for types ['Exact', 'PathPrefix']`,
    ],
  ],
  [
    'a Service without port as backend',
    route({ backendRefs: [{ name: 'a' }] }),
    `${RULE}.backendRefs[0]: Invalid value: Must have port for Service reference`,
  ],
  [
    'a filter of one type with the content of another',
    route({ filters: [{ type: 'RequestRedirect', urlRewrite: {} }] }),
    [
      `${RULE}.filters[0]: Invalid value: filter.requestRedirect must be specified for RequestRedirect filter.type`,
      `${RULE}.filters[0]: Invalid value: filter.urlRewrite must be nil if the filter.type is not URLRewrite`,
    ],
  ],
  [
    'a redirect next to backends',
    route({ filters: [REDIRECT], backendRefs: [{ name: 'a', port: 80 }] }),
    `${RULE}: Invalid value: RequestRedirect filter must not be used together with backendRefs`,
  ],
  [
    'a prefix rewrite of a backend with two matches',
    route({
      matches: [{}, { path: { value: '/a' } }],
      backendRefs: [
        { name: 'a', port: 80, filters: [PREFIX_REWRITE] },
        { name: 'b', port: 80 },
      ],
    }),
    `${RULE}: Invalid value: Within backendRefs, ${PREFIX_NEEDS_MATCH}`,
  ],
  [
    'a backend time-out beyond the whole',
    route({ timeouts: { request: '1s', backendRequest: '1500ms' } }),
    `${RULE}.timeouts: Invalid value: backendRequest timeout cannot be longer than request timeout`,
  ],
  [
    'a permanent session without its end',
    route({ sessionPersistence: { cookieConfig: { lifetimeType: 'Permanent' } } }),
    `${RULE}.sessionPersistence: Invalid value: AbsoluteTimeout must be specified when cookie lifetimeType is Permanent`,
  ],
  ...refusedRoutes,
  [
    'more matches than a route may have',
    { router: { route: { http: { spec: { rules: Array.from({ length: 3 }, () => ({ matches: Array.from({ length: 43 }, () => ({})) })) } } } } },
    'spec.router.route.http.spec.rules: Invalid value: While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a route must be less than 128',
  ],
];

/** What only the offline checker reports as errors of a field: the server cannot decode the first two, and does not look into the third. */
export const refusedOffline: typeof refusedSpecs = [
  ['an unknown field', { modle: {} }, 'spec.modle: Forbidden: unknown field "spec.modle", did you mean "model"?'],
  [
    'an unknown field of a pod',
    { template: { somethingElse: 1 } },
    'spec.template.somethingElse: Forbidden: unknown field "spec.template.somethingElse"',
  ],
  [
    'adapters that are no list (B6)',
    { model: { uri: 'a', lora: { adapters: {} } } },
    'spec.model.lora.adapters: Invalid value: "object": spec.model.lora.adapters in body must be of type array: "object"',
  ],
];
