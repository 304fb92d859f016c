import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { packagePath } from '../cli/package-files.ts';
import { chooseFreePort } from '../control-plane/ports.ts';
import type { Cluster } from './cluster.ts';
import { parseRequests, type Requests, totalOf } from './requests.ts';

/** The operator in a process of its own, so that what it uses is its own. */
export interface OperatorProcess {
  readonly pid: number;
  requests(): Promise<Requests>;
  /** Resolves when no pass runs or waits, and no request was sent for a while. */
  untilQuiet(): Promise<void>;
  stop(): Promise<void>;
}

const CHECK_MS = 100;
/** Longer than anything waits that is not a backoff after failures. */
const QUIET_MS = 1000;

/** Starts `llmisvc run` and waits until it serves and has nothing to do. `nodeFlags` are for profilers. */
export async function startOperator(cluster: Cluster, options: { workers: number; nodeFlags: readonly string[] }): Promise<OperatorProcess> {
  const [metricsPort, probePort] = [await chooseFreePort(), await chooseFreePort()];
  const child = spawn(
    process.execPath,
    [
      ...options.nodeFlags,
      packagePath('cli/main.ts'),
      ...['run', '--kubeconfig', cluster.operatorKubeconfig, '--workers', String(options.workers), '--log-level', 'warn'],
      ...['--webhook-host', '127.0.0.1', '--webhook-port', String(cluster.webhookPort), '--webhook-cert-dir', cluster.webhookCertificates],
      ...['--metrics-addr', `127.0.0.1:${metricsPort}`, '--metrics-secure=false', '--health-probe-addr', `127.0.0.1:${probePort}`],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const ended = once(child, 'exit');
  const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();

  async function untilReady(): Promise<void> {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the operator ended with ${child.exitCode}`);
      const ready = await fetch(`http://127.0.0.1:${probePort}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) return;
      await delay(CHECK_MS);
    }
  }

  const operator: OperatorProcess = {
    pid: child.pid ?? 0,
    requests: async () => parseRequests(await page()),
    async untilQuiet() {
      let last = -1;
      for (;;) {
        const text = await page();
        const total = totalOf(parseRequests(text));
        if (total === last && isIdle(text)) return;
        last = total;
        await delay(QUIET_MS);
      }
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
  await untilReady();
  await operator.untilQuiet();
  return operator;
}

const isIdle = (page: string): boolean =>
  [...page.matchAll(/^(?:workqueue_depth|controller_runtime_active_workers)\{[^}]*\} (\d+)/gm)].every(([, value]) => value === '0');
