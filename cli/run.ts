import { randomUUID } from 'node:crypto';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDuration } from '../api/duration.ts';
import { type Kind, kinds } from '../api/kinds.ts';
import type { LocalModelCache } from '../api/local-model.ts';
import type { Options } from '../api/options.ts';
import type { Distribution } from '../assess/distribution.ts';
import { issueCertificate } from '../controllers/certificates.ts';
import { createLegacyCleanUp } from '../controllers/migration/legacy.ts';
import { createStorageMigration } from '../controllers/migration/storage-migration.ts';
import { createOperator } from '../controllers/operator.ts';
import { type Access, loadAccess } from '../controllers/runtime/access.ts';
import { isKindNotServed } from '../controllers/runtime/api-error.ts';
import { type Client, createClient } from '../controllers/runtime/client.ts';
import { createDelegatedAccess } from '../controllers/runtime/delegated-access.ts';
import { createEventRecorder } from '../controllers/runtime/events.ts';
import { type MetricsServerOptions, type ProbeServer, serveMetrics, serveProbes } from '../controllers/runtime/health.ts';
import { createElection, type ElectionTimes } from '../controllers/runtime/leader.ts';
import { createLog, type Log } from '../controllers/runtime/log.ts';
import { type End, type Part, runManager, terminationSignal } from '../controllers/runtime/manager.ts';
import { createMetrics, type Metrics } from '../controllers/runtime/metrics.ts';
import type { TlsSettings } from '../controllers/runtime/tls.ts';
import { type CertificateMode, openCertificate, webhookNames } from '../webhook/certificate-mode.ts';
import type { CertificateSource } from '../webhook/certificate-source.ts';
import { createHandlers } from '../webhook/handlers.ts';
import type { Lifetimes } from '../webhook/self-signed/certificates.ts';
import { startWebhookServer } from '../webhook/server.ts';
import { readOptions } from './environment.ts';
import { type LogFlags, readLogOptions } from './log-flags.ts';
import { packageVersion } from './package-files.ts';
import { readTlsSettings, type TlsFlags } from './tls-flags.ts';

/** The flags of `llmisvc run`. */
export interface RunOptions extends TlsFlags, LogFlags {
  readonly kubeconfig?: string;
  readonly systemNamespace: string;
  readonly workers: number;
  readonly webhookHost: string;
  readonly webhookPort: number;
  readonly webhookCertDir?: string;
  /** `auto` when left out. */
  readonly webhookCertMode?: CertificateMode;
  /** DNS names and IP addresses of the webhooks besides those of their Service, for a certificate of the operator's own. */
  readonly webhookCertNames?: readonly string[];
  readonly leaderElect: boolean;
  readonly healthProbeAddr: string;
  readonly metricsAddr: string;
  /** True when left out. */
  readonly metricsSecure?: boolean;
  /** Milliseconds; R1.91. */
  readonly storageMigrationTimeout?: number;
  readonly storageMigrationPollInterval?: number;
}

/** Where controller-runtime looks for the certificate, too (R1.92). */
const DEFAULT_CERT_DIR = join(tmpdir(), 'k8s-webhook-server', 'serving-certs');
const LEASE = 'llminferenceservice-kserve-controller-manager';
/** An address that stands for "do not serve". */
const OFF = '0';
/** The API server waits 10 s for a webhook: what that one looks up has to be there, or given up, before. */
const LOOKUP_MS = 8_000;
/** Ten years. */
const METRICS_CERTIFICATE_MS = 10 * 365 * 86_400_000;
const STORAGE_MIGRATION = { timeout: 3_600_000, pollInterval: 30_000 };

/** `llmisvc run`: webhooks and controllers against a cluster, until SIGTERM or Ctrl-C. */
export async function run(flags: RunOptions): Promise<void> {
  const log = createLog(readLogOptions(flags));
  const access = await loadAccess({ kubeconfig: flags.kubeconfig, environment: process.env });
  const options = readOptions(process.env, { systemNamespace: flags.systemNamespace });
  const end = await runOperator({ access, options, flags, log }, terminationSignal());
  log.info({ end }, 'operator ended');
  if (end === 'lost leadership') process.exitCode = 1;
}

export interface Run {
  readonly access: Access;
  readonly options: Options;
  readonly flags: RunOptions;
  readonly log: Log;
  readonly metrics?: Metrics;
  /** Of a webhook certificate that the operator issues itself. */
  readonly certificateLifetimes?: Lifetimes;
  /** What the cluster adds to the router; nothing when left out. */
  readonly distribution?: Distribution;
  /** How long to wait for the API server before something is done about it; the defaults of each when left out. */
  readonly timeouts?: Timeouts;
  /** Told once webhooks are served and passes are run. */
  readonly onRunning?: () => void;
}

/** Milliseconds. */
export interface Timeouts {
  /** For an answer to a request, and between two parts of it. */
  readonly request?: number;
  /** For a sign of life on a watch. */
  readonly watchSilence?: number;
  readonly election?: ElectionTimes;
}

/** Runs an operator until the signal is aborted or leadership is lost. Rejects when something cannot be started. */
export async function runOperator(run: Run, signal: AbortSignal): Promise<End> {
  const { access, options, flags, log, metrics = createMetrics(), onRunning, timeouts = {} } = run;
  const tls = readTlsSettings(flags);
  if (flags.enableHttp2 !== undefined) log.warn('--enable-http2 is deprecated: use --tls-min-version and --tls-cipher-suites');
  const { request: timeoutMs, watchSilence: silenceMs } = timeouts;
  const connect = (longest = timeoutMs): Client =>
    createClient(access, { version: packageVersion(), onRequest: metrics.onRequest, ...(longest === undefined ? {} : { timeoutMs: longest }) });
  const client = connect();
  // Writes of the controllers wait for the webhooks, which must not wait for the connections of those writes.
  const lookups = connect(timeoutMs ?? LOOKUP_MS);
  const operator = createOperator({
    client,
    options,
    log,
    metrics,
    workers: flags.workers,
    ...(run.distribution ? { distribution: run.distribution } : {}),
    ...(silenceMs === undefined ? {} : { silenceMs }),
  });
  const handlers = createHandlers({
    options,
    settings: operator.settings,
    localModelCaches: (namespace) => listLocalModelCaches(lookups, namespace),
    knowledge: operator.knowledge,
    servicesUsing: operator.servicesUsing,
  });
  const webhooks = part('webhooks', async () => {
    const { webhookHost: host, webhookPort: port } = flags;
    const certificate = await certificateFor(run, client);
    const server = await startWebhookServer({ host, port, certificate, handlers, log, tls });
    return () => server.stop();
  });
  let webhooksServe = false;
  const running: Part = { name: 'running', start: () => onRunning?.(), stop: () => undefined };
  const servingWebhooks: Part = {
    ...webhooks,
    async start() {
      await webhooks.start();
      webhooksServe = true;
    },
  };
  const probes = part('probes', async () => {
    if (flags.healthProbeAddr === OFF) return async () => undefined;
    const server: ProbeServer = await serveProbes(flags.healthProbeAddr);
    server.readyWhen('webhooks', () => webhooksServe);
    server.readyWhen('caches', operator.canServe);
    return () => server.close();
  });
  const metricsServer = part('metrics', async () => {
    if (flags.metricsAddr === OFF) return async () => undefined;
    const { registry } = metrics;
    const server = await serveMetrics(flags.metricsAddr, { registry, ...((flags.metricsSecure ?? true) ? await protection(lookups, tls) : {}) });
    return () => server.close();
  });
  const election = flags.leaderElect
    ? createElection({
        client,
        namespace: options.systemNamespace,
        name: LEASE,
        identity: `${hostname()}_${randomUUID()}`,
        log,
        ...timeouts.election,
      })
    : undefined;
  try {
    return await runManager(
      {
        // The webhooks answer before anything else: writes of others wait for them (R3.120a).
        parts: [probes, servingWebhooks, metricsServer, operator.caches],
        synced: operator.synced,
        controllers: [...operator.controllers, ...migrations({ client, flags, log, metrics }), running],
        onLeader: metrics.onLeader,
        log,
        ...(election ? { election } : {}),
      },
      signal,
    );
  } finally {
    await Promise.all([client.close(), lookups.close()]);
  }
}

/** Metrics are for those who may get `/metrics`. Who scrapes cannot know the certificate, which nobody else signed; it lives as long as the process. */
async function protection(client: Client, settings: TlsSettings): Promise<Pick<MetricsServerOptions, 'tls' | 'authorize'>> {
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] };
  const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + METRICS_CERTIFICATE_MS) };
  const { certificate: cert, key } = await issueCertificate({ subject: 'CN=metrics', ...validity }, { server: names });
  return { tls: { settings, pair: { cert, key } }, authorize: createDelegatedAccess({ client, attributes: { path: '/metrics', verb: 'get' } }) };
}

function certificateFor({ flags, options, log, certificateLifetimes }: Run, client: Client): Promise<CertificateSource> {
  const { webhookCertMode = 'auto', webhookCertDir = DEFAULT_CERT_DIR, webhookCertNames = [] } = flags;
  const { systemNamespace: namespace, clusterDomain } = options;
  return openCertificate(webhookCertMode, webhookCertDir, {
    client,
    namespace,
    names: webhookNames({ namespace, clusterDomain, further: webhookCertNames }),
    log,
    ...(certificateLifetimes ? { lifetimes: certificateLifetimes } : {}),
  });
}

/** What the leader puts in order once, next to the controllers. */
function migrations({ client, flags, log, metrics }: { client: Client; flags: RunOptions; log: Log; metrics: Metrics }): Part[] {
  const positive = (flag: string, value: number | undefined, standard: number): number => {
    if (value === undefined || value > 0) return value ?? standard;
    log.warn({ flag, value }, `not a positive duration: ${formatDuration(standard)} is used`);
    return standard;
  };
  return [
    createStorageMigration({
      client,
      events: createEventRecorder({ client, component: 'StorageVersionMigration', log }),
      log,
      budgetMs: positive('--storage-migration-timeout', flags.storageMigrationTimeout, STORAGE_MIGRATION.timeout),
      pollMs: positive('--storage-migration-poll-interval', flags.storageMigrationPollInterval, STORAGE_MIGRATION.pollInterval),
      onRefused: metrics.onStorageMigrationRefused,
    }),
    createLegacyCleanUp({ client, log }),
  ];
}

/** A part whose start says how to stop it. */
function part(name: string, open: () => Promise<() => Promise<void>>): Part {
  let close: (() => Promise<void>) | undefined;
  return {
    name,
    async start() {
      close = await open();
    },
    async stop() {
      await close?.();
    },
  };
}

/** Caches of the namespace first, then those of the cluster; without the kinds there are none (R1.57). */
async function listLocalModelCaches(client: Client, namespace: string): Promise<LocalModelCache[]> {
  const read = async (kind: Kind): Promise<LocalModelCache[]> => {
    try {
      return (await client.list(kind, { namespace })).items as unknown as LocalModelCache[];
    } catch (error) {
      if (isKindNotServed(error)) return [];
      throw error;
    }
  };
  const [scoped, everywhere] = await Promise.all([read(kinds.localModelNamespaceCache), read(kinds.localModelCache)]);
  return [...scoped, ...everywhere];
}

/** `llmisvc run --embedded`: the same against a control plane of its own, which ends with it. */
export async function runEmbedded(flags: RunOptions): Promise<void> {
  const { startEmbeddedCluster } = await import('./embedded.ts');
  const log = createLog(readLogOptions(flags));
  const cluster = await startEmbeddedCluster({ webhookPort: flags.webhookPort, tell: (line) => console.error(line) });
  // Until here Ctrl-C simply ends this process, and the control plane with it.
  const signal = terminationSignal();
  try {
    console.error(`export KUBECONFIG=${cluster.controlPlane.adminKubeconfig.path}`);
    const options = readOptions(process.env, { systemNamespace: flags.systemNamespace });
    const own = { ...flags, webhookHost: '127.0.0.1', webhookCertDir: cluster.certificateDirectory, webhookCertMode: 'files' as const };
    const end = await runOperator({ access: cluster.access, options, flags: own, log }, signal);
    log.info({ end }, 'operator ended');
  } finally {
    await cluster.stop();
  }
}
