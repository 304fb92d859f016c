import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kindOf } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { applyInstallation, applyObject } from '../cli/install.ts';
import { installation } from '../cli/installation.ts';
import { readManifests } from '../cli/manifest-files.ts';
import { packagePath } from '../cli/package-files.ts';
import { createAuthority } from '../control-plane/certificates.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { foreignDefinitions } from '../control-plane/custom-resources.ts';
import { chooseFreePort } from '../control-plane/ports.ts';
import { loadAccess } from '../controllers/runtime/access.ts';
import { type Client, createClient } from '../controllers/runtime/client.ts';

/** A control plane with everything the operator needs installed, and nothing else in it. */
export interface Cluster {
  /** Acts as administrator. */
  readonly client: Client;
  /** Kubeconfig of the operator's service account: its rights and its share of the API server. */
  readonly operatorKubeconfig: string;
  readonly webhookPort: number;
  readonly webhookCertificates: string;
  /** Lets writes pass without an operator that answers webhooks. */
  removeWebhooks(): Promise<void>;
  stop(): Promise<void>;
}

const OPERATOR = 'system:serviceaccount:kserve:llmisvc-controller-manager';

const manifestsOf = (path: string): KubeObject[] => readManifests([path]).map(({ object }) => object);

export async function startCluster(): Promise<Cluster> {
  const plane = await startControlPlane({ definitions: manifestsOf(foreignDefinitions) });
  const directory = await mkdtemp(join(tmpdir(), 'llmisvc-bench-'));
  const client = createClient(await loadAccess({ kubeconfig: plane.adminKubeconfig.path, environment: {} }), { version: 'bench' });
  const webhookPort = await chooseFreePort();
  const authority = await createAuthority('bench-webhooks');
  const { certificate, key } = await authority.issueServer('webhooks', { dns: ['localhost'], ip: ['127.0.0.1'] });
  const operatorKubeconfig = join(directory, 'operator.kubeconfig');
  await writeFile(join(directory, 'tls.crt'), certificate);
  await writeFile(join(directory, 'tls.key'), key, { mode: 0o600 });
  await writeFile(operatorKubeconfig, await plane.kubeconfigFor({ name: OPERATOR, groups: ['system:serviceaccounts'] }), { mode: 0o600 });

  const caBundle = Buffer.from(authority.certificate).toString('base64');
  const parts = installation({ via: 'url', url: `https://127.0.0.1:${webhookPort}`, caBundle });
  await applyInstallation(client, parts, () => undefined);
  for (const object of manifestsOf(packagePath('examples/environment'))) await applyObject(client, object);

  return {
    client,
    operatorKubeconfig,
    webhookPort,
    webhookCertificates: directory,
    async removeWebhooks() {
      for (const object of parts.webhooks) {
        const kind = kindOf(object);
        if (kind) await client.delete(kind, undefined, object.metadata.name ?? '');
      }
    },
    async stop() {
      await client.close();
      await plane.stop();
      await rm(directory, { recursive: true });
    },
  };
}
