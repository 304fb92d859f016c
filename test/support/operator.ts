import { mkdtemp, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { defaultOptions, type Options } from '../../api/options.ts';
import { applyInstallation } from '../../cli/install.ts';
import { readManifests } from '../../cli/manifest-files.ts';
import { packagePath } from '../../cli/package-files.ts';
import { type Run, type RunOptions, runOperator } from '../../cli/run.ts';
import type { ControlPlane } from '../../control-plane/control-plane.ts';
import { startTethered } from '../../control-plane/tether.ts';
import { serviceAccountUser } from '../../control-plane/users.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { createClient } from '../../controllers/runtime/client.ts';
import { createLog, type LogLevel } from '../../controllers/runtime/log.ts';
import type { End } from '../../controllers/runtime/manager.ts';
import { createMetrics, type Metrics } from '../../controllers/runtime/metrics.ts';
import { eventually } from './eventually.ts';
import { HOST, type WebhookAddress } from './webhook-address.ts';

const SERVICE_ACCOUNT = 'llmisvc-controller-manager';
const OFF = '0';

/** A place on a control plane for an operator to run: its certificate, its address, its credentials. Nothing runs yet. */
export interface Site {
  readonly controlPlane: ControlPlane;
  readonly webhooks: WebhookAddress;
  /** Directory with the certificate of the webhooks. */
  readonly certificateDirectory: string;
  /** Kubeconfig file of the operator's own service account, with the rights of the chart and no others. */
  readonly kubeconfig: string;
  readonly options: Options;
}

/** Prepares a site; the operator's service account and its rights are all that is applied. */
export async function prepareSite(controlPlane: ControlPlane, webhooks: WebhookAddress): Promise<Site> {
  const directory = await mkdtemp(join(controlPlane.directory, 'operator-'));
  const { certificate, key } = webhooks.certificate;
  await writeFile(join(directory, 'tls.crt'), certificate);
  await writeFile(join(directory, 'tls.key'), key, { mode: 0o600 });

  const { systemNamespace } = defaultOptions;
  const rights = webhooks.manifests.base.filter(({ apiVersion }) => apiVersion.startsWith('rbac.authorization.k8s.io/'));
  const user = await serviceAccountUser(controlPlane, { name: SERVICE_ACCOUNT, namespace: systemNamespace, manifests: rights });
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, user.kubeconfig, { mode: 0o600 });
  return { controlPlane, webhooks, certificateDirectory: directory, kubeconfig, options: defaultOptions };
}

/** Applies all of an installation but the CRDs, which the control plane has, and the Gateway of the examples. The operator need not run. */
export async function installInto(site: Site): Promise<void> {
  await installWithoutGateway(site);
  for (const { object } of readManifests([packagePath('examples/environment/20-gateway.yaml')])) await site.controlPlane.admin.apply(object);
}

/** The same on a control plane that may not know Gateways. */
export async function installWithoutGateway({ controlPlane, webhooks: { manifests } }: Site): Promise<void> {
  const client = createClient(await loadAccess({ kubeconfig: controlPlane.adminKubeconfig.path, environment: {} }), { version: 'test' });
  try {
    await applyInstallation(client, { ...manifests, definitions: [] }, () => undefined);
  } finally {
    await client.close();
  }
}

/** An operator that runs in this process. */
export interface RunningOperator {
  readonly metrics: Metrics;
  /** Resolves when it ends, however that comes. */
  readonly ended: Promise<End>;
  /** Ends it as SIGTERM would. */
  stop(): Promise<End>;
}

export interface StartOptions {
  /** True when left out. */
  readonly untilRunning?: boolean;
  readonly run?: Partial<Pick<Run, 'certificateLifetimes' | 'access' | 'distribution' | 'timeouts'>>;
}

/**
 * Starts an operator in this process; resolves when it runs passes. A candidate for leadership need not get that far: without
 * `untilRunning` it is enough that its webhooks answer.
 */
export async function startOperator(site: Site, flags: Partial<RunOptions> = {}, options: StartOptions = {}): Promise<RunningOperator> {
  const metrics = createMetrics({ process: false });
  const ending = new AbortController();
  const access = await loadAccess({ kubeconfig: site.kubeconfig, environment: {} });
  let ended: Promise<End> = Promise.resolve('stopped');
  const running = new Promise<void>((resolve) => {
    const { run = {} } = options;
    ended = runOperator({ access, options: site.options, flags: flagsOf(site, flags), log, metrics, onRunning: resolve, ...run }, ending.signal);
  });
  ended.catch(() => undefined);
  const started = (options.untilRunning ?? true) ? running : untilWebhooksAnswer(flags.webhookPort ?? site.webhooks.port);
  await Promise.race([started, ended]);
  return {
    metrics,
    ended,
    stop() {
      ending.abort();
      return ended;
    },
  };
}

/** Set LLMISVC_TEST_LOG=info to see what operators of tests say. */
const logLevel = (process.env.LLMISVC_TEST_LOG ?? 'silent') as LogLevel;
const log = createLog({ level: logLevel });

function flagsOf({ kubeconfig, webhooks, certificateDirectory, options }: Site, flags: Partial<RunOptions>): RunOptions {
  return {
    kubeconfig,
    systemNamespace: options.systemNamespace,
    workers: 4,
    webhookHost: HOST,
    webhookPort: webhooks.port,
    webhookCertDir: certificateDirectory,
    leaderElect: false,
    healthProbeAddr: OFF,
    metricsAddr: OFF,
    logLevel,
    ...flags,
  };
}

/** An operator in a process of its own. */
export interface SpawnedOperator {
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starts an operator with `llmisvc run`; resolves when its webhooks answer. */
export async function spawnOperator(site: Site, flags: Partial<RunOptions> = {}): Promise<SpawnedOperator> {
  const { webhookPort, webhookCertDir, kubeconfig, leaderElect, ...rest } = flagsOf(site, { logLevel: 'warn', ...flags });
  const named = {
    kubeconfig,
    'system-namespace': rest.systemNamespace,
    'webhook-host': rest.webhookHost,
    'webhook-port': webhookPort,
    'webhook-cert-dir': webhookCertDir,
    'health-probe-addr': rest.healthProbeAddr,
    'metrics-addr': rest.metricsAddr,
    'log-level': rest.logLevel,
  };
  const args = [...Object.entries(named).map(([name, value]) => `--${name}=${value}`), ...(leaderElect ? ['--leader-elect'] : [])];
  // Halves the time it takes to start the same program again.
  const environment = { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(site.controlPlane.directory, 'compile-cache') };
  const child = startTethered(process.execPath, [packagePath('cli/main.ts'), 'run', ...args], { environment });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => output.push(String(chunk)));
  const failed = child.exited.then((code) => Promise.reject(new Error(`the operator ended with code ${code}:\n${output.join('')}`)));
  failed.catch(() => undefined);
  await Promise.race([untilWebhooksAnswer(webhookPort), failed]);
  return child;
}

/** Resolves when a webhook server answers at this port. */
export function untilWebhooksAnswer(port: number): Promise<void> {
  const probe = () =>
    new Promise<void>((resolve, reject) => {
      const request = get({ host: HOST, port, rejectUnauthorized: false, agent: false }, (response) => {
        response.resume();
        resolve();
      });
      request.once('error', reject);
    });
  return eventually(probe);
}
