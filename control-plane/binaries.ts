import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildFromModules } from './build.ts';
import { downloadPublished } from './download.ts';
import { withLock } from './lock.ts';
import { BinariesError, type BinaryName, type Log, type Provider, REQUIRED } from './provider.ts';
import { VERSIONS } from './versions.ts';

/** Absolute paths of the executables. */
export type Binaries = Readonly<Record<BinaryName, string>> & { readonly kubectl?: string };

const STAGING = '.staging-';

export interface BinaryOptions {
  readonly log?: Log;
  readonly environment?: NodeJS.ProcessEnv;
  /** Tried in this order while something is missing; downloading, then building, when left out. */
  readonly providers?: readonly Provider[];
}

/**
 * Finds the executables of a control plane: in `KUBEBUILDER_ASSETS` when that is set (then all of them have to be there), else in the
 * user's cache; what the cache lacks is downloaded or, where that is impossible, built from the public Go modules (minutes, once).
 * Any number of processes may ask at the same time: one fills the cache, the others wait for it.
 */
export async function findBinaries(options: BinaryOptions = {}): Promise<Binaries> {
  const { log = () => undefined, environment = process.env, providers = [downloadPublished, buildFromModules] } = options;
  if (environment.KUBEBUILDER_ASSETS) return binariesOfAssets(environment.KUBEBUILDER_ASSETS);

  const directory = cacheDirectory(environment);
  if ((await missingIn(directory)).length > 0) {
    await withLock(
      join(directory, '.lock'),
      () => fillCache(directory, providers, log),
      () => log('another process is getting the control plane ready; waiting for it'),
    );
  }
  return binariesIn(directory);
}

/** Where the executables are kept for all projects of this user. */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const cache = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  return join(cache, 'llmisvc-operator', 'control-plane', `${VERSIONS.kubernetes}-${process.platform}-${process.arch}`);
}

async function binariesOfAssets(directory: string): Promise<Binaries> {
  const missing = await missingIn(directory);
  if (missing.length === 0) return binariesIn(directory);
  throw new BinariesError(
    `KUBEBUILDER_ASSETS=${directory} has no ${missing.join(', no ')}. It must contain ${REQUIRED.join(', ')} ` +
      '(setup-envtest does not bring kube-controller-manager). Unset it to have all of them downloaded or built.',
  );
}

async function fillCache(directory: string, providers: readonly Provider[], log: Log): Promise<void> {
  await removeLeftovers(directory);
  for (const provide of providers) {
    const missing = await missingIn(directory);
    if (missing.length === 0) return;
    const staging = await mkdtemp(join(directory, STAGING));
    try {
      await provide(missing, staging, log);
      await moveExecutables(staging, directory);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }
  const missing = await missingIn(directory);
  if (missing.length > 0) throw new BinariesError(`there is no way to get ${missing.join(', ')} for ${process.platform}-${process.arch}`);
}

/** What a process that was killed in the middle left behind. The caller holds the lock: nobody else is at work. */
async function removeLeftovers(directory: string): Promise<void> {
  const leftovers = (await readdir(directory)).filter((name) => name.startsWith(STAGING));
  await Promise.all(leftovers.map((name) => rm(join(directory, name), { recursive: true, force: true })));
}

/** A file that appears in `directory` is complete: it is renamed into place. */
async function moveExecutables(staging: string, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of [...REQUIRED, 'kubectl']) {
    if (await isExecutable(join(staging, name))) await rename(join(staging, name), join(directory, name));
  }
}

async function missingIn(directory: string): Promise<BinaryName[]> {
  const present = await Promise.all(REQUIRED.map((name) => isExecutable(join(directory, name))));
  return REQUIRED.filter((_, i) => !present[i]);
}

async function binariesIn(directory: string): Promise<Binaries> {
  const kubectl = join(directory, 'kubectl');
  return {
    etcd: join(directory, 'etcd'),
    'kube-apiserver': join(directory, 'kube-apiserver'),
    'kube-controller-manager': join(directory, 'kube-controller-manager'),
    ...((await isExecutable(kubectl)) ? { kubectl } : {}),
  };
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
