import { writeFile } from 'node:fs/promises';
import { kinds } from '../api/kinds.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiServer } from './api-server.ts';
import { type Flags, untilReady } from './component.ts';
import { controllerManagerFlags } from './flags.ts';
import { kubeconfigOf } from './kubeconfig.ts';
import type { Run } from './run.ts';

const TIMEOUT_MS = 60_000;
const USER = 'system:kube-controller-manager';

/** Starts kube-controller-manager with these controllers, and waits until their first work is done. */
export async function startControllerManager(
  run: Run,
  apiServer: ApiServer,
  controllers: readonly string[],
  furtherFlags: Flags = {},
): Promise<void> {
  const credential = await run.authority.issueClient(USER);
  const kubeconfig = kubeconfigOf({ ...apiServer.administrator, user: USER, credential });
  await writeFile(run.files.controllerManagerKubeconfig, kubeconfig, { mode: 0o600 });
  const component = await run.start('kube-controller-manager', { ...controllerManagerFlags(run.files, controllers), ...furtherFlags });
  for (const controller of controllers) {
    const isDone = firstWork[controller];
    if (isDone) await untilReady(component, () => isDone(apiServer.admin), TIMEOUT_MS);
  }
  run.complete(component);
}

/** What shows that a controller works. Those that leave no trace in an empty cluster are not waited for. */
const firstWork: Readonly<Record<string, (admin: ApiClient) => Promise<boolean>>> = {
  'serviceaccount-controller': async (admin) => (await admin.get(kinds.serviceAccount, 'default', 'default')) !== undefined,
  'root-ca-certificate-publisher-controller': async (admin) => (await admin.get(kinds.configMap, 'default', 'kube-root-ca.crt')) !== undefined,
  'clusterrole-aggregation-controller': async (admin) => Array.isArray((await admin.get(kinds.clusterRole, undefined, 'edit'))?.rules),
};
