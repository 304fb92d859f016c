import { expect } from 'chai';
import type { PodSpec } from '../../../api/kubernetes.ts';
import { childName, containerOf, preset, withTls } from './preset-files.ts';

const scheduler = preset('config-llm-scheduler').spec.router!.scheduler!;
const latency = preset('config-llm-scheduler-latency-predictor').spec.router!.scheduler!.template as PodSpec;
const tokenizer = preset('config-llm-tokenizer').spec.router!.scheduler!.tokenizer!.template as PodSpec;
const tlsVolume = { name: 'tls-certs', secret: { secretName: childName('-kserve-self-signed-certs') } };
const tlsMount = { mountPath: '/var/run/kserve/tls', name: 'tls-certs', readOnly: true };
const hardened = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

describe('the scheduler preset', () => {
  it('describes the pool of R2b.40', () => {
    expect(scheduler.pool).to.deep.equal({
      spec: {
        endpointPickerRef: { failureMode: 'FailOpen', kind: 'Service', name: childName('-epp-service'), port: { number: 9002 } },
        selector: {
          matchLabels: {
            'app.kubernetes.io/name': '{{ .ObjectMeta.Name }}',
            'app.kubernetes.io/part-of': 'llminferenceservice',
            'kserve.io/component': 'workload',
          },
        },
        targetPorts: [{ number: 8000 }],
      },
    });
  });

  it("states the version of the picker's image (R2b.41)", () => {
    const version = scheduler.annotations!['app.kubernetes.io/version'];
    expect(version).to.equal('0.10.0');
    expect(containerOf(scheduler.template as PodSpec).image).to.equal(`ghcr.io/llm-d/llm-d-router-endpoint-picker:v${version}`);
  });

  it('runs the picker of R2b.42', () => {
    const { containers, ...pod } = scheduler.template as PodSpec;
    expect(pod).to.deep.equal({ volumes: [tlsVolume], dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', terminationGracePeriodSeconds: 60 });
    const probe = { periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };
    const port = (containerPort: number, name: string) => ({ containerPort, name, protocol: 'TCP' });
    expect(containers).to.deep.equal([
      {
        name: 'main',
        image: 'ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0',
        imagePullPolicy: 'IfNotPresent',
        command: [
          '/app/epp',
          '--pool-name',
          childName('-inference-pool'),
          '--pool-namespace',
          '{{ .ObjectMeta.Namespace }}',
          '--zap-encoder',
          'json',
          '--grpc-port',
          '9002',
          '--grpc-health-port',
          '9003',
          withTls('--enable-cert-reload=true'),
          withTls('--secure-serving=true'),
          withTls('--model-server-metrics-scheme=https'),
          withTls('--cert-path=/var/run/kserve/tls'),
        ],
        ports: [port(9002, 'grpc'), port(9003, 'grpc-health'), port(9090, 'metrics'), port(5557, 'zmq')],
        env: [{ name: 'SSL_CERT_DIR', value: '/var/run/kserve/tls:/var/run/secrets/kubernetes.io/serviceaccount:/etc/pki/tls/certs' }],
        livenessProbe: { grpc: { port: 9003, service: 'liveness' }, initialDelaySeconds: 5, ...probe },
        readinessProbe: { grpc: { port: 9003, service: 'readiness' }, initialDelaySeconds: 30, ...probe },
        lifecycle: { preStop: { exec: { command: ['/bin/sleep', '15'] } } },
        resources: { limits: { cpu: '6', memory: '16Gi' }, requests: { cpu: '1', memory: '2Gi' } },
        securityContext: hardened,
        volumeMounts: [tlsMount],
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'FallbackToLogsOnError',
      },
    ]);
  });
});

describe('the latency predictor preset', () => {
  const env = (name: string) => containerOf(latency, name).env!.map((entry) => `${entry.name}=${entry.value}`);

  it('adds two servers to the picker and tells it where they are (R2b.50)', () => {
    expect(latency.containers.map((container) => container.name)).to.deep.equal(['main', 'training-server', 'prediction-server']);
    expect(env('main')).to.deep.equal([
      'PREDICTION_SERVER_URL=http://localhost:8001',
      'TRAINING_SERVER_URL=http://localhost:8000',
      'LATENCY_MAX_SAMPLE_SIZE=10000',
      'LATENCY_MAX_CONCURRENT_DISPATCHES=36',
      'LATENCY_COALESCE_WINDOW_MS=1',
    ]);
  });

  it('configures the training server (R2b.51)', () => {
    const { env: _, ...server } = containerOf(latency, 'training-server');
    expect(env('training-server')).to.deep.equal([
      'LATENCY_RETRAINING_INTERVAL_SEC=10',
      'LATENCY_MIN_SAMPLES_FOR_RETRAIN=100',
      'LATENCY_TTFT_MODEL_PATH=/models/ttft.joblib',
      'LATENCY_TPOT_MODEL_PATH=/models/tpot.joblib',
      'LATENCY_TTFT_SCALER_PATH=/models/ttft_scaler.joblib',
      'LATENCY_TPOT_SCALER_PATH=/models/tpot_scaler.joblib',
      'LATENCY_TTFT_GATED_MODEL_PATH=/models/ttft_gated.joblib',
      'LATENCY_TPOT_GATED_MODEL_PATH=/models/tpot_gated.joblib',
      'LATENCY_MODEL_TYPE=xgboost',
      'LATENCY_MAX_TRAINING_DATA_SIZE_PER_BUCKET=500',
      'LATENCY_OBJECTIVE_TYPE=mean',
    ]);
    expect(server).to.deep.equal({
      name: 'training-server',
      image: 'ghcr.io/llm-d/llm-d-latency-predictor-training-server:0.9.0',
      imagePullPolicy: 'IfNotPresent',
      ports: [{ containerPort: 8000, name: 'training-port', protocol: 'TCP' }],
      resources: { requests: { cpu: '2000m', memory: '4Gi' }, limits: { cpu: '4000m', memory: '8Gi' } },
      startupProbe: { httpGet: { path: '/healthz', port: 8000 }, periodSeconds: 10, failureThreshold: 30 },
      livenessProbe: { httpGet: { path: '/healthz', port: 8000 }, initialDelaySeconds: 30, periodSeconds: 20 },
      readinessProbe: { httpGet: { path: '/readyz', port: 8000 }, initialDelaySeconds: 45, periodSeconds: 10 },
      securityContext: hardened,
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'FallbackToLogsOnError',
      volumeMounts: [
        { mountPath: '/models', name: 'training-server-storage' },
        { mountPath: '/tmp', name: 'training-server-tmp' },
      ],
    });
  });

  it('configures the prediction server (R2b.52)', () => {
    const { env: _, ...server } = containerOf(latency, 'prediction-server');
    expect(env('prediction-server')).to.deep.equal([
      'TRAINING_SERVER_URL=http://localhost:8000',
      'LATENCY_MODEL_TYPE=xgboost',
      'PREDICT_HOST=0.0.0.0',
      'PREDICT_PORT=8001',
      'LOCAL_TTFT_MODEL_PATH=/server_models/ttft.joblib',
      'LOCAL_TPOT_MODEL_PATH=/server_models/tpot.joblib',
      'LOCAL_TTFT_SCALER_PATH=/server_models/ttft_scaler.joblib',
      'LOCAL_TPOT_SCALER_PATH=/server_models/tpot_scaler.joblib',
      'LOCAL_TTFT_GATED_MODEL_PATH=/server_models/ttft_gated.joblib',
      'LOCAL_TPOT_GATED_MODEL_PATH=/server_models/tpot_gated.joblib',
      'UVICORN_WORKERS=28',
      'OMP_NUM_THREADS=1',
      'MODEL_SYNC_INTERVAL_SEC=30',
      'LATENCY_OBJECTIVE_TYPE=mean',
    ]);
    expect(server).to.deep.equal({
      name: 'prediction-server',
      image: 'ghcr.io/llm-d/llm-d-latency-predictor-prediction-server:0.9.0',
      imagePullPolicy: 'IfNotPresent',
      ports: [{ containerPort: 8001, name: 'predict-port', protocol: 'TCP' }],
      resources: { requests: { cpu: '8000m', memory: '4Gi' }, limits: { cpu: '28000m', memory: '8Gi' } },
      startupProbe: { httpGet: { path: '/readyz', port: 8001 }, periodSeconds: 10, failureThreshold: 60 },
      livenessProbe: {
        httpGet: { path: '/healthz', port: 8001 },
        initialDelaySeconds: 15,
        periodSeconds: 15,
        timeoutSeconds: 5,
        failureThreshold: 5,
      },
      readinessProbe: {
        httpGet: { path: '/readyz', port: 8001 },
        initialDelaySeconds: 10,
        periodSeconds: 10,
        timeoutSeconds: 5,
        failureThreshold: 3,
      },
      securityContext: hardened,
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'FallbackToLogsOnError',
      volumeMounts: [
        { mountPath: '/server_models', name: 'prediction-server-storage' },
        { mountPath: '/tmp', name: 'prediction-server-tmp' },
      ],
    });
  });

  it('writes every environment value as a string', () => {
    for (const container of latency.containers) {
      for (const { name, value } of container.env!) expect(value, name).to.be.a('string');
    }
  });

  it('brings the pod fields of R2b.53', () => {
    const { containers: _, ...pod } = latency;
    expect(pod).to.deep.equal({
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 60,
      volumes: [
        { name: 'training-server-storage', emptyDir: { sizeLimit: '20Gi' } },
        { name: 'prediction-server-storage', emptyDir: { sizeLimit: '10Gi' } },
        { name: 'training-server-tmp', emptyDir: {} },
        { name: 'prediction-server-tmp', emptyDir: {} },
      ],
    });
  });
});

describe('the tokenizer preset (R2b.60)', () => {
  it('replaces the shell by the renderer and serves TLS when it is on', () => {
    const [shell, flag, script] = containerOf(tokenizer).command!;
    expect([shell, flag]).to.deep.equal(['/bin/bash', '-c']);
    expect(script).to.equal(
      [
        'exec vllm launch render /mnt/models/base \\',
        '  --port=8000 {{- if .GlobalConfig.EnableTLS }} \\',
        '  --enable-ssl-refresh \\',
        '  --ssl-certfile /var/run/kserve/tls/tls.crt \\',
        '  --ssl-keyfile /var/run/kserve/tls/tls.key {{- end }}',
      ].join('\n'),
    );
  });

  it('has the pod and the container of R2b.60', () => {
    const { containers, ...pod } = tokenizer;
    const { command: _, ...container } = containers[0]!;
    expect(pod).to.deep.equal({
      automountServiceAccountToken: false,
      volumes: [{ name: 'tmp-dir', emptyDir: {} }, tlsVolume],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
    });
    expect(container).to.deep.equal({
      name: 'main',
      image: 'docker.io/vllm/vllm-openai-cpu:v0.23.0@sha256:89e1fbe829038b1a560601990c8ec89625c622a969fcbc8f10ce48b6139795be',
      imagePullPolicy: 'IfNotPresent',
      args: [],
      ports: [{ containerPort: 8000, name: 'render-http', protocol: 'TCP' }],
      env: [
        { name: 'HF_HOME', value: '/tmp/hf' },
        { name: 'DO_NOT_TRACK', value: '1' },
      ],
      resources: { requests: { cpu: '1', memory: '4Gi' }, limits: { cpu: '4', memory: '12Gi' } },
      readinessProbe: {
        httpGet: { path: '/health', port: 'render-http', scheme: withTls('HTTPS', 'HTTP') },
        initialDelaySeconds: 30,
        periodSeconds: 10,
        timeoutSeconds: 5,
        failureThreshold: 60,
      },
      securityContext: { ...hardened, runAsNonRoot: false },
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'FallbackToLogsOnError',
      volumeMounts: [{ mountPath: '/tmp', name: 'tmp-dir' }, tlsMount],
    });
  });
});

describe('the tracing preset', () => {
  it('has the values of R2b.80', () => {
    expect(preset('config-llm-tracing').spec).to.deep.equal({
      tracing: { exporterEndpoint: 'http://otel-collector:4317', sampler: 'parentbased_traceidratio', samplerArg: '0.05', exporter: 'otlp' },
    });
  });
});

describe('the route preset', () => {
  const spec = preset('config-llm-router-route').spec.router!.route!.http!.spec!;
  const own = '/{{ .ObjectMeta.Namespace }}/{{ .ObjectMeta.Name }}';
  const publisher = 'publishers/{{ .ObjectMeta.Namespace }}/models/{{ .Spec.Model.Name }}';
  const header = { type: 'Exact', name: '{{ .GlobalConfig.ModelBasedRoutingHeaderName }}', value: publisher };
  const pool = { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: childName('-inference-pool'), port: 8000, weight: 1 };
  const service = { kind: 'Service', name: childName('-kserve-workload-svc'), port: 8000, weight: 1 };
  const endpoints = ['/v1/completions', '/v1/chat/completions', '/v1/responses', '/v1/messages'];
  const prefix = (value: string) => [{ path: { type: 'PathPrefix', value } }];
  const rewrite = (to: string) => [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: to } } }];

  it('hangs on the configured gateway and names no host (R2b.70)', () => {
    const { rules: _, ...rest } = spec;
    expect(rest).to.deep.equal({
      parentRefs: [
        {
          group: 'gateway.networking.k8s.io',
          kind: 'Gateway',
          name: '{{ .GlobalConfig.IngressGatewayName }}',
          namespace: '{{ .GlobalConfig.IngressGatewayNamespace }}',
        },
      ],
    });
  });

  it('has the twelve rules of R2b.71 in order', () => {
    const names = endpoints.map((endpoint) => endpoint.slice(1).replaceAll('/', '-'));
    const timeouts = { request: '0s', backendRequest: '0s' };
    const expected = [
      ...endpoints.map((to, i) => ({ name: `${names[i]}-path`, matches: prefix(own + to), filters: rewrite(to), backendRefs: [pool], timeouts })),
      {
        name: 'v1-model-routing',
        matches: endpoints.flatMap((path) => [path, `${path}/`].map((value) => ({ path: { type: 'Exact', value }, headers: [header] }))),
        backendRefs: [pool],
        timeouts,
      },
      ...endpoints.map((to, i) => ({
        name: `${names[i]}-publisher-path`,
        matches: prefix(`/${publisher}${to}`),
        filters: rewrite(to),
        backendRefs: [pool],
        timeouts,
      })),
      { name: 'v1-publisher-path-catch-all', matches: prefix(`/${publisher}`), filters: rewrite('/'), backendRefs: [service], timeouts },
      { name: 'v1-catch-all-path', matches: prefix(own), filters: rewrite('/'), backendRefs: [service], timeouts },
      { name: 'v1-catch-all-model-routing', matches: [{ headers: [header] }], backendRefs: [service], timeouts },
    ];
    expect(spec.rules).to.deep.equal(expected);
  });

  it('stays within the limits of Gateway API (R2b.73)', () => {
    const rules = spec.rules!;
    expect(rules.length).to.be.at.most(16);
    expect(rules.reduce((sum, rule) => sum + rule.matches!.length, 0)).to.be.below(128);
    expect(rules.filter((rule) => rule.filters !== undefined).every((rule) => rule.matches!.length === 1)).to.equal(true);
  });
});
