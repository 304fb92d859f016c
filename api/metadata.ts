/** Labels, annotations, finalizers and their values that appear on the wire (R1 §15). */
export const PART_OF = 'llminferenceservice';

export const labels = {
  name: 'app.kubernetes.io/name',
  partOf: 'app.kubernetes.io/part-of',
  component: 'app.kubernetes.io/component',
  kserveComponent: 'kserve.io/component',
  role: 'llm-d.ai/role',
  routingGroup: 'serving.kserve.io/routing-group',
  localModel: 'internal.serving.kserve.io/localmodel',
  localModelNamespace: 'internal.serving.kserve.io/localmodel-namespace',
  gatewayName: 'gateway.networking.k8s.io/gateway-name',
  envoyGatewayName: 'gateway.envoyproxy.io/owning-gateway-name',
  envoyGatewayNamespace: 'gateway.envoyproxy.io/owning-gateway-namespace',
  acceleratorName: 'inference.optimization/acceleratorName',
} as const;

/** Values of `app.kubernetes.io/component` (R3.31, R4.2, R5.27). */
export const components = {
  workload: 'llminferenceservice-workload',
  workloadPrefill: 'llminferenceservice-workload-prefill',
  worker: 'llminferenceservice-workload-worker',
  leader: 'llminferenceservice-workload-leader',
  workerPrefill: 'llminferenceservice-workload-worker-prefill',
  leaderPrefill: 'llminferenceservice-workload-leader-prefill',
  scheduler: 'llminferenceservice-router-scheduler',
  router: 'llminferenceservice-router',
  tokenizer: 'tokenizer',
} as const;

export const annotations = {
  stop: 'serving.kserve.io/stop',
  disableLocalModel: 'serving.kserve.io/disable-localmodel',
  nodeGroup: 'serving.kserve.io/nodegroup',
  draDeviceClass: 'serving.kserve.io/exp-dra-device-class',
  draCelSelector: 'serving.kserve.io/exp-dra-cel-selector',
  draDeviceCount: 'serving.kserve.io/exp-dra-device-count',
  draContainerName: 'serving.kserve.io/exp-dra-container-name',
  inferencePoolMigrated: 'serving.kserve.io/inference-pool-migrated',
  modelBasedRouting: 'serving.kserve.io/model-based-routing-enabled',
  modelCriticality: 'internal.serving.kserve.io/model-criticality',
  loraCriticalities: 'internal.serving.kserve.io/lora-criticalities',
  /** What v1alpha1 has no field for, as JSON (B1). */
  hubOnly: 'internal.serving.kserve.io/v1alpha2-only',
  localModelSourceUri: 'internal.serving.kserve.io/localmodel-sourceuri',
  localModelPvcName: 'internal.serving.kserve.io/localmodel-pvc-name',
  /** `current` makes the pinned preset names follow the current prefix; not known to the reference. */
  presetPins: 'serving.kserve.io/preset-pins',
  /** On a claim template that was replaced, and on the pods that have to follow it (B3.17); not known to the reference. */
  deviceRevision: 'internal.serving.kserve.io/device-revision',
  /** `true` on a well-known config lets it be deleted in spite of the protection; not known to the reference (B29). */
  allowDeletion: 'serving.kserve.io/allow-deletion',
  /** How long the deletion of a service waits for its routing group, as `30s`; not known to the reference (B5.11). */
  groupFinalizationTimeout: 'serving.kserve.io/group-finalization-timeout',
  version: 'app.kubernetes.io/version',
  injectCaFrom: 'cert-manager.io/inject-ca-from',
} as const;

/** Annotations by which autoscaling controllers recognise an actuator (R6.22). */
export const actuatorAnnotations = {
  managed: 'llm-d.ai/managed',
  modelId: 'llm-d.ai/model-id',
  variantCost: 'llm-d.ai/variant-cost',
} as const;

/** The label by which KEDA finds the ScaledObject of its HPA; KEDA puts it on (R6.31). */
export const SCALED_OBJECT_LABEL = 'scaledobject.keda.sh/name';
/** Prefix of the annotations by which KEDA is told to pause a ScaledObject, and the like. */
export const KEDA_ANNOTATIONS = 'autoscaling.keda.sh/';

export const finalizers = {
  service: 'serving.kserve.io/llmisvc-finalizer',
  config: 'serving.kserve.io/llmisvcconfig-finalizer',
} as const;

/** Prefix of the keys in `status.annotations` that pin preset names (R2.13). */
export const PIN_PREFIX = 'serving.kserve.io/';

export const SETTINGS_CONFIG_MAP = 'inferenceservice-config';
/** The key in it that says where the desired replicas are published (R6.10). */
export const AUTOSCALING_SETTINGS = 'autoscaling-wva-controller-config';
