import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../api/duration.ts';
import { parseBoolean, readBoolean, readList } from './environment.ts';
import { parseZapLevel } from './log-flags.ts';

export const kubeconfigOption = () =>
  new Option('--kubeconfig <file>', 'kubeconfig of the cluster (default: $KUBECONFIG, else the pod’s service account, else ~/.kube/config)');

export const systemNamespaceOption = () =>
  new Option('--system-namespace <name>', 'namespace of the operator, its presets and its ConfigMap').env('POD_NAMESPACE').default('kserve');

/** The command that runs the operator, with all its flags (R1.91). */
export const runCommand = (name: string): Command =>
  new Command(name)
    .description(
      'Run the operator: webhooks and controllers. It installs nothing; CRDs, presets and webhook configurations come from the chart or from "llmisvc install".',
    )
    .addOption(kubeconfigOption())
    .option('--embedded', 'start a control plane of its own on this machine, install everything into it, and run against it')
    .addOption(systemNamespaceOption())
    .addOption(
      new Option('--workers <number>', 'services that are reconciled at the same time').env('LLMISVC_WORKERS').default(4).argParser(positive),
    )
    .addOption(new Option('--webhook-host <address>', 'address to serve webhooks on').env('LLMISVC_WEBHOOK_HOST').default('0.0.0.0'))
    .addOption(new Option('--webhook-port <port>', 'port to serve webhooks on').env('LLMISVC_WEBHOOK_PORT').default(9443).argParser(port))
    .addOption(
      new Option(
        '--webhook-cert-dir <path>',
        'directory with tls.crt and tls.key; renewed files are picked up (default: <tmp>/k8s-webhook-server/serving-certs)',
      ).env('LLMISVC_WEBHOOK_CERT_DIR'),
    )
    .addOption(
      new Option(
        '--webhook-cert-mode <mode>',
        'where the certificate comes from: that directory, or the operator itself; auto: the directory if there is one in it',
      )
        .choices(['auto', 'files', 'self-signed'])
        .env('LLMISVC_WEBHOOK_CERT_MODE')
        .default('auto'),
    )
    .addOption(
      new Option(
        '--webhook-cert-names <names>',
        'names and addresses, separated by commas, that a self-signed certificate is for besides the webhook Service',
      )
        .env('LLMISVC_WEBHOOK_CERT_NAMES')
        .argParser((text) => readList(text)),
    )
    .addOption(
      switchOption('--leader-elect', 'let one of several replicas write at a time').default(
        readBoolean(process.env.LLMISVC_LEADER_ELECT, false),
        'false, env: LLMISVC_LEADER_ELECT',
      ),
    )
    .addOption(
      new Option('--health-probe-addr <address>', 'address of /healthz and /readyz; 0 for none').env('LLMISVC_HEALTH_PROBE_ADDR').default(':8081'),
    )
    .addOption(new Option('--metrics-addr <address>', 'address of /metrics; 0 for none').env('LLMISVC_METRICS_ADDR').default(':8443'))
    .addOption(
      switchOption(
        '--metrics-secure',
        'serve metrics over HTTPS, to those whom the cluster allows to get /metrics; false: plain HTTP, to everybody',
      ).default(readBoolean(process.env.LLMISVC_METRICS_SECURE, true), 'true, env: LLMISVC_METRICS_SECURE'),
    )
    .addOption(
      new Option(
        '--tls-min-version <version>',
        'oldest TLS version of webhooks and metrics: VersionTLS12 or VersionTLS13 (default: VersionTLS12)',
      ).env('LLMISVC_TLS_MIN_VERSION'),
    )
    .addOption(
      new Option('--tls-cipher-suites <names>', 'IANA names, separated by commas, of the cipher suites of TLS 1.2 (default: those of Node)').env(
        'LLMISVC_TLS_CIPHER_SUITES',
      ),
    )
    .addOption(switchOption('--enable-http2', 'deprecated: false takes HTTP/2 from webhooks and metrics, unless one of the two flags above is given'))
    .addOption(
      new Option(
        '--storage-migration-timeout <duration>',
        'how long stored objects may take to move to the storage version, such as 90m; then the process ends (default: 1h)',
      )
        .env('LLMISVC_STORAGE_MIGRATION_TIMEOUT')
        .argParser(duration),
    )
    .addOption(
      new Option('--storage-migration-poll-interval <duration>', 'time between two attempts after the first ten (default: 30s)')
        .env('LLMISVC_STORAGE_MIGRATION_POLL_INTERVAL')
        .argParser(duration),
    )
    .addOption(
      new Option('--log-level <level>', 'what to log (default: info)').choices(['debug', 'info', 'warn', 'error', 'silent']).env('LLMISVC_LOG_LEVEL'),
    )
    .addOption(switchOption('--zap-devel', 'log for people: --zap-encoder=console and --zap-log-level=debug unless they say otherwise'))
    .addOption(new Option('--zap-encoder <encoder>', 'json: an object per line; console: columns (default: json)').choices(['json', 'console']))
    .addOption(
      new Option('--zap-log-level <level>', 'what to log: debug, info, error, panic, or a number above 0, which is debug').argParser(parseZapLevel),
    )
    .addOption(
      new Option('--zap-stacktrace-level <level>', 'from which level on errors are logged with their stack: info, error or panic').argParser(
        parseZapLevel,
      ),
    )
    .addOption(
      new Option('--zap-time-encoding <encoding>', 'how the time is written (default: iso8601)').choices([
        'epoch',
        'millis',
        'nano',
        'iso8601',
        'rfc3339',
        'rfc3339nano',
      ]),
    )
    .addHelpText(
      'after',
      `
Further environment variables, with the meaning they have in KServe:
  LLM_INFERENCE_SERVICE_CONFIG_PREFIX      prefix of preset names (default kserve-)
  LLM_INFERENCE_SERVICE_VERSIONED_CONFIG   pin preset names in status.annotations (default true)
  PREVENT_WELL_KNOWN_CONFIG_DELETION       refuse to delete presets (default true)
  GATEWAY_API_WILDCARD_HOSTNAME            stands for * in wildcard host names of addresses (default inference)
  CLUSTER_DOMAIN                           DNS domain of the cluster (default: from the resolver, else cluster.local)`,
    )
    .action(async (options: import('./run.ts').RunOptions & { embedded?: boolean }) => {
      const { run, runEmbedded } = await import('./run.ts');
      await (options.embedded ? runEmbedded(options) : run(options));
    });

/** A switch as Go reads it: alone it is on, `=false` switches it off. */
function switchOption(flag: string, meaning: string): Option {
  return new Option(`${flag} [boolean]`, meaning).preset('true').argParser((text) => {
    const value = parseBoolean(text);
    if (value === undefined) throw new InvalidArgumentError('true or false is needed.');
    return value;
  });
}

/** Go takes flags with one dash as well as with two; the Deployments of KServe may have either. */
export function withGoSpelling(args: readonly string[]): string[] {
  return args.map((arg) => (/^-[a-z][a-z0-9]+(-[a-z0-9]+)*(=|$)/.test(arg) ? `-${arg}` : arg));
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number of at least 1 is needed.');
  return value;
}

/** Milliseconds. */
function duration(text: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw new InvalidArgumentError('a duration such as 30s, 5m or 1h30m is needed.');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535) throw new InvalidArgumentError('a port number is needed.');
  return value;
}
