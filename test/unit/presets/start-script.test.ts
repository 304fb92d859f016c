import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { ParallelismSpec } from '../../../api/types.ts';
import { workloadPresets } from '../../../scripts/preset-parts.ts';
import { type Start, start, startScriptOf } from './start-engine.ts';

const NEW_FLAGS = ['--disable-access-log-for-endpoints', '/health,/metrics,/ping', '--shutdown-timeout', '40'];
const TLS_FLAGS = ['--enable-ssl-refresh', '--ssl-certfile', '/var/run/kserve/tls/tls.crt', '--ssl-keyfile', '/var/run/kserve/tls/tls.key'];
const NAMES = ['--served-model-name', 'llama-8b', 'publishers/ns/models/llama-8b'];
const SERVE = ['vllm', 'serve', '/mnt/models'];

describe('the start script of a single pod', () => {
  const single = (options: Partial<Start> = {}) => start({ preset: 'config-llm-template', ...options });

  it('serves the model under both names (R2b.25)', () => {
    expect(single().argv).to.deep.equal([...SERVE, ...NAMES, '--port', '8000', ...NEW_FLAGS]);
  });

  it('puts tensor parallelism, TLS, additional arguments and args in order', () => {
    const { argv } = single({
      tls: true,
      spec: { parallelism: { tensor: 2 } },
      env: { VLLM_ADDITIONAL_ARGS: '--max-model-len 8192' },
      args: ['--max-num-seqs=64'],
    });
    expect(argv.slice(8)).to.deep.equal([...NEW_FLAGS, '--tensor-parallel-size', '2', ...TLS_FLAGS, '--max-model-len', '8192', '--max-num-seqs=64']);
  });

  it('decodes on port 8001 behind the sidecar', () => {
    expect(start({ preset: 'config-llm-decode-template' }).argv).to.deep.equal([...SERVE, ...NAMES, '--port', '8001', ...NEW_FLAGS]);
  });

  it('prefills under the plain name only, also for a service without prefill', () => {
    const plain = [...SERVE, '--served-model-name', 'llama-8b', '--port', '8000', ...NEW_FLAGS];
    expect(start({ preset: 'config-llm-prefill-template' }).argv).to.deep.equal(plain);
    expect(start({ preset: 'config-llm-prefill-template', spec: { prefill: {} } }).argv).to.deep.equal(plain);
  });

  for (const { preset, spec, text } of [
    { preset: 'config-llm-template', spec: { parallelism: { tensor: 2 } }, text: '--tensor-parallel-size 2' },
    { preset: 'config-llm-decode-template', spec: { parallelism: { tensor: 4 } }, text: '--tensor-parallel-size 4' },
    { preset: 'config-llm-prefill-template', spec: { prefill: { parallelism: { tensor: 2 } } }, text: '--tensor-parallel-size 2' },
  ]) {
    it(`of ${preset} contains ${text}`, () => expect(startScriptOf({ preset, spec })).to.contain(text));
  }

  it('does not mention tensor parallelism when there is none', () => {
    for (const preset of ['config-llm-template', 'config-llm-decode-template', 'config-llm-prefill-template']) {
      expect(startScriptOf({ preset })).to.not.contain('--tensor-parallel-size');
    }
  });
});

describe('flags that depend on the version of the engine (R2b.23)', () => {
  const flags = (version: string, options: Partial<Start> = {}) =>
    start({ preset: 'config-llm-template', version, spec: { kvCacheOffloading: { cpu: '1Gi' } }, ...options }).argv.slice(8);
  const offloading = {
    kv_connector: 'OffloadingConnector',
    kv_connector_extra_config: { cpu_bytes_to_use: 1073741824, spec_name: 'TieringOffloadingSpec' },
    kv_role: 'kv_both',
  };

  for (const { version, expected } of [
    { version: '0.15.1', expected: ['--disable-uvicorn-access-log'] },
    { version: '0.16.0', expected: NEW_FLAGS.slice(0, 2) },
    { version: '0.17.9', expected: NEW_FLAGS.slice(0, 2) },
    { version: '0.18.0', expected: NEW_FLAGS },
    { version: '0.21.3', expected: NEW_FLAGS },
    { version: '0.9.2', expected: ['--disable-uvicorn-access-log'] },
    { version: '', expected: ['--disable-uvicorn-access-log'] },
    { version: 'dev', expected: ['--disable-uvicorn-access-log'] },
    { version: 'INFO starting\nvLLM 0.18.1rc1', expected: NEW_FLAGS },
  ]) {
    it(`are ${expected.join(' ')} for ${JSON.stringify(version)}`, () => expect(flags(version)).to.deep.equal(expected));
  }

  it('include KV cache offloading from 0.22.0 on', () => {
    const [option, value, ...rest] = flags('0.22.0').slice(4);
    expect([option, ...rest]).to.deep.equal(['--kv-transfer-config']);
    expect(JSON.parse(value!)).to.deep.equal(offloading);
  });

  it('leave offloading to users who configure the transfer themselves', () => {
    expect(flags('0.23.0', { args: ['--kv-transfer-config', "'{}'"] })).to.deep.equal([...NEW_FLAGS, '--kv-transfer-config', '{}']);
    expect(flags('0.23.0', { env: { VLLM_ADDITIONAL_ARGS: "--kv_transfer_config '{}'" } })).to.deep.equal([
      ...NEW_FLAGS,
      '--kv_transfer_config',
      '{}',
    ]);
  });

  it('take the time to shut down from the pod of the script (R2b.24)', () => {
    const timeout = (options: Start) =>
      start(options)
        .argv.join(' ')
        .match(/--shutdown-timeout (\d+)/)?.[1];
    const spec = {
      parallelism: { data: 2 },
      template: { terminationGracePeriodSeconds: 120 },
      worker: { terminationGracePeriodSeconds: 18 },
      prefill: { parallelism: { data: 2 }, template: { terminationGracePeriodSeconds: 90 }, worker: {} },
    };
    expect(timeout({ preset: 'config-llm-template', spec })).to.equal('100');
    expect(timeout({ preset: 'config-llm-worker-data-parallel', pod: 'worker', spec })).to.equal('0');
    expect(timeout({ preset: 'config-llm-prefill-template', spec })).to.equal('70');
    expect(timeout({ preset: 'config-llm-prefill-worker-data-parallel', pod: 'worker', spec })).to.equal('40');
  });

  it('are logged with what was detected', () => {
    expect(start({ preset: 'config-llm-template', version: '0.16.0' }).log).to.contain('[access-log-detect] vLLM 0.16.0');
  });
});

describe('what users add to the command line (R2b.27)', () => {
  const added = (options: Partial<Start>) => start({ preset: 'config-llm-template', ...options }).argv.slice(12);

  it('is read as shell words: quotes are taken off, JSON survives', () => {
    const adapter = '{"name":"publishers/ns/models/a b","path":"/mnt/lora/a-b"}';
    expect(added({ args: ['--lora-modules', `'${adapter}'`, '"two words"'] })).to.deep.equal(['--lora-modules', adapter, 'two words']);
    expect(added({ env: { VLLM_ADDITIONAL_ARGS: `--x 1 --y '{"a": 2}'` } })).to.deep.equal(['--x', '1', '--y', '{"a": 2}']);
  });

  it('may refer to the environment', () => {
    expect(added({ env: { RANK: '7' }, args: ['--rank=$RANK'] })).to.deep.equal(['--rank=7']);
  });

  it('may spread over lines', () => {
    expect(added({ env: { VLLM_ADDITIONAL_ARGS: '--x 1\n--y 2\n' }, args: ['--z'] })).to.deep.equal(['--x', '1', '--y', '2', '--z']);
  });

  it('is taken as it stands where it cannot be read as shell words', () => {
    expect(added({ args: ["--title=it's", '--url=http://host/?a=1&b=2', "'plain words'"] })).to.deep.equal([
      "--title=it's",
      '--url=http://host/?a=1&b=2',
      'plain words',
    ]);
    expect(added({ env: { VLLM_ADDITIONAL_ARGS: '--template a;b' } })).to.deep.equal(['--template', 'a;b']);
  });
});

describe("the model's name", () => {
  for (const name of ["it's", 'a "b" c', '$HOME `id` $(id)', 'a;b&c|d', '<angle>', 'back\\slash', '日本語 モデル']) {
    it(`reaches the engine as it is: ${name}`, () => {
      const { argv } = start({ preset: 'config-llm-template', spec: { model: { uri: 'hf://a/b', name } } });
      expect(argv.slice(3, 6)).to.deep.equal(['--served-model-name', name, `publishers/ns/models/${name}`]);
    });
  }
});

describe('the start script of a data-parallel group (R2b.26)', () => {
  const full: ParallelismSpec = { data: 16, dataLocal: 8, dataRPCPort: 6000, tensor: 2, expert: true };
  const group = (rank: string, options: { port?: string; head?: string[]; tail?: string[]; parallel?: string[] } = {}) => [
    ...SERVE,
    ...NAMES,
    '--port',
    options.port ?? '8000',
    ...(options.head ?? []),
    ...(options.parallel ?? ['--enable-expert-parallel', '--tensor-parallel-size', '2', '--data-parallel-size', '16']),
    '--data-parallel-size-local',
    options.parallel ? '1' : '8',
    '--data-parallel-address',
    '10.0.0.7',
    '--data-parallel-rpc-port',
    options.parallel ? '5555' : '6000',
    '--data-parallel-start-rank',
    rank,
    ...(options.tail ?? []),
    ...NEW_FLAGS,
  ];

  it('starts the leader at rank 0 with API servers', () => {
    const leader = start({ preset: 'config-llm-worker-data-parallel', spec: { parallelism: full } });
    expect(leader.argv).to.deep.equal(group('0', { head: ['--api-server-count', '8'] }));
  });

  it('starts a worker headless at its rank', () => {
    const worker = start({ preset: 'config-llm-worker-data-parallel', pod: 'worker', spec: { parallelism: full }, env: { LWS_WORKER_INDEX: '3' } });
    expect(worker.argv).to.deep.equal(group('24', { tail: ['--headless'] }));
  });

  it('puts defaults in place of what the parallelism leaves open', () => {
    const options = { preset: 'config-llm-worker-data-parallel', spec: { parallelism: { data: 4 } }, env: { LWS_WORKER_INDEX: '2' } };
    const parallel = ['--data-parallel-size', '4'];
    expect(start(options).argv).to.deep.equal(group('0', { head: ['--api-server-count', '8'], parallel }));
    expect(start({ ...options, pod: 'worker' }).argv).to.deep.equal(group('2', { tail: ['--headless'], parallel }));
  });

  it('decodes on port 8001, and prefills with the parallelism of prefill', () => {
    const decode = start({ preset: 'config-llm-decode-worker-data-parallel', spec: { parallelism: full } });
    expect(decode.argv).to.deep.equal(group('0', { port: '8001', head: ['--api-server-count', '8'] }));
    const prefill = start({ preset: 'config-llm-prefill-worker-data-parallel', spec: { parallelism: { data: 1 }, prefill: { parallelism: full } } });
    expect(prefill.argv).to.deep.equal(group('0', { head: ['--api-server-count', '8'] }));
  });

  it('takes the number of API servers from the environment', () => {
    const { argv } = start({ preset: 'config-llm-worker-data-parallel', spec: { parallelism: full }, env: { VLLM_API_SERVER_COUNT: '2' } });
    expect(argv.slice(8, 10)).to.deep.equal(['--api-server-count', '2']);
  });

  it('ends in TLS flags and what users add', () => {
    const { argv } = start({ preset: 'config-llm-worker-data-parallel', spec: { parallelism: full }, tls: true, args: ['--seed=1'] });
    expect(argv.slice(-6)).to.deep.equal([...TLS_FLAGS, '--seed=1']);
  });

  it('waits until the leader resolves (R2b.20)', () => {
    const { argv, log } = start({ preset: 'config-llm-worker-data-parallel', pod: 'worker', spec: { parallelism: full }, misses: 2 });
    expect(argv[argv.indexOf('--data-parallel-address') + 1]).to.equal('10.0.0.7');
    expect(log.match(/does not resolve yet/g)).to.have.length(2);
    expect(log).not.to.contain('warning');
  });

  it('gives up on the leader after thirty attempts', () => {
    const { argv, log } = start({ preset: 'config-llm-worker-data-parallel', spec: { parallelism: full }, hosts: '' });
    expect(argv[argv.indexOf('--data-parallel-address') + 1]).to.equal('leader');
    expect(log.match(/does not resolve yet/g)).to.have.length(30);
  });

  it('tries to resolve the leader as often as it is told, then uses the name (R2b.20)', () => {
    const { argv, log } = start({
      preset: 'config-llm-worker-data-parallel',
      spec: { parallelism: full },
      hosts: '',
      env: { LWS_LEADER_ADDRESS: 'leader.example', DP_ADDRESS_RESOLVE_ATTEMPTS: '3' },
    });
    expect(argv[argv.indexOf('--data-parallel-address') + 1]).to.equal('leader.example');
    expect(log.match(/does not resolve yet/g)).to.have.length(3);
    expect(log).to.contain('warning');
  });
});

describe('every start script', () => {
  const parallelism = { data: 2 };
  for (const preset of Object.keys(workloadPresets)) {
    for (const pod of preset.endsWith('data-parallel') ? (['template', 'worker'] as const) : (['template'] as const)) {
      it(`of ${preset}, ${pod}, is correct bash`, () => {
        const script = startScriptOf({ preset, pod, spec: { parallelism, prefill: { parallelism } } });
        expect(spawnSync('/bin/bash', ['-n', '-c', script], { encoding: 'utf8' }).stderr).to.equal('');
      });
    }
  }
});
