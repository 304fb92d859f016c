import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Part, partsOf, workloadPresets } from './preset-parts.ts';
import { startScript } from './preset-script.ts';

/**
 * The six workload presets differ in a handful of values (R2b.13) and share the rest: a container, a start script, a routing
 * sidecar. They are generated from one description so that they cannot drift apart. The other five presets are written by hand.
 */

const root = join(import.meta.dirname, '..');

const ENGINE_IMAGE = 'ghcr.io/llm-d/llm-d-cuda:v0.9.0';
const SIDECAR_IMAGE = 'ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.10.0';
const TLS_DIRECTORY = '/var/run/kserve/tls';
const SCHEME = '{{ if .GlobalConfig.EnableTLS }}HTTPS{{ else }}HTTP{{ end }}';
const onlyWithTls = (text: string) => `{{ if .GlobalConfig.EnableTLS }}${text}{{ end }}`;

const termination = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'FallbackToLogsOnError' };
const tlsMount = { mountPath: TLS_DIRECTORY, name: 'tls-certs', readOnly: true };

const unprivileged = (options: { add?: readonly string[]; seccomp: boolean }) => ({
  allowPrivilegeEscalation: false,
  // The NVIDIA CDI hook writes to the root file system.
  readOnlyRootFilesystem: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'], ...(options.add === undefined ? {} : { add: options.add }) },
  ...(options.seccomp ? { seccompProfile: { type: 'RuntimeDefault' } } : {}),
});

const healthOn = (port: number) => ({ httpGet: { path: '/health', port, scheme: SCHEME } });

function engineProbes(port: number) {
  return {
    livenessProbe: { ...healthOn(port), periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 10 },
    readinessProbe: { ...healthOn(port), periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 },
    startupProbe: { ...healthOn(port), periodSeconds: 10, failureThreshold: 60 },
  };
}

/** The vLLM container (R2b.10, R2b.11). */
function engineContainer(part: Part) {
  return {
    name: 'main',
    image: ENGINE_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    ports: [{ containerPort: part.port, protocol: 'TCP' }],
    command: ['/bin/bash', '-c', startScript(part), '--'],
    env: [
      { name: 'HOME', value: '/home' },
      { name: 'VLLM_LOGGING_LEVEL', value: 'INFO' },
      { name: 'HF_HUB_CACHE', value: '/models' },
      ...(part.randomDummyInputs ? [{ name: 'VLLM_RANDOMIZE_DP_DUMMY_INPUTS', value: '1' }] : []),
    ],
    securityContext: unprivileged({ seccomp: true, ...(part.dataParallel ? { add: ['IPC_LOCK', 'SYS_RAWIO', 'NET_RAW'] } : {}) }),
    lifecycle: { preStop: { exec: { command: ['/bin/sleep', '15'] } } },
    ...(part.pod === 'worker' && part.dataParallel ? {} : engineProbes(part.port)),
    ...termination,
    ...(part.terminationMessageFile ? { terminationMessagePolicy: 'File' } : {}),
    volumeMounts: [
      { mountPath: '/home', name: 'home' },
      { mountPath: '/tmp', name: 'tmp-dir' },
      { mountPath: '/dev/shm', name: 'dshm' },
      { mountPath: '/models', name: 'model-cache' },
      tlsMount,
    ],
  };
}

/** The native sidecar that decides per request where to prefill (R2b.30, R2b.31). */
function routingSidecar(part: Part) {
  return {
    name: 'llm-d-routing-sidecar',
    image: SIDECAR_IMAGE,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    ports: [{ containerPort: 8000, protocol: 'TCP' }],
    command: [
      '/app/pd-sidecar',
      '--port=8000',
      `--vllm-port=${part.port}`,
      '--kv-connector=nixlv2',
      '--enable-ssrf-protection=true',
      '--pool-group=inference.networking.x-k8s.io',
      '--inference-pool={{ .GlobalConfig.InferencePoolNamespacedName }}',
      '--secure-proxy={{ if .GlobalConfig.EnableTLS }}true{{ else }}false{{ end }}',
      onlyWithTls(`--cert-path=${TLS_DIRECTORY}`),
      onlyWithTls('--enable-tls=decoder'),
      onlyWithTls('--enable-tls=prefiller'),
    ],
    env: [
      { name: 'INFERENCE_POOL_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'SSL_CERT_DIR', value: `${TLS_DIRECTORY}:/var/run/secrets/kubernetes.io/serviceaccount:/etc/pki/tls/certs` },
    ],
    ...(part.dataParallel ? {} : { resources: {} }),
    securityContext: unprivileged({ seccomp: part.dataParallel }),
    livenessProbe: { ...healthOn(8000), initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 3 },
    readinessProbe: { ...healthOn(8000), initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 10 },
    ...termination,
    volumeMounts: [tlsMount],
  };
}

/** The volumes in the order clients compare (R2b.12, R2b.13). */
function volumes(part: Part) {
  const byName: Record<string, unknown> = {
    home: { name: 'home', emptyDir: {} },
    'tmp-dir': { name: 'tmp-dir', emptyDir: {} },
    dshm: { name: 'dshm', emptyDir: { medium: 'Memory', sizeLimit: part.sharedMemory } },
    'model-cache': { name: 'model-cache', emptyDir: {} },
    'tls-certs': { name: 'tls-certs', secret: { secretName: '{{ ChildName .ObjectMeta.Name `-kserve-self-signed-certs` }}' } },
  };
  return part.volumeOrder.map((name) => byName[name]);
}

const podTemplate = (part: Part) => ({
  terminationGracePeriodSeconds: 60,
  ...(part.sidecar ? { initContainers: [routingSidecar(part)] } : {}),
  containers: [engineContainer(part)],
  volumes: volumes(part),
});

/** One workload preset as an LLMInferenceServiceConfig. */
function workloadPreset(name: string) {
  const parts = partsOf(name);
  const workload = {
    // Tells the router that the servers answer to the publisher-qualified model name too (R2b.4).
    annotations: { 'serving.kserve.io/model-based-routing-enabled': 'true' },
    ...Object.fromEntries(parts.map((part) => [part.pod, podTemplate(part)])),
  };
  return {
    apiVersion: 'serving.kserve.io/v1alpha2',
    kind: 'LLMInferenceServiceConfig',
    metadata: { name: `kserve-${name}` },
    spec: parts.some((part) => part.prefill) ? { prefill: workload } : workload,
  };
}

/** The generated files: path relative to the repository, and content. */
export function generatePresets(): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, title] of Object.entries(workloadPresets)) {
    const text = stringify(workloadPreset(name), { lineWidth: 0, aliasDuplicateObjects: false });
    files.set(`presets/${name}.yaml`, `# ${title}\n# Generated by scripts/generate-presets.ts and presets/source. Do not edit.\n${text}`);
  }
  return files;
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  const current = (path: string) => {
    try {
      return readFileSync(join(root, path), 'utf8');
    } catch {
      return undefined;
    }
  };
  const stale = [...generatePresets()].filter(([path, content]) => current(path) !== content);
  for (const [path, content] of stale) {
    if (check) console.error(`${path} is stale: run node scripts/generate-presets.ts`);
    else writeFileSync(join(root, path), content);
  }
  process.exitCode = check && stale.length > 0 ? 1 : 0;
}
