import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { renderTemplates } from '../../../assemble/render-templates.ts';
import { templateData } from '../../../assemble/template-data.ts';
import { ingress, service } from '../../support/router-fixtures.ts';
import { containerOf, preset } from './preset-files.ts';

export interface Start {
  readonly preset: string;
  readonly pod?: 'template' | 'worker';
  readonly spec?: LLMInferenceServiceSpec;
  readonly tls?: boolean;
  /** What `vllm --version` prints. */
  readonly version?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The container's args. */
  readonly args?: readonly string[];
  /** What `getent hosts` prints; it fails when empty. */
  readonly hosts?: string;
  /** Files in place of /sys/class/infiniband: path to content. */
  readonly infiniband?: Readonly<Record<string, string>>;
}

export interface Started {
  /** The command line of the engine, or nothing when the script never got there. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

/** The preset's spec rendered for service `llama` in namespace `ns`. */
export function renderedPreset(name: string, spec: LLMInferenceServiceSpec = {}, tls = false): LLMInferenceServiceSpec {
  const stored = service({ spec: { ...spec, model: spec.model ?? { uri: 'hf://meta-llama/Llama-3.1-8B', name: 'llama-8b' } } });
  const settings = { ingress: ingress({ enableTLS: tls }) } as never;
  const data = templateData({ service: stored, spec: stored.spec!, poolOwner: stored.spec!, settings, systemNamespace: 'kserve' });
  const rendered = renderTemplates(preset(name).spec, data);
  if ('rejected' in rendered) throw new Error(String(rendered.message));
  return rendered;
}

/** The start script of a preset's container, rendered. */
export function startScriptOf({ preset: name, pod = 'template', spec, tls }: Start): string {
  const rendered = renderedPreset(name, spec, tls);
  const workload = name.startsWith('config-llm-prefill') ? rendered.prefill! : rendered;
  return containerOf(workload[pod] as never).command![2]!;
}

/** Runs a start script in bash, with stand-ins for the engine and for what it asks the machine, and tells what it ended in. */
export function start(options: Start): Started {
  const directory = mkdtempSync(join(tmpdir(), 'start-'));
  try {
    return runIn(directory, options);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function runIn(directory: string, options: Start): Started {
  const { version = '0.23.0', env = {}, args = [], hosts = '10.0.0.7 leader', infiniband = {} } = options;
  const put = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
    chmodSync(join(directory, path), mode);
  };
  const record = `printf '%s\\0' vllm "$@" > "${directory}/argv"; env -0 > "${directory}/env"`;
  put('bin/vllm', `#!/bin/bash\nif [ "$1" = --version ]; then printf '%s' '${version}'; exit 0; fi\n${record}\n`, 0o755);
  put('bin/sleep', '#!/bin/bash\n', 0o755);
  put('bin/getent', `#!/bin/bash\n[ -n '${hosts}' ] && echo '${hosts}'\n`, 0o755);
  for (const [path, content] of Object.entries(infiniband)) put(`infiniband/${path}`, `${content}\n`);

  const script = startScriptOf(options).replaceAll('/sys/class/infiniband', join(directory, 'infiniband'));
  const { stdout, stderr } = spawnSync('/bin/bash', ['-c', script, '--', ...args], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: `${directory}/bin:/usr/bin:/bin`, HOME: directory, LWS_LEADER_ADDRESS: 'leader', ...env },
  });
  const words = (file: string): string[] => {
    try {
      return readFileSync(join(directory, file), 'utf8').split('\0').slice(0, -1);
    } catch {
      return [];
    }
  };
  const pairs = words('env').map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]);
  return { argv: words('argv'), env: Object.fromEntries(pairs), log: stdout + stderr };
}
