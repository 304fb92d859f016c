import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { createAuthority } from '../control-plane/certificates.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { type Access, accessOf, loadKubeConfig } from '../controllers/runtime/access.ts';
import { type Client, createClient } from '../controllers/runtime/client.ts';
import { ANSWER_MS, applyInstallation } from './install.ts';
import { installation } from './installation.ts';
import { readManifests } from './manifest-files.ts';
import { packagePath, packageVersion } from './package-files.ts';

/** A control plane of our own with everything installed that the operator needs, and an address for its webhooks. */
export interface EmbeddedCluster {
  readonly controlPlane: ControlPlane;
  readonly access: Access;
  readonly client: Client;
  /** Directory with the certificate that the API server expects from the webhooks at `webhookPort`. */
  readonly certificateDirectory: string;
  readonly webhookPort: number;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly webhookPort: number;
  readonly tell: (line: string) => void;
}

const LOOPBACK = '127.0.0.1';

/**
 * Starts a control plane on loopback and installs CRDs, settings, a default Gateway, presets and webhook configurations.
 *
 * @throws BinariesError or ComponentError when the control plane cannot be had or does not start
 */
export async function startEmbeddedCluster({ webhookPort, tell }: EmbeddedOptions): Promise<EmbeddedCluster> {
  const definitions = readManifests([packagePath('control-plane/crds')]).map(({ object }) => object);
  const controlPlane = await startControlPlane({ definitions, log: tell });
  tell(`Kubernetes API server at ${controlPlane.url}`);
  try {
    const access = accessOf(await loadKubeConfig(controlPlane.adminKubeconfig.path));
    const client = createClient(access, { version: packageVersion(), timeoutMs: ANSWER_MS });
    const authority = await createAuthority('llmisvc-webhooks');
    const certificateDirectory = join(controlPlane.directory, 'webhook-certificate');
    const { certificate, key } = await authority.issueServer('llmisvc-webhooks', { dns: ['localhost'], ip: [LOOPBACK] });
    await mkdir(certificateDirectory);
    await Promise.all([writeFile(join(certificateDirectory, 'tls.crt'), certificate), writeFile(join(certificateDirectory, 'tls.key'), key)]);
    const caBundle = Buffer.from(authority.certificate).toString('base64');
    const parts = installation({ via: 'url', url: `https://${LOOPBACK}:${webhookPort}`, caBundle }, { minimal: true });
    await applyInstallation(client, { ...parts, base: [...parts.base, ...environment()] }, (line) => tell(`installed ${line}`));
    return {
      controlPlane,
      access,
      client,
      certificateDirectory,
      webhookPort,
      async stop() {
        await client.close();
        await controlPlane.stop();
      },
    };
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
}

/** Settings and a default Gateway, as an installation would have them. */
function environment(): KubeObject[] {
  return readManifests([packagePath('examples/environment')])
    .map(({ object }) => object)
    .filter(({ kind }) => kind !== kinds.namespace.kind);
}
