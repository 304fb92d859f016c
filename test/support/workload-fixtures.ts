import { kinds } from '../../api/kinds.ts';
import type { Container, KubeObject, ObjectMeta } from '../../api/kubernetes.ts';
import { defaultOptions, type Options } from '../../api/options.ts';
import type { LLMInferenceServiceSpec, LLMInferenceServiceStatus, PodTemplate } from '../../api/types.ts';
import type { ResolvedAdapter } from '../../assemble/adapters.ts';
import type { AutoscalingSettings, CredentialSettings, Settings, StorageSettings } from '../../assemble/settings.ts';
import type { Context } from '../../render/children.ts';
import { ingress } from './router-fixtures.ts';

export const NOW = Date.parse('2026-01-01T00:00:00Z');
export const NAMESPACE = 'ml';
export const UID = 'uid-of-llama';

interface Overrides {
  readonly metadata?: Partial<ObjectMeta>;
  readonly spec?: LLMInferenceServiceSpec;
  readonly status?: LLMInferenceServiceStatus;
  readonly adapters?: readonly ResolvedAdapter[];
  readonly storage?: Partial<StorageSettings>;
  readonly s3?: Partial<CredentialSettings['s3']>;
  readonly enableTLS?: boolean;
  readonly expirationAnnotations?: readonly string[];
  readonly autoscaling?: Partial<AutoscalingSettings['prometheus']>;
  readonly metricsAdapter?: unknown;
  readonly options?: Partial<Options>;
  readonly stopped?: boolean;
}

export const storage: StorageSettings = {
  image: 'registry.example.com/storage-initializer:v1',
  cpuRequest: '100m',
  cpuLimit: '1',
  memoryRequest: '100Mi',
  memoryLimit: '1Gi',
  cpuModelcar: '10m',
  memoryModelcar: '15Mi',
  configuredOciMode: '',
  ociMode: 'modelcar',
  caBundleConfigMapName: '',
  caBundleVolumeMountPath: '',
};

const s3: CredentialSettings['s3'] = {
  accessKeyIdName: '',
  secretAccessKeyName: '',
  endpoint: '',
  useHttps: '',
  region: '',
  verifySSL: '',
  useVirtualBucket: '',
  useAccelerate: '',
  useAnonymousCredential: '',
  caBundleConfigMap: '',
  caBundle: '',
};

/** A context for service `llama` in namespace `ml` with a model from the hub and one container; `overrides` change it. */
export function workloadContext(overrides: Overrides = {}): Context {
  const { autoscaling, metricsAdapter } = overrides;
  const settings: Settings = {
    ingress: ingress({ enableTLS: overrides.enableTLS ?? true }),
    storage: { ...storage, ...overrides.storage },
    credentials: {
      storageSecretNameAnnotation: 'serving.kserve.io/storageSecretName',
      gcsCredentialFileName: '',
      s3: { ...s3, ...overrides.s3 },
    },
    expirationAnnotations: overrides.expirationAnnotations ?? ['certificates.kserve.io/expiration'],
    ...(autoscaling === undefined
      ? {}
      : {
          autoscaling: {
            prometheus: {
              url: '',
              tlsInsecureSkipVerify: false,
              authModes: '',
              triggerAuthName: '',
              triggerAuthKind: '',
              namespaceLabel: 'exported_namespace',
              ...autoscaling,
            },
          },
        }),
    ...(metricsAdapter === undefined ? {} : { metricsAdapter }),
  };
  return {
    service: {
      apiVersion: kinds.service.apiVersion,
      kind: kinds.service.kind,
      metadata: { name: 'llama', namespace: NAMESPACE, uid: UID, ...overrides.metadata } as Context['service']['metadata'],
      ...(overrides.status ? { status: overrides.status } : {}),
    },
    spec: { model: { uri: 'hf://meta/llama', name: 'llama' }, template: pod(), ...overrides.spec },
    adapters: overrides.adapters ?? [],
    settings,
    options: { ...defaultOptions, ...overrides.options },
    now: NOW,
    stopped: overrides.stopped ?? false,
  };
}

/** A pod spec with one container, `main` unless said otherwise. */
export function pod(main: Partial<Container> = {}, rest: PodTemplate = {}): PodTemplate {
  return { containers: [{ name: 'main', image: 'vllm', ...main }], ...rest };
}

/** A pod spec with the prefill/decode routing sidecar. */
export function podWithSidecar(sidecar: Partial<Container> = {}, rest: PodTemplate = {}): PodTemplate {
  return pod({}, { initContainers: [{ name: 'llm-d-routing-sidecar', ...sidecar }], ...rest });
}

export function account(name: string, rest: { annotations?: Record<string, string>; secrets?: string[]; pullSecrets?: string[] } = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: NAMESPACE, ...(rest.annotations ? { annotations: rest.annotations } : {}) },
    ...(rest.secrets ? { secrets: rest.secrets.map((secret) => ({ name: secret })) } : {}),
    ...(rest.pullSecrets ? { imagePullSecrets: rest.pullSecrets.map((secret) => ({ name: secret })) } : {}),
  };
}

/** A Secret with text values. */
export function secret(name: string, values: Record<string, string>, annotations: Record<string, string> = {}): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: NAMESPACE, annotations }, data };
}

/** The object as the server would return it: the same, controlled by the service. */
export function ownedByLlama(object: KubeObject): KubeObject {
  const owner = { apiVersion: kinds.service.apiVersion, kind: kinds.service.kind, name: 'llama', uid: UID, controller: true };
  return { ...object, metadata: { namespace: NAMESPACE, ...object.metadata, ownerReferences: [owner] } };
}
