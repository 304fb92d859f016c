import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dispatcher, EnvHttpProxyAgent, fetch } from 'undici';
import type { BinaryName, Log } from './provider.ts';
import { startTethered } from './tether.ts';
import { PUBLISHERS, VERSIONS } from './versions.ts';

const CONNECT_TIMEOUT_MS = 3_000;
const SILENCE_TIMEOUT_MS = 20_000;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** A published file, and how it becomes executables. */
interface Artifact {
  readonly url: string;
  install(content: Buffer, directory: string): Promise<void>;
}

/**
 * Downloads published executables into `directory`, through the proxies of the environment. Whatever goes wrong, on a machine without
 * network within seconds, is one log line and no error: there is another way, building.
 */
export async function downloadPublished(
  names: readonly BinaryName[],
  directory: string,
  log: Log,
  publishers: Readonly<Record<keyof typeof PUBLISHERS, string>> = PUBLISHERS,
): Promise<void> {
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: SILENCE_TIMEOUT_MS,
    bodyTimeout: SILENCE_TIMEOUT_MS,
  });
  const fetchOne = async ({ url, install }: Artifact) => {
    try {
      const checksum = await fetchFile(`${url}.sha512`, dispatcher);
      const content = await fetchFile(url, dispatcher);
      verifyChecksum(content, checksum.toString('utf8'));
      await install(content, directory);
      log(`downloaded ${url}`);
    } catch (error) {
      log(`not downloaded: ${url}: ${reasonOf(error)}`);
    }
  };
  await Promise.all(artifactsOf(names, publishers).map(fetchOne));
  await dispatcher.destroy();
}

function artifactsOf(names: readonly BinaryName[], publishers: Readonly<Record<keyof typeof PUBLISHERS, string>>): Artifact[] {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined || !['linux', 'darwin'].includes(process.platform)) return [];
  const archive = `envtest-v${VERSIONS.envtest}`;
  const controllerManager: BinaryName = 'kube-controller-manager';
  return [
    ...(names.some((name) => name !== controllerManager)
      ? [{ url: `${publishers.envtest}/${archive}/${archive}-${process.platform}-${architecture}.tar.gz`, install: unpack }]
      : []),
    // The envtest archive lacks it.
    ...(names.includes(controllerManager) && process.platform === 'linux'
      ? [
          {
            url: `${publishers.kubernetes}/v${VERSIONS.kubernetes}/bin/linux/${architecture}/${controllerManager}`,
            install: (content: Buffer, directory: string) => writeFile(join(directory, controllerManager), content, { mode: 0o755 }),
          },
        ]
      : []),
  ];
}

async function fetchFile(url: string, dispatcher: Dispatcher): Promise<Buffer> {
  const response = await fetch(url, { dispatcher });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function verifyChecksum(content: Buffer, published: string): void {
  const expected = /\b[0-9a-f]{128}\b/i.exec(published)?.[0]?.toLowerCase();
  if (expected === undefined) throw new Error('its .sha512 file holds no checksum');
  if (createHash('sha512').update(content).digest('hex') !== expected) throw new Error('it does not match its published checksum');
}

/** The archive holds `controller-tools/envtest/<executable>`. */
async function unpack(archive: Buffer, directory: string): Promise<void> {
  const file = join(directory, 'envtest.tar.gz');
  await writeFile(file, archive);
  const tar = startTethered('tar', ['-xzf', file, '-C', directory, '--strip-components=2']);
  tar.stdout?.resume();
  tar.stderr?.resume();
  if ((await tar.exited) !== 0) throw new Error('tar could not unpack it');
  await rm(file);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
