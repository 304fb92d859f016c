import type { KubeObject } from '../../api/kubernetes.ts';
import type { Owner } from '../../controllers/runtime/apply.ts';

const NAME = 'qwen';
const identity = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': 'llminferenceservice' };

const probe = (path: string, port: number) => ({ httpGet: { path, port, scheme: 'HTTPS' }, initialDelaySeconds: 0, failureThreshold: 60 });

/** A pod template as presets and accelerators make them, leaving to the server what they leave to it. */
export const podTemplate = {
  metadata: { labels: identity, annotations: { 'prometheus.io/port': '8000' } },
  spec: {
    serviceAccountName: `${NAME}-kserve`,
    terminationGracePeriodSeconds: 60,
    hostNetwork: false,
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    initContainers: [
      {
        name: 'storage-initializer',
        image: 'registry.example.com/kserve/storage-initializer:v0.20.0',
        args: ['hf://Qwen/Qwen3-8B', '/mnt/models'],
        resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: '0.1', memory: '100Mi' } },
        volumeMounts: [{ name: 'kserve-provision-location', mountPath: '/mnt/models', readOnly: false }],
      },
      { name: 'sidecar', image: 'registry.example.com/sidecar', restartPolicy: 'Always', env: [] },
    ],
    containers: [
      {
        name: 'main',
        image: 'ghcr.io/llm-d/llm-d-cuda:v0.9.0',
        command: ['/bin/bash', '-c', 'vllm serve'],
        env: [
          { name: 'HOME', value: '/home' },
          { name: 'EMPTY', value: '' },
          { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hf', key: 'token', optional: true } } },
          { name: 'CPUS', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        ],
        ports: [{ containerPort: 8000 }, { name: 'metrics', containerPort: 9090, protocol: 'TCP' }],
        resources: { limits: { 'nvidia.com/gpu': 1 }, claims: [{ name: 'gpu' }] },
        livenessProbe: probe('/health', 8000),
        readinessProbe: { httpGet: { port: 'metrics' }, periodSeconds: 1 },
        startupProbe: { grpc: { port: 9003 } },
        lifecycle: { preStop: { httpGet: { path: '/drain', port: 8000 } } },
        securityContext: { capabilities: { drop: ['ALL'] }, runAsNonRoot: true },
        volumeMounts: [
          { name: 'dshm', mountPath: '/dev/shm' },
          { name: 'tls-certs', mountPath: '/var/run/kserve/tls', readOnly: true },
          { name: 'kserve-provision-location', mountPath: '/mnt/models', readOnly: true },
        ],
      },
    ],
    resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: `${NAME}-managed-dra` }],
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { 'app.kubernetes.io/name': NAME } } },
    ],
    volumes: [
      { name: 'dshm', emptyDir: { medium: 'Memory', sizeLimit: '8192Mi' } },
      { name: 'kserve-provision-location', emptyDir: {} },
      { name: 'tls-certs', secret: { secretName: `${NAME}-kserve-self-signed-certs` } },
      { name: 'config', configMap: { name: 'config', items: [{ key: 'a', path: 'a' }] } },
      { name: 'model', image: { reference: 'registry.example.com/model:v1' } },
      { name: 'weights', persistentVolumeClaim: { claimName: 'weights', readOnly: false } },
      {
        name: 'token',
        projected: {
          sources: [
            { serviceAccountToken: { path: 'token' } },
            { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          ],
        },
      },
      {
        name: 'scratch',
        ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Gi' } } } } },
      },
    ],
  },
};

/** One object of each kind the reconcilers write, owned by `owner`, in its namespace. */
export function typicalChildren(owner: Owner): Record<string, KubeObject> {
  const { namespace = '', name = '', uid = '' } = owner.metadata;
  const ownerReferences = [{ apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true }];
  const child = (apiVersion: string, kind: string, suffix: string, rest: object): KubeObject => ({
    apiVersion,
    kind,
    metadata: { namespace, name: `${NAME}${suffix}`, labels: identity, ownerReferences },
    ...rest,
  });
  const roleRef = { kind: 'Role', name: `${NAME}-kserve-role`, apiGroup: 'rbac.authorization.k8s.io' };
  return {
    Deployment: child('apps/v1', 'Deployment', '-kserve', { spec: { selector: { matchLabels: identity }, template: podTemplate } }),
    'Deployment that recreates': child('apps/v1', 'Deployment', '-tokenizer', {
      spec: { replicas: 1, strategy: { type: 'Recreate' }, minReadySeconds: 0, selector: { matchLabels: identity }, template: podTemplate },
    }),
    'Deployment with half a strategy': child('apps/v1', 'Deployment', '-kserve-prefill', {
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } }, selector: { matchLabels: identity }, template: podTemplate },
    }),
    LeaderWorkerSet: child('leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', '-kserve-mn', {
      spec: {
        leaderWorkerTemplate: { leaderTemplate: podTemplate, workerTemplate: podTemplate, size: 2, restartPolicy: 'RecreateGroupOnPodRestart' },
        startupPolicy: 'LeaderCreated',
      },
    }),
    Service: child('v1', 'Service', '-kserve-workload-svc', {
      spec: { selector: identity, ports: [{ name: 'https', port: 8000, appProtocol: 'https' }] },
    }),
    'headless Service': child('v1', 'Service', '-epp-service', {
      spec: { clusterIP: 'None', type: 'ClusterIP', selector: identity, ports: [{ name: 'grpc', port: 9002, targetPort: 'grpc', protocol: 'TCP' }] },
    }),
    Secret: child('v1', 'Secret', '-kserve-self-signed-certs', { type: 'kubernetes.io/tls', data: { 'tls.crt': 'YQ==', 'tls.key': 'Yg==' } }),
    'Secret with text': child('v1', 'Secret', '-token', { stringData: { token: 'abc' } }),
    ConfigMap: child('v1', 'ConfigMap', '-ca', { data: { 'ca.crt': 'x' } }),
    ServiceAccount: child('v1', 'ServiceAccount', '-kserve', { imagePullSecrets: [{ name: 'registry' }] }),
    Role: child('rbac.authorization.k8s.io/v1', 'Role', '-kserve-role', {
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
    }),
    RoleBinding: child('rbac.authorization.k8s.io/v1', 'RoleBinding', '-kserve-rb', {
      roleRef,
      subjects: [{ kind: 'ServiceAccount', name: `${NAME}-kserve`, namespace }],
    }),
    ClusterRoleBinding: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: `${namespace}-${NAME}-epp-auth-rb`, labels: identity },
      roleRef: { ...roleRef, kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects: [{ kind: 'ServiceAccount', name: `${NAME}-epp-sa`, namespace }],
    },
    HorizontalPodAutoscaler: child('autoscaling/v2', 'HorizontalPodAutoscaler', '-kserve-hpa', {
      spec: {
        maxReplicas: 4,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${NAME}-kserve` },
        metrics: [
          { type: 'External', external: { metric: { name: 'm', selector: { matchLabels: identity } }, target: { type: 'Value', value: '1000m' } } },
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
        behavior: { scaleUp: { stabilizationWindowSeconds: 0 }, scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } },
      },
    }),
    ScaledObject: child('keda.sh/v1alpha1', 'ScaledObject', '-kserve-keda', {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${NAME}-kserve` },
        minReplicaCount: 1,
        maxReplicaCount: 4,
        triggers: [
          { type: 'prometheus', name: 'wva', metricType: 'AverageValue', metadata: { serverAddress: 'http://p', query: 'q', threshold: '1' } },
        ],
      },
    }),
    InferencePool: child('inference.networking.k8s.io/v1', 'InferencePool', '-inference-pool', {
      spec: {
        selector: { matchLabels: identity },
        targetPorts: [{ number: 8000 }],
        endpointPickerRef: { name: `${NAME}-epp-service`, port: { number: 9002 } },
      },
    }),
    'InferencePool v1alpha2': child('inference.networking.x-k8s.io/v1alpha2', 'InferencePool', '-inference-pool', {
      spec: { selector: identity, targetPortNumber: 8000, extensionRef: { name: `${NAME}-epp-service`, portNumber: 9002 } },
    }),
    HTTPRoute: child('gateway.networking.k8s.io/v1', 'HTTPRoute', '-kserve-route', {
      spec: {
        parentRefs: [{ name: 'kserve-ingress-gateway', namespace: 'kserve' }],
        rules: [
          {
            name: 'v1-completions-path',
            matches: [{ path: { type: 'PathPrefix', value: '/ns/qwen/v1/completions' } }],
            filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v1/completions' } } }],
            backendRefs: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', name: `${NAME}-inference-pool`, port: 8000 }],
            timeouts: { request: '0s', backendRequest: '0s' },
          },
          {
            matches: [{ headers: [{ name: 'x-model', value: NAME }], queryParams: [{ name: 'a', value: 'b' }] }],
            backendRefs: [{ name: 'svc', port: 80 }],
          },
          { backendRefs: [{ name: 'svc', port: 80, weight: 1 }] },
          { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] },
        ],
      },
    }),
    ResourceClaimTemplate: child('resource.k8s.io/v1', 'ResourceClaimTemplate', '-managed-dra', {
      spec: {
        metadata: { labels: identity },
        spec: {
          devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.nvidia.com', selectors: [{ cel: { expression: 'true' } }] } }] },
        },
      },
    }),
  };
}
