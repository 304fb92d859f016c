import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Container } from '../../api/kubernetes.ts';

/** What a container finds where it starts. */
export interface Surroundings {
  /** What `vllm --version` prints. */
  readonly version?: string;
  /** Variables that others than its spec give it. */
  readonly env?: Readonly<Record<string, string>>;
  /** What `getent hosts` prints; it fails when empty. */
  readonly hosts?: string;
  /** How often `getent hosts` fails before it prints that. */
  readonly misses?: number;
  /** Files in place of /sys/class/infiniband: path to content. */
  readonly infiniband?: Readonly<Record<string, string>>;
}

export interface Started {
  /** The command line of the engine, or nothing when the script never got there. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

/**
 * Runs the command of an engine's container as a kubelet would have it run, with stand-ins for the engine and for what it asks the
 * machine, and tells what it ended in. Variables whose value is elsewhere are `<their name>`.
 */
export function startContainer(container: Pick<Container, 'command' | 'args' | 'env'>, surroundings: Surroundings = {}): Started {
  const directory = mkdtempSync(join(tmpdir(), 'start-'));
  try {
    return startIn(directory, container, surroundings);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function startIn(directory: string, { command = [], args = [], env = [] }: Parameters<typeof startContainer>[0], around: Surroundings): Started {
  const { version = '0.23.0', hosts = '10.0.0.7 leader', misses = 0, infiniband = {} } = around;
  const put = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
    chmodSync(join(directory, path), mode);
  };
  const record = `printf '%s\\0' vllm "$@" > "${directory}/argv"; env -0 > "${directory}/env"`;
  put('bin/vllm', `#!/bin/bash\nif [ "$1" = --version ]; then printf '%s' '${version}'; exit 0; fi\n${record}\n`, 0o755);
  put('bin/sleep', '#!/bin/bash\n', 0o755);
  const count = join(directory, 'lookups');
  put('bin/getent', `#!/bin/bash\necho >> "${count}"\n[ -n '${hosts}' ] && [ $(wc -l < "${count}") -gt ${misses} ] && echo '${hosts}'\n`, 0o755);
  for (const [path, content] of Object.entries(infiniband)) put(`infiniband/${path}`, `${content}\n`);

  const variables: Record<string, string> = { LWS_LEADER_ADDRESS: 'leader', ...around.env };
  for (const { name, value, valueFrom } of env) variables[name] = valueFrom ? `<${name}>` : expand(value ?? '', variables);
  const [file = '', ...words] = [...command, ...args].map((word) => expand(word, variables));
  const { stdout, stderr } = spawnSync(
    file,
    words.map((word) => word.replaceAll('/sys/class/infiniband', join(directory, 'infiniband'))),
    { cwd: directory, encoding: 'utf8', env: { PATH: `${directory}/bin:/usr/bin:/bin`, HOME: directory, ...variables } },
  );
  const recorded = (name: string): string[] => {
    try {
      return readFileSync(join(directory, name), 'utf8').split('\0').slice(0, -1);
    } catch {
      return [];
    }
  };
  const pairs = recorded('env').map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]);
  return { argv: recorded('argv'), env: Object.fromEntries(pairs), log: stdout + stderr };
}

/** References to variables as a kubelet resolves them: `$(NAME)` if there is such a variable, and `$$` is a dollar sign. */
function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (reference, name?: string) => (name === undefined ? '$' : (variables[name] ?? reference)));
}
