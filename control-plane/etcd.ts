import { Agent, request } from 'undici';
import { untilReady } from './component.ts';
import { etcdFlags } from './flags.ts';
import type { Run } from './run.ts';

const TIMEOUT_MS = 20_000;

/** Starts etcd and waits until it has elected itself. */
export async function startEtcd(run: Run): Promise<void> {
  const component = await run.start('etcd', etcdFlags(run.files));
  const dispatcher = new Agent({ connect: { socketPath: run.files.etcdSocket } });
  const isHealthy = async () => {
    const response = await request('http://etcd/health', { dispatcher });
    return ((await response.body.json()) as { health?: string }).health === 'true';
  };
  try {
    await untilReady(component, isHealthy, TIMEOUT_MS);
  } finally {
    await dispatcher.destroy();
  }
  run.complete(component);
}
