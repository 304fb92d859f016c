/** What is needed to address a kind on the API server and to name it in events (R3 §1.4: `v1.Deployment`). */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Package-qualified type name, as clients know it from the reference's events and errors. */
  readonly typeName: string;
}

const kind = (apiVersion: string, name: string, plural: string, options: { namespaced?: boolean; typeName?: string } = {}): Kind => ({
  apiVersion,
  kind: name,
  plural,
  namespaced: options.namespaced ?? true,
  typeName: options.typeName ?? `${apiVersion.slice(apiVersion.indexOf('/') + 1)}.${name}`,
});

export const SERVING_GROUP = 'serving.kserve.io';
export const POOL_GROUP_V1 = 'inference.networking.k8s.io';
export const POOL_GROUP_V1ALPHA2 = 'inference.networking.x-k8s.io';
export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** The kinds this project reads or writes, by a short name of their own. */
export const kinds = {
  service: kind('serving.kserve.io/v1alpha2', 'LLMInferenceService', 'llminferenceservices'),
  config: kind('serving.kserve.io/v1alpha2', 'LLMInferenceServiceConfig', 'llminferenceserviceconfigs'),
  localModelCache: kind('serving.kserve.io/v1alpha1', 'LocalModelCache', 'localmodelcaches', { namespaced: false }),
  localModelNamespaceCache: kind('serving.kserve.io/v1alpha1', 'LocalModelNamespaceCache', 'localmodelnamespacecaches'),
  deployment: kind('apps/v1', 'Deployment', 'deployments'),
  replicaSet: kind('apps/v1', 'ReplicaSet', 'replicasets'),
  leaderWorkerSet: kind('leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', 'leaderworkersets'),
  pod: kind('v1', 'Pod', 'pods'),
  coreService: kind('v1', 'Service', 'services'),
  serviceAccount: kind('v1', 'ServiceAccount', 'serviceaccounts'),
  secret: kind('v1', 'Secret', 'secrets'),
  configMap: kind('v1', 'ConfigMap', 'configmaps'),
  namespace: kind('v1', 'Namespace', 'namespaces', { namespaced: false }),
  event: kind('v1', 'Event', 'events'),
  role: kind('rbac.authorization.k8s.io/v1', 'Role', 'roles'),
  roleBinding: kind('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings'),
  clusterRole: kind('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', { namespaced: false }),
  clusterRoleBinding: kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', { namespaced: false }),
  lease: kind('coordination.k8s.io/v1', 'Lease', 'leases'),
  horizontalPodAutoscaler: kind('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  scaledObject: kind('keda.sh/v1alpha1', 'ScaledObject', 'scaledobjects'),
  resourceClaimTemplate: kind('resource.k8s.io/v1', 'ResourceClaimTemplate', 'resourceclaimtemplates'),
  gateway: kind('gateway.networking.k8s.io/v1', 'Gateway', 'gateways'),
  gatewayClass: kind('gateway.networking.k8s.io/v1', 'GatewayClass', 'gatewayclasses', { namespaced: false }),
  httpRoute: kind('gateway.networking.k8s.io/v1', 'HTTPRoute', 'httproutes'),
  inferencePool: kind('inference.networking.k8s.io/v1', 'InferencePool', 'inferencepools'),
  inferencePoolAlpha: kind('inference.networking.x-k8s.io/v1alpha2', 'InferencePool', 'inferencepools', { typeName: 'v1alpha2pool.InferencePool' }),
  customResourceDefinition: kind('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', { namespaced: false }),
  mutatingWebhookConfiguration: kind('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', {
    namespaced: false,
  }),
  validatingWebhookConfiguration: kind('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', {
    namespaced: false,
  }),
} as const satisfies Record<string, Kind>;

const byApiVersionAndKind = new Map(Object.values(kinds).map((k) => [`${k.apiVersion} ${k.kind}`, k as Kind]));

/** The known kind of an object, or undefined. */
export function kindOf(object: { apiVersion: string; kind: string }): Kind | undefined {
  return byApiVersionAndKind.get(`${object.apiVersion} ${object.kind}`);
}

/** The API group of a kind; `""` is the core group. */
export function groupOf(kind: { apiVersion: string }): string {
  const slash = kind.apiVersion.indexOf('/');
  return slash < 0 ? '' : kind.apiVersion.slice(0, slash);
}
