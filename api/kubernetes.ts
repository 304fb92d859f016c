import type {
  V1Affinity,
  V1ConfigMap,
  V1Container,
  V1ContainerPort,
  V1Deployment,
  V1EnvVar,
  V1LabelSelector,
  V1PersistentVolumeClaimSpec,
  V1Pod,
  V1PodSpec,
  V1PodTemplateSpec,
  V1PolicyRule,
  V1Probe,
  V1ResourceRequirements,
  V1Secret,
  V1Service,
  V1ServiceAccount,
  V1Volume,
  V1VolumeMount,
  V2HorizontalPodAutoscalerBehavior,
} from '@kubernetes/client-node';

/** Types of built-in kinds, taken from the client library. Everything else about objects in this project is plain JSON. */
export type {
  V1Affinity as Affinity,
  V1ConfigMap as ConfigMap,
  V1Container as Container,
  V1ContainerPort as ContainerPort,
  V1Deployment as Deployment,
  V1EnvVar as EnvVar,
  V1LabelSelector as LabelSelector,
  V1PersistentVolumeClaimSpec as PersistentVolumeClaimSpec,
  V1Pod as Pod,
  V1PodSpec as PodSpec,
  V1PodTemplateSpec as PodTemplateSpec,
  V1PolicyRule as PolicyRule,
  V1Probe as Probe,
  V1ResourceRequirements as ResourceRequirements,
  V1Secret as Secret,
  V1Service as Service,
  V1ServiceAccount as ServiceAccount,
  V1Volume as Volume,
  V1VolumeMount as VolumeMount,
  V2HorizontalPodAutoscalerBehavior as HorizontalPodAutoscalerBehavior,
};

export type IntOrString = number | string;
/** A Kubernetes resource quantity as it stands on the wire. */
export type Quantity = string | number;

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Object metadata as JSON: times are RFC 3339 strings. */
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: unknown[];
}

/** Any Kubernetes object, as JSON. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** A condition as it stands on the wire of both serving kinds (R1 §5.1). */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  severity?: string;
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}
