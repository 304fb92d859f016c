import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { packagePath } from '../../../cli/package-files.ts';
import { renderFiles } from '../../../cli/render.ts';
import { type Engine, enginesOf, ownOptions } from '../../support/engines.ts';
import type { ServeArguments } from '../../support/vllm-arguments.ts';

const NAMESPACE = 'models';
const directory = packagePath('examples');
const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
const options = { presets: packagePath('presets'), settings: `${directory}/environment/10-settings.yaml`, namespace: NAMESPACE };
const objectsOf = (file: string): KubeObject[] => renderFiles([`${directory}/${file}`], options);

const nixl = { 'kv-transfer-config': { kv_connector: 'NixlConnector', kv_role: 'kv_both' } };
const modules = (...adapters: string[]) =>
  adapters.flatMap((name) => [name, `publishers/${NAMESPACE}/models/${name}`].map((served) => ({ name: served, path: `/mnt/lora/${name}` })));
const offloading = (gigabytes: number, policy: string, tiers: number) => ({
  'kv-transfer-config': {
    kv_connector: 'OffloadingConnector',
    kv_role: 'kv_both',
    kv_connector_extra_config: {
      spec_name: 'TieringOffloadingSpec',
      cpu_bytes_to_use: gigabytes * 2 ** 30,
      eviction_policy: policy,
      secondary_tiers: Array.from({ length: tiers }, (_, index) => ({ type: 'fs', root_dir: `/mnt/kv-cache-${index}` })),
    },
  },
});
const encoded = (role: string) => ({
  'ec-transfer-config': { ec_connector: 'ECExampleConnector', ec_role: role, ec_connector_extra_config: { shared_storage_path: '/mnt/encoder' } },
});
const group = (more: object) => ({
  'data-parallel-address': '10.0.0.7',
  'data-parallel-rpc-port': 5555,
  'data-parallel-size': 16,
  'data-parallel-size-local': 8,
  'enable-expert-parallel': true,
  'tensor-parallel-size': 1,
  ...more,
});

/** What the engines of an example are told besides what every engine is told. Those that are not listed are told nothing else. */
const told: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  'autoscaling-keda.yaml': { 'support-chat-kserve': nixl, 'support-chat-kserve-prefill': nixl },
  'autoscaling-keda-desired-replicas.yaml': { 'batch-labeller-kserve': { 'tensor-parallel-size': 2 } },
  'autoscaling-hpa.yaml': { 'code-assistant-kserve': nixl, 'code-assistant-kserve-prefill': nixl },
  'download-settings.yaml': { 'mixtral-kserve': { 'tensor-parallel-size': 2 } },
  'encode-prefill-decode.yaml': {
    'photo-search-kserve': nixl,
    'photo-search-kserve-prefill': { ...nixl, ...encoded('ec_consumer') },
    'photo-search-encode-kserve': { 'mm-encoder-only': true, 'enable-prefix-caching': false, ...encoded('ec_producer') },
  },
  'gated-model.yaml': { 'llama-70b-kserve': { 'tensor-parallel-size': 4 } },
  'kv-cache-offloading.yaml': { 'contract-review-kserve': offloading(64, 'arc', 1) },
  'kv-cache-on-claims.yaml': { 'case-files-kserve': offloading(32, 'lru', 2) },
  'lora-adapters.yaml': {
    'clinical-notes-kserve': {
      'enable-lora': true,
      'max-lora-rank': 32,
      'max-loras': 2,
      'max-cpu-loras': 4,
      'lora-modules': modules('discharge-letters', 'radiology'),
      'max-num-seqs': 128,
    },
  },
  'managed-devices.yaml': { 'claims-assistant-kserve': { 'tensor-parallel-size': 2 } },
  'model-cache.yaml': { 'code-review-kserve': { 'tensor-parallel-size': 2 } },
  'model-on-claim.yaml': { 'house-model-kserve': { 'enable-lora': true, 'max-lora-rank': 16, 'lora-modules': modules('contracts') } },
  'multi-node-data-parallel.yaml': {
    'deepseek-v3-kserve-mn leader': group({ 'api-server-count': 8, 'data-parallel-start-rank': 0 }),
    'deepseek-v3-kserve-mn worker': group({ headless: true, 'data-parallel-start-rank': 8 }),
  },
  'precise-prefix-cache.yaml': {
    'code-agents-kserve': {
      'block-size': 64,
      'kv-events-config': {
        enable_kv_cache_events: true,
        publisher: 'zmq',
        endpoint: 'tcp://*:5557',
        topic: 'kv@<POD_IP>:8000@Qwen/Qwen2.5-Coder-14B-Instruct',
      },
    },
  },
  'prefill-decode.yaml': {
    'research-papers-kserve': { 'tensor-parallel-size': 2, ...nixl },
    'research-papers-kserve-prefill': { 'tensor-parallel-size': 1, ...nixl },
  },
  'shared-configuration.yaml': { 'ticket-triage-kserve': { 'gpu-memory-utilization': 0.92, 'enable-prefix-caching': true } },
  'tracing.yaml': {
    'travel-planner-kserve': { 'otlp-traces-endpoint': 'http://otel-collector.observability:4317', 'collect-detailed-traces': 'all' },
  },
};

/** The files an engine is told to read and write, but for those of its image. */
function pathsOf({ model, options }: ServeArguments): string[] {
  const transfer = options['kv-transfer-config'] as { kv_connector_extra_config?: { secondary_tiers?: { root_dir: string }[] } } | undefined;
  return [
    model,
    ...((options['lora-modules'] ?? []) as { path: string }[]).map(({ path }) => path),
    ...(transfer?.kv_connector_extra_config?.secondary_tiers ?? []).map(({ root_dir: path }) => path),
    ...['ssl-certfile', 'ssl-keyfile'].flatMap((name) => (options[name] === undefined ? [] : [String(options[name])])),
  ];
}

describe('the command lines that examples end in, as vLLM reads them', () => {
  for (const file of files) {
    describe(file, () => {
      let engines: ReadonlyMap<string, Engine>;
      before(() => {
        engines = enginesOf(objectsOf(file));
      });

      it('say what the example shows', () => {
        expect(engines).not.to.have.property('size', 0);
        const own = [...engines].map(([name, engine]) => [name, ownOptions(engine)] as const);
        expect(Object.fromEntries(own.filter(([, options]) => Object.keys(options).length > 0))).to.deep.equal(told[file] ?? {});
      });

      it('name only files that are mounted', () => {
        for (const [name, { podSpec, container, ...engine }] of engines) {
          const mounts = container.volumeMounts ?? [];
          const volumes = podSpec.volumes?.map((volume) => volume.name);
          expect(volumes, name).to.include.members(mounts.map((mount) => mount.name));
          const directories = mounts.map(({ mountPath }) => mountPath);
          const missing = pathsOf(engine).filter((path) => !directories.some((mounted) => path === mounted || path.startsWith(`${mounted}/`)));
          expect(missing, name).to.deep.equal([]);
        }
      });

      it('have engines listen where their containers say', () => {
        for (const [name, { container, options }] of engines) {
          if (options.headless === true) continue;
          expect(
            container.ports?.map(({ containerPort }) => containerPort),
            name,
          ).to.include(options.port);
        }
      });
    });
  }

  it('are all known by the name of an example', () => expect(files).to.include.members(Object.keys(told)));
});
