import type { KubeObject } from '../../api/kubernetes.ts';
import { type Access, accessOf, loadKubeConfig } from '../../controllers/runtime/access.ts';
import { type Client, createClient } from '../../controllers/runtime/client.ts';
import type { RequestReport } from '../../controllers/runtime/transport.ts';
import { cluster } from './cluster.ts';
import { eventually } from './eventually.ts';

/** A client of the test cluster that remembers what it asked for. */
export interface Observed {
  readonly access: Access;
  readonly client: Client;
  readonly reports: RequestReport[];
  /** Verbs of the requests so far that write. */
  writes(): string[];
}

const WRITES = ['create', 'update', 'patch', 'delete'];

export function observedClient(access: Access, timeoutMs = 10_000): Observed {
  const reports: RequestReport[] = [];
  const client = createClient(access, { version: 'test', onRequest: (report) => reports.push(report), timeoutMs });
  return { access, client, reports, writes: () => reports.filter((r) => WRITES.includes(r.verb)).map((r) => `${r.verb} ${r.kind} ${r.code}`) };
}

/** The shared control plane, as its administrator. */
export async function testCluster(): Promise<Observed> {
  const { adminKubeconfig } = await cluster();
  return observedClient(accessOf(await loadKubeConfig(adminKubeconfig.path)));
}

/** Waits until the condition holds; the text says in the error what was waited for. */
export async function until(text: string, condition: () => unknown): Promise<void> {
  await eventually(async () => {
    if (!(await condition())) throw new Error(`waited in vain until ${text}`);
  });
}

export const configMap = (namespace: string, name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name, labels },
  data,
});
