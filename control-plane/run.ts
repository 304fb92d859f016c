import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { type CertificateAuthority, createAuthority, createTokenKeys } from './certificates.ts';
import { type Component, type ComponentError, type Flags, startComponent } from './component.ts';
import { type Files, FRONT_PROXY_USER, filesOf } from './flags.ts';
import type { BinaryName } from './provider.ts';

/** What the components of one control plane share: a directory only the user can read, certificates, and their end. */
export interface Run {
  readonly directory: string;
  readonly files: Files;
  readonly authority: CertificateAuthority;
  start(name: BinaryName, flags: Flags): Promise<Component>;
  /** Resolves when a component that is part of a complete control plane (`complete`) ends by itself. */
  readonly failed: Promise<ComponentError>;
  complete(component: Component): void;
  /** Kills all components. */
  stop(): Promise<void>;
  /** Removes the directory. */
  remove(): Promise<void>;
}

export async function prepareRun(binaries: Binaries): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'llmisvc-control-plane-'));
  const files = filesOf(directory);
  const authority = await createAuthority('control-plane');
  await writeCredentials(files, authority);

  const running = new Set<Component>();
  const failed = Promise.withResolvers<ComponentError>();
  return {
    directory,
    files,
    authority,
    async start(name, flags) {
      const component = await startComponent(binaries[name], flags, directory);
      running.add(component);
      void component.exited.then(() => running.delete(component));
      return component;
    },
    failed: failed.promise,
    complete: (component) => void component.failed.then(failed.resolve),
    async stop() {
      await Promise.all([...running].map((component) => component.stop()));
    },
    remove: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}

async function writeCredentials(files: Files, authority: CertificateAuthority): Promise<void> {
  const frontProxyAuthority = await createAuthority('control-plane-front-proxy');
  const frontProxy = await frontProxyAuthority.issueClient(FRONT_PROXY_USER);
  const server = await authority.issueServer('kube-apiserver', {
    dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
    ip: ['127.0.0.1', '10.96.0.1'],
  });
  const tokens = createTokenKeys();
  const contents = {
    [files.authority]: authority.certificate,
    [files.serverCertificate]: server.certificate,
    [files.serverKey]: server.key,
    [files.frontProxyAuthority]: frontProxyAuthority.certificate,
    [files.frontProxyCertificate]: frontProxy.certificate,
    [files.frontProxyKey]: frontProxy.key,
    [files.tokenPrivateKey]: tokens.privateKey,
    [files.tokenPublicKey]: tokens.publicKey,
  };
  await Promise.all(Object.entries(contents).map(([file, text]) => writeFile(file, text, { mode: 0o600 })));
}
