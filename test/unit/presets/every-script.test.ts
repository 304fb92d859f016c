import { expect } from 'chai';
import type { LLMInferenceServiceSpec, ParallelismSpec } from '../../../api/types.ts';
import { type Start, start, startTokenizer } from './start-engine.ts';

interface Part {
  readonly preset: string;
  readonly pod: 'template' | 'worker';
  readonly port: number;
  /** Whether the publisher's name is served, too. */
  readonly both: boolean;
}

const part = (name: string, pod: Part['pod'], port: number, both = true): Part => ({ preset: `config-llm-${name}`, pod, port, both });

/** The nine scripts (R2b.13). */
const parts: readonly Part[] = [
  part('template', 'template', 8000),
  part('decode-template', 'template', 8001),
  part('prefill-template', 'template', 8000, false),
  part('worker-data-parallel', 'template', 8000),
  part('worker-data-parallel', 'worker', 8000),
  part('decode-worker-data-parallel', 'template', 8001),
  part('decode-worker-data-parallel', 'worker', 8001),
  part('prefill-worker-data-parallel', 'template', 8000),
  part('prefill-worker-data-parallel', 'worker', 8000),
];

const TLS_FLAGS = ['--enable-ssl-refresh', '--ssl-certfile', '/var/run/kserve/tls/tls.crt', '--ssl-keyfile', '/var/run/kserve/tls/tls.key'];
const LOG_FLAGS = ['--disable-access-log-for-endpoints', '/health,/metrics,/ping'];
const grace = { template: 120, worker: 90 };
const shutdown = { template: '100', worker: '70' };
const full: ParallelismSpec = { data: 16, dataLocal: 4, dataRPCPort: 6000, tensor: 2, expert: true };
/** Of another workload than the script's: none of it may show up in the command. */
const foreign: ParallelismSpec = { data: 99, dataLocal: 99, dataRPCPort: 9999, tensor: 99 };
const IPV4 = '0000:0000:0000:0000:0000:ffff:0a00:0001';

/** A service in which one of the two workloads states this, and the other one something else. */
function specOf({ preset }: Part, parallelism: ParallelismSpec | undefined, offloading: boolean): LLMInferenceServiceSpec {
  const own = {
    ...(parallelism ? { parallelism } : {}),
    template: { terminationGracePeriodSeconds: grace.template },
    worker: { terminationGracePeriodSeconds: grace.worker },
    ...(offloading ? { kvCacheOffloading: { cpu: '1Gi', evictionPolicy: 'arc' } } : {}),
  };
  return preset.includes('prefill') ? { parallelism: foreign, prefill: own } : { ...own, prefill: { parallelism: foreign } };
}

function command({ preset, pod, port, both }: Part, parallelism: ParallelismSpec, versionFlags: readonly string[], tail: readonly string[] = []) {
  const { data, dataLocal, dataRPCPort, tensor, expert } = parallelism;
  const names = ['--served-model-name', 'llama-8b', ...(both ? ['publishers/ns/models/llama-8b'] : [])];
  const start = ['vllm', 'serve', '/mnt/models', ...names, '--port', String(port)];
  const tensorFlags = tensor === undefined ? [] : ['--tensor-parallel-size', String(tensor)];
  if (!preset.endsWith('data-parallel')) return [...start, ...versionFlags, ...tensorFlags, ...tail];
  const leader = pod === 'template';
  return [
    ...start,
    ...(leader ? ['--api-server-count', '8'] : []),
    ...(expert ? ['--enable-expert-parallel'] : []),
    ...tensorFlags,
    ...['--data-parallel-size', String(data ?? 1), '--data-parallel-size-local', String(dataLocal ?? 1), '--data-parallel-address', '10.0.0.7'],
    ...['--data-parallel-rpc-port', String(dataRPCPort ?? 5555), '--data-parallel-start-rank', String(leader ? 0 : 3 * (dataLocal ?? 1))],
    ...(leader ? [] : ['--headless']),
    ...versionFlags,
    ...tail,
  ];
}

describe('each of the start scripts', () => {
  for (const of of parts) {
    describe(`${of.preset}, ${of.pod}`, () => {
      const run = (parallelism: ParallelismSpec | undefined, { env = {}, ...options }: Partial<Start> = {}, offloading = true) =>
        start({
          preset: of.preset,
          pod: of.pod,
          spec: specOf(of, parallelism, offloading),
          env: { LWS_WORKER_INDEX: '3', ...env },
          ...options,
        });
      const offload = (argv: readonly string[]): unknown => JSON.parse(argv[argv.indexOf('--kv-transfer-config') + 1] ?? '');
      const newFlags = [...LOG_FLAGS, '--shutdown-timeout', shutdown[of.pod]];

      it('starts the engine with as little as possible', () => {
        const parallelism = of.preset.endsWith('data-parallel') ? {} : undefined;
        expect(run(parallelism, {}, false).argv).to.deep.equal(command(of, {}, newFlags));
      });

      it('starts it with all there is, in order', () => {
        const { argv } = run(full, { tls: true, env: { VLLM_ADDITIONAL_ARGS: '--max-model-len 8192' }, args: ['--seed', '1'] });
        const config = argv[argv.indexOf('--kv-transfer-config') + 1] ?? '';
        const tail = [...TLS_FLAGS, '--max-model-len', '8192', '--seed', '1'];
        expect(argv).to.deep.equal(command(of, full, [...newFlags, '--kv-transfer-config', config], tail));
        expect(offload(argv)).to.deep.equal({
          kv_connector: 'OffloadingConnector',
          kv_connector_extra_config: { cpu_bytes_to_use: 1073741824, eviction_policy: 'arc', spec_name: 'TieringOffloadingSpec' },
          kv_role: 'kv_both',
        });
      });

      it('asks nothing of an old engine that it cannot do', () => {
        expect(run(full, { version: '0.15.9' }).argv).to.deep.equal(command(of, full, ['--disable-uvicorn-access-log']));
        expect(run(full, { version: '0.21.0' }).argv).to.deep.equal(command(of, full, newFlags));
      });

      it('leaves the transfer of the cache to users who configure it', () => {
        const own = ['--kv-transfer-config', '{}'];
        expect(run(full, { args: ['--kv-transfer-config', "'{}'"] }).argv).to.deep.equal(command(of, full, newFlags, own));
        expect(run(full, { env: { VLLM_ADDITIONAL_ARGS: "--kv-transfer-config '{}'" } }).argv).to.deep.equal(command(of, full, newFlags, own));
      });

      it('gives the engine what RoCE discovery finds, and the environment of the container', () => {
        const infiniband = {
          'mlx5_0/ports/1/state': '4: ACTIVE',
          'mlx5_0/ports/1/gid_attrs/types/3': 'RoCE v2',
          'mlx5_0/ports/1/gids/3': IPV4,
        };
        const { env } = run(full, { infiniband, env: { KSERVE_INFER_ROCE: 'true', MY_VARIABLE: 'a b' } });
        expect(env).to.include({
          MY_VARIABLE: 'a b',
          NCCL_IB_HCA: 'mlx5_0',
          NVSHMEM_HCA_LIST: 'mlx5_0:1',
          UCX_NET_DEVICES: 'mlx5_0:1',
          NCCL_IB_GID_INDEX: '3',
          NVSHMEM_IB_GID_INDEX: '3',
          UCX_IB_GID_INDEX: '3',
        });
        expect(run(full, { infiniband }).env).not.to.have.any.keys('NCCL_IB_HCA', 'NCCL_IB_GID_INDEX');
      });
    });
  }
});

describe('the script of the tokenizer (R2b.60)', () => {
  const render = ['vllm', 'launch', 'render', '/mnt/models/base', '--port=8000'];

  it('starts the renderer', () => expect(startTokenizer(false).argv).to.deep.equal(render));
  it('serves TLS when it is on', () => expect(startTokenizer(true).argv).to.deep.equal([...render, ...TLS_FLAGS]));
});
