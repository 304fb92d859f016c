import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BinariesError, type BinaryName, type Log } from './provider.ts';
import { startTethered } from './tether.ts';
import { VERSIONS } from './versions.ts';

const PROGRESS_MS = 10_000;
/** How much of the compiler's output an error repeats. */
const ERROR_LINES = 12;
const COMMAND_NOT_FOUND = 127;

/** A build: a Go project that requires a public module, the packages of that module to link, and where to. */
interface Recipe {
  readonly goMod: string;
  readonly packages: readonly string[];
  readonly linkerFlags: string;
  /** A file, or a directory with a slash at its end. */
  readonly output: string;
}

/**
 * Builds executables from the public Go modules into `directory` with the machine's `go`, which checks what it downloads against the
 * public checksum database. Takes minutes the first time and less than one when Go's own caches are warm.
 */
export async function buildFromModules(names: readonly BinaryName[], directory: string, log: Log): Promise<void> {
  const project = join(directory, 'project');
  await mkdir(project);
  await checkGo(project);
  if (names.includes('etcd')) await build(etcdRecipe(join(directory, 'etcd')), project, log);
  const ofKubernetes = names.filter((name) => name !== 'etcd');
  if (ofKubernetes.length > 0) await build(await kubernetesRecipe(ofKubernetes, `${directory}/`), project, log);
}

function etcdRecipe(output: string): Recipe {
  const module = 'go.etcd.io/etcd/server/v3';
  return { goMod: `require ${module} v${VERSIONS.etcd}\n`, packages: [module], linkerFlags: '-s -w', output };
}

/** k8s.io/kubernetes requires its staging modules at v0.0.0; each of them is published on its own as v0.<minor>.<patch>. */
async function kubernetesRecipe(names: readonly BinaryName[], output: string): Promise<Recipe> {
  const download = await runGo(['mod', 'download', '-json', `k8s.io/kubernetes@v${VERSIONS.kubernetes}`]);
  const { GoMod: goModFile } = JSON.parse(download) as { GoMod: string };
  const staging = [...(await readFile(goModFile, 'utf8')).matchAll(/(k8s\.io\/[\w-]+) v0\.0\.0\s*$/gm)].map((match) => match[1] ?? '');
  const published = VERSIONS.kubernetes.replace(/^\d+/, '0');
  const replacements = [...new Set(staging)].map((module) => `replace ${module} => ${module} v${published}\n`);
  return {
    goMod: `require k8s.io/kubernetes v${VERSIONS.kubernetes}\n${replacements.join('')}`,
    packages: names.map((name) => `k8s.io/kubernetes/cmd/${name}`),
    linkerFlags: `-s -w ${versionFlags()}`,
    output,
  };
}

/** Without these the server calls itself v0.0.0-master+$Format:%H$, and clients that parse its version fail. */
function versionFlags(): string {
  const [major, minor] = VERSIONS.kubernetes.split('.');
  const fields = {
    gitVersion: `v${VERSIONS.kubernetes}`,
    gitMajor: major,
    gitMinor: minor,
    gitCommit: 'unknown',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
  };
  return Object.entries(fields)
    .map(([field, value]) => `-X k8s.io/component-base/version.${field}=${value}`)
    .join(' ');
}

async function build(recipe: Recipe, project: string, log: Log): Promise<void> {
  await writeFile(join(project, 'go.mod'), `${GO_MOD_HEAD}${recipe.goMod}`);
  const what = recipe.packages.join(', ');
  const started = performance.now();
  const elapsed = () => `${Math.round((performance.now() - started) / 1000)} s`;
  log(`building ${what} from the public Go modules (minutes the first time)`);
  let compiled = 0;
  const progress = setInterval(() => log(`building ${what}: ${compiled} packages compiled, ${elapsed()}`), PROGRESS_MS);
  try {
    const flags = ['-v', '-mod=mod', '-buildvcs=false', '-ldflags', recipe.linkerFlags, '-o', recipe.output];
    await runGo(['build', ...flags, ...recipe.packages], { cwd: project, onLine: () => compiled++ });
  } finally {
    clearInterval(progress);
  }
  log(`built ${what} in ${elapsed()}`);
}

const GO_MOD_HEAD = `module control-plane\ngo ${VERSIONS.go}\n`;

/** In a project `go` chooses its toolchain: an old one fetches a newer one by itself, unless GOTOOLCHAIN forbids it. */
async function checkGo(project: string): Promise<void> {
  await writeFile(join(project, 'go.mod'), GO_MOD_HEAD);
  try {
    await runGo(['list', '-m'], { cwd: project });
  } catch (error) {
    throw new BinariesError(
      `${error instanceof Error ? error.message : error}\nBuilding the control plane takes Go ${VERSIONS.go} or later: install it ` +
        '(https://go.dev/dl), or set KUBEBUILDER_ASSETS to a directory that has the executables.',
    );
  }
}

/** Runs `go`, tells `onLine` of each line on standard error, and resolves to the standard output. */
async function runGo(args: readonly string[], options: { cwd?: string; onLine?: () => void } = {}): Promise<string> {
  const { cwd, onLine } = options;
  const go = startTethered('go', args, { ...(cwd === undefined ? {} : { cwd }), environment: { ...process.env, GOWORK: 'off' } });
  const lines: string[] = [];
  if (go.stderr) {
    createInterface({ input: go.stderr }).on('line', (line) => {
      lines.push(line);
      onLine?.();
    });
  }
  let output = '';
  go.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const code = await go.exited;
  if (code === 0) return output;
  if (code === COMMAND_NOT_FOUND) throw new BinariesError('there is no `go` on the PATH');
  throw new BinariesError(`go ${args[0]} failed:\n${lines.slice(-ERROR_LINES).join('\n')}`);
}
