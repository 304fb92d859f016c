import { expect } from 'chai';
import { type Answer, answer, type Question } from '../../../../api/inquiry.ts';
import type { Container, Deployment, KubeObject } from '../../../../api/kubernetes.ts';
import { defaultOptions } from '../../../../api/options.ts';
import type { LLMInferenceServiceSpec, SchedulerSpec } from '../../../../api/types.ts';
import type { Settings } from '../../../../assemble/settings.ts';
import type { Context, Stage, StageName } from '../../../../render/children.ts';
import { readYaml } from '../../../../render/scheduler/config-yaml.ts';
import { renderScheduler } from '../../../../render/scheduler/scheduler.ts';

export const settings: Settings = {
  ingress: {
    gatewayNamespace: 'kserve',
    gatewayName: 'kserve-ingress-gateway',
    urlScheme: 'http',
    enableTLS: false,
    modelBasedRoutingHeaderName: 'X-Gateway-Model-Name',
    modelBasedRoutingMode: 'enabled',
    disableRouteTimeouts: false,
  },
  storage: {
    image: 'kserve/storage-initializer:v0.20.0',
    cpuRequest: '100m',
    cpuLimit: '1',
    memoryRequest: '100Mi',
    memoryLimit: '1Gi',
    cpuModelcar: '10m',
    memoryModelcar: '15Mi',
    configuredOciMode: '',
    ociMode: 'disabled',
    caBundleConfigMapName: '',
    caBundleVolumeMountPath: '',
  },
  credentials: {
    storageSecretNameAnnotation: '',
    gcsCredentialFileName: '',
    s3: {
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
    },
  },
  expirationAnnotations: ['certificates.kserve.io/expiration'],
};

export const withTLS: Settings = { ...settings, ingress: { ...settings.ingress, enableTLS: true } };

/** Command of the shipped scheduler preset, as rendered for service `demo` in namespace `ml` (02b R2b.42). */
export function presetCommand(tls: boolean): string[] {
  const plain = [
    '--pool-name',
    'demo-inference-pool',
    '--pool-namespace',
    'ml',
    '--zap-encoder',
    'json',
    '--grpc-port',
    '9002',
    '--grpc-health-port',
    '9003',
  ];
  const secure = ['--enable-cert-reload=true', '--secure-serving=true', '--model-server-metrics-scheme=https', '--cert-path=/var/run/kserve/tls'];
  return ['/app/epp', ...plain, ...secure.map((flag) => (tls ? flag : ''))];
}

/** The scheduler as the shipped preset makes it, with other fields of container `main` and of the scheduler on top. */
export function presetScheduler(main: Partial<Container> = {}, scheduler: SchedulerSpec = {}, tls = false): SchedulerSpec {
  return {
    annotations: { 'app.kubernetes.io/version': '0.10.0' },
    pool: {
      spec: {
        selector: {
          matchLabels: { 'app.kubernetes.io/name': 'demo', 'app.kubernetes.io/part-of': 'llminferenceservice', 'kserve.io/component': 'workload' },
        },
        targetPorts: [{ number: 8000 }],
        endpointPickerRef: { kind: 'Service', name: 'demo-epp-service', port: { number: 9002 }, failureMode: 'FailOpen' },
      },
    },
    template: {
      serviceAccountName: 'demo-epp-sa',
      containers: [
        {
          name: 'main',
          image: 'ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0',
          command: presetCommand(tls),
          ports: [
            { name: 'grpc', containerPort: 9002, protocol: 'TCP' },
            { name: 'grpc-health', containerPort: 9003, protocol: 'TCP' },
            { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
            { name: 'zmq', containerPort: 5557, protocol: 'TCP' },
          ],
          ...main,
        },
      ],
    },
    ...scheduler,
  };
}

/** A service `demo` in namespace `ml` with the given merged spec. */
export function contextOf(spec: LLMInferenceServiceSpec, overrides: Partial<Context> = {}): Context {
  return {
    service: {
      apiVersion: 'serving.kserve.io/v1alpha2',
      kind: 'LLMInferenceService',
      metadata: { name: 'demo', namespace: 'ml', uid: 'uid-demo' },
    },
    spec: { model: { uri: 'hf://Qwen/Qwen2.5-7B-Instruct', name: 'qwen' }, ...spec },
    adapters: [],
    settings,
    options: defaultOptions,
    now: 0,
    stopped: false,
    ...overrides,
  };
}

/** Answers questions from a list of objects; both InferencePool kinds are served unless `alpha` is false. */
export function cluster(objects: readonly KubeObject[] = [], alpha = true): (question: Question) => Answer {
  return (question) => {
    if (question.ask === 'served') return alpha || question.kind.kind !== 'InferencePool';
    if (question.ask === 'certificate') throw new Error('no certificate is needed here');
    const { kind, namespace } = question;
    const found = objects.filter((o) => o.apiVersion === kind.apiVersion && o.kind === kind.kind && (o.metadata.namespace ?? '') === namespace);
    if (question.ask === 'get') return found.find(({ metadata }) => metadata.name === question.name);
    return found.filter(({ metadata }) => Object.entries(question.labels).every(([key, value]) => metadata.labels?.[key] === value));
  };
}

export function stagesOf(context: Context, objects: readonly KubeObject[] = [], alpha = true): Stage[] {
  return answer(renderScheduler(context), cluster(objects, alpha));
}

export function stageOf(stages: readonly Stage[], name: StageName): Stage {
  const stage = stages.find((candidate) => candidate.name === name);
  expect(stage, `stage ${name}`).to.not.equal(undefined);
  return stage as Stage;
}

/** The first object of a kind and name that the stages want. */
export function objectOf(stages: readonly Stage[], kind: string, name: string): KubeObject {
  const found = stages.flatMap(({ present }) => present).find((object) => object.kind === kind && object.metadata.name === name);
  expect(found, `${kind} ${name} in ${JSON.stringify(stages.map((stage) => [stage.name, stage.rejection]))}`).to.not.equal(undefined);
  return found as KubeObject;
}

/** The Deployment of the picker that the stages want. */
export function pickerOf(stages: readonly Stage[]): Deployment {
  return objectOf(stages, 'Deployment', 'demo-kserve-router-scheduler') as unknown as Deployment;
}

export function containerOf(deployment: Deployment, name = 'main'): Container {
  const container = deployment.spec?.template.spec?.containers.find((candidate) => candidate.name === name);
  expect(container, `container ${name}`).to.not.equal(undefined);
  return container as Container;
}

export interface ReadConfig {
  apiVersion: string;
  plugins: { type: string; name?: string; parameters?: object }[];
  schedulingProfiles: unknown[];
}

/** The config in the arguments of the picker's container, read. */
export function configOf(deployment: Deployment): ReadConfig {
  const args = containerOf(deployment).args ?? [];
  return readYaml(args[args.indexOf('--config-text') + 1] ?? '') as ReadConfig;
}

export const selectorLabels = {
  'app.kubernetes.io/component': 'llminferenceservice-router-scheduler',
  'app.kubernetes.io/name': 'demo',
  'app.kubernetes.io/part-of': 'llminferenceservice',
};

/** A live picker Deployment whose container has these arguments. */
export function livePicker(args: readonly string[], labels: Record<string, string> = selectorLabels, container = 'main'): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'demo-kserve-router-scheduler', namespace: 'ml' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: container, args: [...args] }] } } },
  };
}
