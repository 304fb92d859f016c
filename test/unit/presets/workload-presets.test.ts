import { expect } from 'chai';
import { containerOf, podOf, preset, withTls, workloadOf } from './preset-files.ts';

const HEALTH_SCHEME = withTls('HTTPS', 'HTTP');
const defaultOrder = ['home', 'tmp-dir', 'dshm', 'model-cache', 'tls-certs'];

/** The table of R2b.13. */
const parts = [
  {
    preset: 'config-llm-template',
    pod: 'template',
    port: 8000,
    shm: '1Gi',
    order: ['home', 'dshm', 'model-cache', 'tmp-dir', 'tls-certs'],
    both: true,
    dp: false,
    sidecar: false,
    probes: true,
  },
  {
    preset: 'config-llm-decode-template',
    pod: 'template',
    port: 8001,
    shm: '1Gi',
    order: defaultOrder,
    both: true,
    dp: false,
    sidecar: true,
    probes: true,
  },
  {
    preset: 'config-llm-prefill-template',
    pod: 'template',
    port: 8000,
    shm: '1Gi',
    order: defaultOrder,
    both: false,
    dp: false,
    sidecar: false,
    probes: true,
  },
  {
    preset: 'config-llm-worker-data-parallel',
    pod: 'template',
    port: 8000,
    shm: '8Gi',
    order: defaultOrder,
    both: true,
    dp: true,
    sidecar: false,
    probes: true,
  },
  {
    preset: 'config-llm-worker-data-parallel',
    pod: 'worker',
    port: 8000,
    shm: '8Gi',
    order: defaultOrder,
    both: true,
    dp: true,
    sidecar: false,
    probes: false,
  },
  {
    preset: 'config-llm-decode-worker-data-parallel',
    pod: 'template',
    port: 8001,
    shm: '8Gi',
    order: defaultOrder,
    both: true,
    dp: true,
    sidecar: true,
    probes: true,
  },
  {
    preset: 'config-llm-decode-worker-data-parallel',
    pod: 'worker',
    port: 8001,
    shm: '8Gi',
    order: defaultOrder,
    both: true,
    dp: true,
    sidecar: false,
    probes: false,
  },
  {
    preset: 'config-llm-prefill-worker-data-parallel',
    pod: 'template',
    port: 8000,
    shm: '8Gi',
    order: defaultOrder,
    both: true,
    dp: true,
    sidecar: false,
    probes: true,
  },
  {
    preset: 'config-llm-prefill-worker-data-parallel',
    pod: 'worker',
    port: 8000,
    shm: '8Gi',
    order: defaultOrder,
    both: true,
    dp: true,
    sidecar: false,
    probes: false,
  },
] as const;

describe('the workload presets', () => {
  for (const part of parts) {
    describe(`${part.preset}, ${part.pod}`, () => {
      const pod = podOf(part.preset, part.pod);
      const main = containerOf(pod);

      it('has the engine container of R2b.10', () => {
        expect(pod.containers.map((container) => container.name)).to.deep.equal(['main']);
        expect(main.image).to.equal('ghcr.io/llm-d/llm-d-cuda:v0.9.0');
        expect(main.imagePullPolicy).to.equal('IfNotPresent');
        expect(main.ports).to.deep.equal([{ containerPort: part.port, protocol: 'TCP' }]);
        expect(main.args).to.equal(undefined);
        expect(main.resources).to.equal(undefined);
        expect(main.lifecycle).to.deep.equal({ preStop: { exec: { command: ['/bin/sleep', '15'] } } });
        expect(main.terminationMessagePath).to.equal('/dev/termination-log');
        expect(main.terminationMessagePolicy).to.equal(part.preset === 'config-llm-prefill-template' ? 'File' : 'FallbackToLogsOnError');
      });

      it('starts a script that gets the args of the container as its parameters', () => {
        const [shell, flag, script, name, ...rest] = main.command!;
        expect([shell, flag, name, ...rest]).to.deep.equal(['/bin/bash', '-c', '--']);
        expect(script).to.contain(`--port ${part.port}\n`);
      });

      it('has the environment of R2b.10', () => {
        const decodeWorker = part.preset === 'config-llm-decode-worker-data-parallel' && part.pod === 'worker';
        expect(main.env).to.deep.equal([
          { name: 'HOME', value: '/home' },
          { name: 'VLLM_LOGGING_LEVEL', value: 'INFO' },
          { name: 'HF_HUB_CACHE', value: '/models' },
          ...(decodeWorker ? [{ name: 'VLLM_RANDOMIZE_DP_DUMMY_INPUTS', value: '1' }] : []),
        ]);
      });

      it('drops privileges, and keeps those that RDMA needs in data-parallel groups', () => {
        expect(main.securityContext).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: false,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'], ...(part.dp ? { add: ['IPC_LOCK', 'SYS_RAWIO', 'NET_RAW'] } : {}) },
          seccompProfile: { type: 'RuntimeDefault' },
        });
      });

      it('mounts and defines the volumes of R2b.10 and R2b.12 in order', () => {
        expect(main.volumeMounts).to.deep.equal([
          { mountPath: '/home', name: 'home' },
          { mountPath: '/tmp', name: 'tmp-dir' },
          { mountPath: '/dev/shm', name: 'dshm' },
          { mountPath: '/models', name: 'model-cache' },
          { mountPath: '/var/run/kserve/tls', name: 'tls-certs', readOnly: true },
        ]);
        expect(pod.volumes!.map((volume) => volume.name)).to.deep.equal(part.order);
        const byName = Object.fromEntries(pod.volumes!.map(({ name, ...source }) => [name, source]));
        expect(byName).to.deep.equal({
          home: { emptyDir: {} },
          'tmp-dir': { emptyDir: {} },
          'model-cache': { emptyDir: {} },
          dshm: { emptyDir: { medium: 'Memory', sizeLimit: part.shm } },
          'tls-certs': { secret: { secretName: '{{ ChildName .ObjectMeta.Name `-kserve-self-signed-certs` }}' } },
        });
        expect(pod.terminationGracePeriodSeconds).to.equal(60);
      });

      it(part.probes ? 'has the probes of R2b.11' : 'has no probes, as a headless member of the group', () => {
        const httpGet = { path: '/health', port: part.port, scheme: HEALTH_SCHEME };
        const { livenessProbe, readinessProbe, startupProbe } = main;
        expect({ livenessProbe, readinessProbe, startupProbe }).to.deep.equal({
          livenessProbe: part.probes ? { httpGet, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 10 } : undefined,
          readinessProbe: part.probes ? { httpGet, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 } : undefined,
          startupProbe: part.probes ? { httpGet, periodSeconds: 10, failureThreshold: 60 } : undefined,
        });
      });

      it(part.both ? 'serves the plain and the publisher name' : 'serves the plain name only', () => {
        expect(main.command![2]!.includes('--served-model-name "$MODEL" "$PUBLISHER"')).to.equal(part.both);
        expect(main.command![2]).to.contain('--served-model-name "$MODEL"');
      });

      it(part.sidecar ? 'has the routing sidecar' : 'has no sidecar', () => {
        expect(pod.initContainers?.map((container) => container.name)).to.deep.equal(part.sidecar ? ['llm-d-routing-sidecar'] : undefined);
      });
    });
  }

  for (const name of new Set(parts.map((part) => part.preset))) {
    it(`${name} tells the router that the publisher name is served (R2b.4)`, () => {
      expect(workloadOf(name).annotations).to.deep.equal({ 'serving.kserve.io/model-based-routing-enabled': 'true' });
      expect(Object.keys(preset(name).spec)).to.deep.equal(
        name.startsWith('config-llm-prefill') ? ['prefill'] : ['annotations', 'template', ...(name.includes('worker') ? ['worker'] : [])],
      );
    });
  }
});

describe('the routing sidecar of the decode presets (R2b.30, R2b.31)', () => {
  for (const [name, own] of [
    ['config-llm-decode-template', { resources: {} }],
    ['config-llm-decode-worker-data-parallel', { seccompProfile: { type: 'RuntimeDefault' } }],
  ] as const) {
    it(`listens on 8000 in front of the engine on 8001 in ${name}`, () => {
      const seccomp = 'seccompProfile' in own ? { seccompProfile: own.seccompProfile } : {};
      const httpGet = { path: '/health', port: 8000, scheme: HEALTH_SCHEME };
      expect(containerOf(podOf(name, 'template'), 'llm-d-routing-sidecar')).to.deep.equal({
        name: 'llm-d-routing-sidecar',
        image: 'ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.10.0',
        imagePullPolicy: 'IfNotPresent',
        restartPolicy: 'Always',
        ports: [{ containerPort: 8000, protocol: 'TCP' }],
        command: [
          '/app/pd-sidecar',
          '--port=8000',
          '--vllm-port=8001',
          '--kv-connector=nixlv2',
          '--enable-ssrf-protection=true',
          '--pool-group=inference.networking.x-k8s.io',
          '--inference-pool={{ .GlobalConfig.InferencePoolNamespacedName }}',
          `--secure-proxy=${withTls('true', 'false')}`,
          withTls('--cert-path=/var/run/kserve/tls'),
          withTls('--enable-tls=decoder'),
          withTls('--enable-tls=prefiller'),
        ],
        env: [
          { name: 'INFERENCE_POOL_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
          { name: 'SSL_CERT_DIR', value: '/var/run/kserve/tls:/var/run/secrets/kubernetes.io/serviceaccount:/etc/pki/tls/certs' },
        ],
        ...('resources' in own ? { resources: {} } : {}),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: false,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
          ...seccomp,
        },
        livenessProbe: { httpGet, initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 3 },
        readinessProbe: { httpGet, initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 10 },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [{ mountPath: '/var/run/kserve/tls', name: 'tls-certs', readOnly: true }],
      });
    });
  }
});
