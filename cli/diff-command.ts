import { type Access, loadAccess } from '../controllers/runtime/access.ts';
import { textOf } from '../controllers/runtime/api-error.ts';
import { createClient } from '../controllers/runtime/client.ts';
import { diffAgainstCluster, diffAgainstFiles, type ServiceChange, summarise } from './diff.ts';
import { readOptions } from './environment.ts';
import { readOnly } from './live-cluster.ts';
import { ManifestError } from './manifest-files.ts';
import type { Sources } from './offline-cluster.ts';
import { packageVersion } from './package-files.ts';

export interface DiffOptions extends Sources {
  readonly filename: readonly string[];
  readonly against?: readonly string[];
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly systemNamespace: string;
}

/** `llmisvc diff`: prints what would change; resolves to whether anything would. */
export async function diff(options: DiffOptions): Promise<boolean> {
  const { filename, against } = options;
  const services = against
    ? await diffAgainstFiles(filename, against, { ...options, namespace: options.namespace ?? 'default' })
    : await diffCluster(options);
  process.stdout.write(services.flatMap(({ changes }) => changes.map(({ patch }) => patch)).join(''));
  process.stderr.write(summarise(services));
  return services.length > 0;
}

async function diffCluster({ filename, namespace, kubeconfig, systemNamespace }: DiffOptions): Promise<ServiceChange[]> {
  const access = await loadAccess({ kubeconfig, environment: process.env });
  const client = createClient(access, { version: packageVersion() });
  try {
    const cluster = readOnly(client, readOptions(process.env, { systemNamespace }));
    const services = await diffAgainstCluster(filename, cluster, namespace ?? access.namespace ?? 'default');
    for (const what of cluster.unreadable()) process.stderr.write(`no permission to read ${what}: they count as absent\n`);
    return services;
  } catch (error) {
    throw withServer(error, access);
  } finally {
    await client.close();
  }
}

function withServer(error: unknown, { server }: Access): unknown {
  return error instanceof ManifestError ? error : new Error(`cannot compare with ${server}: ${textOf(error)}`, { cause: error });
}
