import { labels } from '../api/metadata.ts';
import type { LLMInferenceService } from '../api/types.ts';

const image = 'registry.example.com/vllm:sample';

/** The service that configs are rendered for when they are written; what it leaves out decides what is refused (R1.75, R2.117). */
export const sampleService: LLMInferenceService = {
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: {
    name: 'test-llm-preset',
    namespace: 'test-llm-preset-test',
    labels: { [labels.name]: 'llminferenceservice', 'app.kubernetes.io/instance': 'test-llm-preset', [labels.component]: 'inference' },
    annotations: { 'serving.kserve.io/model-uri': 'llama' },
  },
  spec: {
    model: { name: 'llama', uri: 'llama' },
    replicas: 2,
    parallelism: { data: 4, dataLocal: 2, tensor: 1, expert: true },
    template: {
      containers: [
        {
          name: 'kserve-container',
          image,
          ports: [{ name: 'http', containerPort: 8000, protocol: 'TCP' }],
          resources: { requests: { cpu: '1', memory: '2Gi' }, limits: { cpu: '2', memory: '4Gi' } },
          env: [{ name: 'HF_HUB_OFFLINE', value: '1' }],
        },
      ],
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      nodeSelector: { 'kubernetes.io/os': 'linux' },
    },
    worker: { containers: [{ name: 'kserve-container', image }] },
    prefill: {
      replicas: 1,
      parallelism: { tensor: 1, pipeline: 1 },
      template: { containers: [{ name: 'kserve-container', image }] },
    },
    router: {
      route: { http: { refs: [{ name: 'custom-http-route' }] } },
      gateway: { refs: [{ name: 'kserve-ingress-gateway', namespace: 'kserve' }] },
      scheduler: {
        pool: { ref: { name: 'custom-inference-pool' } },
        template: {
          containers: [
            {
              name: 'scheduler',
              image,
              ports: [
                { name: 'grpc', containerPort: 9002, protocol: 'TCP' },
                { name: 'grpc-health', containerPort: 9003, protocol: 'TCP' },
                { name: 'zmq', containerPort: 5557, protocol: 'TCP' },
              ],
              env: [{ name: 'LOG_LEVEL', value: 'info' }],
            },
          ],
        },
      },
    },
  },
};
