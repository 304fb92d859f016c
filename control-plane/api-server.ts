import { setTimeout as delay } from 'node:timers/promises';
import { type ApiClient, connect } from './api-client.ts';
import { type Component, ComponentError, type Flags, untilReady } from './component.ts';
import { apiServerFlags } from './flags.ts';
import type { Identity } from './kubeconfig.ts';
import { chooseFreePort } from './ports.ts';
import type { Run } from './run.ts';

const TIMEOUT_MS = 60_000;
const ATTEMPTS = 5;
const RETRY_MS = 200;

/** The user every bootstrap role trusts. */
export const ADMINISTRATOR = { name: 'kubernetes-admin', groups: ['system:masters'] } as const;

/** The API server of a control plane; the address stays when it is stopped and started again. */
export interface ApiServer {
  readonly url: string;
  readonly administrator: Identity;
  readonly admin: ApiClient;
  /** @param furtherFlags in place of those it was started with first */
  start(furtherFlags?: Flags): Promise<void>;
  stop(): Promise<void>;
}

/** Starts kube-apiserver on a free port and waits until it is ready, the bootstrap RBAC roles included (they are part of /readyz). */
export async function startApiServer(run: Run, furtherFlags: Flags = {}): Promise<ApiServer> {
  const credential = await run.authority.issueClient(ADMINISTRATOR.name, ADMINISTRATOR.groups);

  async function launch(port: number, flags: Flags): Promise<{ port: number; component: Component }> {
    const component = await run.start('kube-apiserver', { ...apiServerFlags(run.files, port), ...flags });
    const client = connect(identityOn(port));
    try {
      await untilReady(component, async () => (await client.request({ method: 'GET', path: '/readyz' })) === 'ok', TIMEOUT_MS);
    } catch (error) {
      await component.stop();
      throw error;
    } finally {
      await client.close();
    }
    run.complete(component);
    return { port, component };
  }

  const identityOn = (port: number): Identity => ({
    user: ADMINISTRATOR.name,
    server: `https://127.0.0.1:${port}`,
    authority: run.authority.certificate,
    credential,
  });

  const first = await retryWhilePortIsTaken(async () => launch(await chooseFreePort(), furtherFlags));
  let current = first.component;
  const administrator = identityOn(first.port);
  return {
    url: administrator.server,
    administrator,
    admin: connect(administrator),
    async start(flags = furtherFlags) {
      current = (await retryWhilePortIsTaken(() => launch(first.port, flags))).component;
    },
    stop: () => current.stop(),
  };
}

/** Between the choice of a port and its use, and between two runs on the same one, another process may take it. */
async function retryWhilePortIsTaken<T>(launch: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch();
    } catch (error) {
      const taken = error instanceof ComponentError && error.message.includes('address already in use');
      if (!taken || attempt === ATTEMPTS) throw error;
      await delay(RETRY_MS);
    }
  }
}
