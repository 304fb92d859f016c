import { writeFile } from 'node:fs/promises';
import type { KubeObject } from '../api/kubernetes.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import type { ComponentError, Flags } from './component.ts';
import { startControllerManager } from './controller-manager.ts';
import { installDefinitions } from './custom-resources.ts';
import { startEtcd } from './etcd.ts';
import { essentialControllers } from './flags.ts';
import { type Identity, kubeconfigOf } from './kubeconfig.ts';
import type { Log } from './provider.ts';
import { prepareRun, type Run } from './run.ts';

export interface ControlPlaneOptions {
  /** Found with `findBinaries` when left out. */
  readonly binaries?: Binaries;
  /** Controllers of kube-controller-manager, by the names it prints in `--help`; essentialControllers when left out. */
  readonly controllers?: readonly string[];
  /** Further flags of kube-controller-manager and kube-apiserver; they win over the usual ones. */
  readonly controllerManagerFlags?: Flags;
  readonly apiServerFlags?: Flags;
  /** CRDs to install before the controllers start: the garbage collector looks for new kinds only every half minute. */
  readonly definitions?: readonly KubeObject[];
  readonly log?: Log;
}

/** Who a kubeconfig is for: the name and groups that RBAC sees. */
export interface UserOptions {
  readonly name: string;
  readonly groups?: readonly string[];
  /** The namespace of the kubeconfig's context. */
  readonly namespace?: string;
}

/** A running etcd, kube-apiserver and kube-controller-manager. They end with this process, however it ends. */
export interface ControlPlane {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** The certificate that verifies the server's, as PEM. */
  readonly authority: string;
  /** Keys, kubeconfigs and one log file per component; removed by `stop`. */
  readonly directory: string;
  readonly controllers: readonly string[];
  readonly adminKubeconfig: { readonly path: string; readonly text: string };
  /** Acts as administrator. */
  readonly admin: ApiClient;
  /** Issues a client certificate that makes its holder this user. */
  identityFor(user: UserOptions): Promise<Identity>;
  /** `identityFor` as the text of a kubeconfig file. */
  kubeconfigFor(user: UserOptions): Promise<string>;
  /** Kills the API server; the rest stays. */
  stopApiServer(): Promise<void>;
  /** Starts it again under the same address, and waits until it is ready. `furtherFlags` take the place of `apiServerFlags`. */
  startApiServer(furtherFlags?: Flags): Promise<void>;
  /** An outage: both of the above. */
  restartApiServer(): Promise<void>;
  /** Resolves when a component ends by itself. */
  readonly failed: Promise<ComponentError>;
  /** Ends all components and removes the directory; may be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a control plane on loopback with a database of its own and waits until it works: API server ready, CRDs served, controllers
 * busy. Throws BinariesError or ComponentError; in the second case the logs are kept where the message says.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { controllers = essentialControllers, definitions = [] } = options;
  const binaries = options.binaries ?? (await findBinaries(options.log ? { log: options.log } : {}));
  const run = await prepareRun(binaries);
  try {
    await startEtcd(run);
    const apiServer = await startApiServer(run, options.apiServerFlags);
    await installDefinitions(apiServer.admin, definitions);
    await startControllerManager(run, apiServer, controllers, options.controllerManagerFlags);
    return await controlPlaneOf(run, apiServer, controllers);
  } catch (error) {
    await run.stop();
    throw error;
  }
}

async function controlPlaneOf(run: Run, apiServer: ApiServer, controllers: readonly string[]): Promise<ControlPlane> {
  const adminKubeconfig = { path: run.files.adminKubeconfig, text: kubeconfigOf(apiServer.administrator) };
  await writeFile(adminKubeconfig.path, adminKubeconfig.text, { mode: 0o600 });

  const identityFor = async ({ name, groups, namespace }: UserOptions): Promise<Identity> => ({
    user: name,
    server: apiServer.url,
    authority: run.authority.certificate,
    credential: await run.authority.issueClient(name, groups),
    ...(namespace === undefined ? {} : { namespace }),
  });

  return {
    url: apiServer.url,
    authority: run.authority.certificate,
    directory: run.directory,
    controllers,
    adminKubeconfig,
    admin: apiServer.admin,
    identityFor,
    kubeconfigFor: async (user) => kubeconfigOf(await identityFor(user)),
    stopApiServer: apiServer.stop,
    startApiServer: apiServer.start,
    async restartApiServer() {
      await apiServer.stop();
      await apiServer.start();
    },
    failed: run.failed,
    async stop() {
      await apiServer.admin.close();
      await run.stop();
      await run.remove();
    },
  };
}
