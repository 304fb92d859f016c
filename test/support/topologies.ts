import type { KubeObject } from '../../api/kubernetes.ts';
import { annotations } from '../../api/metadata.ts';
import type { LLMInferenceServiceSpec } from '../../api/types.ts';
import { config, type ServiceManifest, service } from './manifests.ts';

const hfWeights = { model: { uri: 'hf://Qwen/Qwen3-32B', name: 'qwen3' } };
const noRouter = (name: string) => service(name).without('router');
const ofPods = (...names: string[]) => ({ containers: names.map((name) => ({ name, image: `registry.example.com/${name}:1` })) });

const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '100Gi' } } };
const everyTier: LLMInferenceServiceSpec['kvCacheOffloading'] = {
  cpu: '16Gi',
  evictionPolicy: 'arc',
  secondary: [
    { fileSystem: { emptyDir: { size: '100Gi' } } },
    { fileSystem: { pvc: { spec: claim } } },
    { fileSystem: { pvc: { ref: { name: 'kv-store', path: 'kv/' } } } },
  ],
};

/** What `topologies` need beside them: there is no preset for pipelines. */
export const topologyConfigs: readonly KubeObject[] = [config('kserve-config-llm-worker-pipeline-parallel', { worker: ofPods('main') })];

/** A service of every shape, with every kind of thing a workload can have. Names say what is special. */
export const topologies: readonly ServiceManifest[] = [
  service('plain'),
  noRouter('no-router'),
  service('no-scheduler').with({ router: { route: {}, gateway: {} } }),
  service('prefill').with({ replicas: 2, prefill: { replicas: 3 } }),
  service('multi-node').with({ ...hfWeights, worker: {}, parallelism: { data: 4, dataLocal: 2 } }),
  noRouter('without-leader').with({ worker: ofPods('main'), parallelism: { pipeline: 2, tensor: 4 } }),
  service('multi-node-prefill').with({
    ...hfWeights,
    worker: {},
    parallelism: { data: 4, dataLocal: 2 },
    prefill: { worker: {}, parallelism: { data: 2, dataLocal: 1 } },
  }),
  service('multi-node-decode').with({ worker: {}, parallelism: { data: 2, dataLocal: 1 }, prefill: { replicas: 2 } }),
  service('multi-node-prefill-only').with({ prefill: { worker: {}, parallelism: { data: 2, dataLocal: 1 } } }),
  service('lora').with({
    model: {
      uri: 'hf://meta-llama/Llama-3.1-8B-Instruct',
      name: 'llama',
      lora: {
        adapters: [
          { name: 'radiology', uri: 'hf://acme/radiology' },
          { name: 'letters', uri: 'pvc://adapters/letters' },
        ],
      },
    },
  }),
  service('pvc').with({ model: { uri: 'pvc://models/qwen3', name: 'qwen3' } }),
  service('oci').with({ model: { uri: 'oci://registry.example.com/models/qwen3:1', name: 'qwen3' } }),
  service('oci-volume').with({ model: { uri: 'oci+native://registry.example.com/models/qwen3:1', name: 'qwen3' } }),
  service('unattached').with({ storageInitializer: { enabled: false } }),
  service('devices')
    .with({ worker: {}, parallelism: { data: 2, dataLocal: 1 }, prefill: {} })
    .annotated('serving.kserve.io/exp-dra-device-class', 'gpu.example.com')
    .annotated('serving.kserve.io/exp-dra-device-count', '2')
    .annotated('serving.kserve.io/exp-dra-cel-selector', 'device.driver == "gpu.example.com"'),
  service('kv-tiers').with({ kvCacheOffloading: everyTier, prefill: { kvCacheOffloading: everyTier } }),
  service('kv-tiers-multi-node').with({ kvCacheOffloading: everyTier, worker: {}, parallelism: { data: 2, dataLocal: 1 } }),
  service('tracing').with({ tracing: {}, prefill: {} }),
  service('scaled').with({ scaling: { minReplicas: 1, maxReplicas: 4, wva: { hpa: {} } } }),
  service('scaled-by-keda').with({ scaling: { maxReplicas: 4, keda: { triggers: [{ type: 'cpu', metadata: { value: '60' } }] } } }),
  // The claims of its template and its changes to the download have no effect: users are told so, once.
  service('advised')
    .with({ template: { initContainers: [{ name: 'storage-initializer', args: ['--mine'] }], ...ofPods('engine') } })
    .annotated('serving.kserve.io/exp-dra-device-class', 'gpu.example.com')
    .annotated('serving.kserve.io/exp-dra-container-name', 'nobody'),
  service('decorated')
    .with({
      labels: { team: 'red', 'app.kubernetes.io/version': '7' },
      annotations: { 'example.com/note': 'a', 'k8s.v1.cni.cncf.io/networks': 'roce' },
      rolloutStrategy: { maxSurge: 0, maxUnavailable: '50%' },
      replicas: 4,
    })
    .annotated('prometheus.io/scrape', 'true')
    .annotated('kueue.x-k8s.io/preemption-reclaim-if-below-priority', '5'),
  service('stopped').annotated(annotations.stop, 'true'),
];
