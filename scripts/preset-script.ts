import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from './preset-parts.ts';

const block = (name: string) => readFileSync(join(import.meta.dirname, '../presets/source', `${name}.sh`), 'utf8').trimEnd();

const PRE_STOP_SECONDS = 15;

/** Where the templates find the values of a part (R2b.24). Prefill may be absent where nothing else guards it. */
function sources(part: Part) {
  const workload = part.prefill ? '.Spec.Prefill' : '.Spec';
  const pod = `${workload}.${part.pod === 'worker' ? 'Worker' : 'Template'}`;
  const shutdown = (argument: string) => `{{ shutdownTimeout ${argument} ${PRE_STOP_SECONDS} }}`;
  const transfer = `{{ kvTransferConfig ${workload}.KVCacheOffloading }}`;
  return {
    parallelism: `${workload}.Parallelism`,
    shutdownTimeout: part.prefill ? `{{ if .Spec.Prefill }}${shutdown(pod)}{{ else }}${shutdown('nil')}{{ end }}` : shutdown(pod),
    kvTransferConfig: part.prefill ? `{{ if .Spec.Prefill }}${transfer}{{ end }}` : transfer,
  };
}

const tls =
  '{{ if .GlobalConfig.EnableTLS }}--enable-ssl-refresh --ssl-certfile /var/run/kserve/tls/tls.crt --ssl-keyfile /var/run/kserve/tls/tls.key{{ end }}';

/** The engine's command line for a single pod, without what users add (R2b.25). */
function singlePodArguments(part: Part): string[] {
  const { parallelism } = sources(part);
  const guard = [...(part.prefill ? ['.Spec.Prefill'] : []), parallelism, `${parallelism}.Tensor`].join(' ');
  return ['"${version_flags[@]}"', `{{ if and ${guard} }}--tensor-parallel-size {{ ${parallelism}.Tensor }}{{ end }}`, tls];
}

/** The engine's command line for a member of a data-parallel group, without what users add (R2b.26). */
function dataParallelArguments(part: Part): string[] {
  const { parallelism } = sources(part);
  const leader = part.pod === 'template';
  return [
    ...(leader ? ['--api-server-count "${VLLM_API_SERVER_COUNT:-8}"'] : []),
    `{{ if ${parallelism}.Expert }}--enable-expert-parallel{{ end }}`,
    `{{ if ${parallelism}.Tensor }}--tensor-parallel-size {{ ${parallelism}.Tensor }}{{ end }}`,
    `--data-parallel-size {{ or ${parallelism}.Data 1 }}`,
    `--data-parallel-size-local {{ or ${parallelism}.DataLocal 1 }}`,
    '--data-parallel-address "$DP_ADDRESS"',
    `--data-parallel-rpc-port {{ or ${parallelism}.DataRPCPort 5555 }}`,
    '--data-parallel-start-rank "$START_RANK"',
    ...(leader ? [] : ['--headless']),
    '"${version_flags[@]}"',
    tls,
  ];
}

function startRank(part: Part): string {
  const rank = part.pod === 'template' ? '0' : `$((\${LWS_WORKER_INDEX:-0} * {{ or ${sources(part).parallelism}.DataLocal 1 }}))`;
  return `# --- First data-parallel rank of this pod (R2b.22).\nSTART_RANK=${rank}`;
}

function serve(part: Part): string {
  const lines = [
    'vllm serve /mnt/models',
    `--served-model-name "$MODEL"${part.publisherName ? ' "$PUBLISHER"' : ''}`,
    `--port ${part.port}`,
    ...(part.dataParallel ? dataParallelArguments(part) : singlePodArguments(part)),
  ];
  return `command=(\n${lines.map((line) => `  ${line}\n`).join('')})`;
}

/** The start script of a vLLM container, with template actions (R2b.20 - R2b.27). Its positional parameters are the container's args. */
export function startScript(part: Part): string {
  const { shutdownTimeout, kvTransferConfig } = sources(part);
  const versionFlags = block('version-flags').replace('%SHUTDOWN_TIMEOUT%', shutdownTimeout).replace('%KV_TRANSFER_CONFIG%', kvTransferConfig);
  const blocks = [
    ...(part.dataParallel ? [block('leader-address')] : []),
    block('roce-discovery'),
    ...(part.dataParallel ? [startRank(part)] : []),
    versionFlags,
    block('names'),
    serve(part),
    block('user-arguments'),
  ];
  return `${blocks.join('\n\n')}\n`;
}
