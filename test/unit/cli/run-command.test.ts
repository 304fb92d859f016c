import { expect } from 'chai';
import type { RunOptions } from '../../../cli/run.ts';
import { runCommand, withGoSpelling } from '../../../cli/run-command.ts';

type Given = Partial<RunOptions>;

/** What the flags come to, without running anything. */
function optionsOf(...args: readonly string[]): Given {
  let given: Given = {};
  const command = runCommand('manager')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action((options: Given) => {
      given = options;
    });
  command.parse(withGoSpelling(args), { from: 'user' });
  return given;
}

describe('the flags of the operator (R1.91)', () => {
  it('have the defaults of the reference', () => {
    expect(optionsOf()).to.deep.include({
      metricsAddr: ':8443',
      metricsSecure: true,
      webhookPort: 9443,
      leaderElect: false,
      healthProbeAddr: ':8081',
    });
    expect(optionsOf()).to.not.have.any.keys('enableHttp2', 'tlsMinVersion', 'tlsCipherSuites', 'zapDevel', 'logLevel', 'kubeconfig');
  });

  const flags: [string, string, Given][] = [
    ['metrics-addr', '127.0.0.1:8443', { metricsAddr: '127.0.0.1:8443' }],
    ['metrics-secure', 'false', { metricsSecure: false }],
    ['webhook-port', '9444', { webhookPort: 9444 }],
    ['leader-elect', 'true', { leaderElect: true }],
    ['health-probe-addr', ':8082', { healthProbeAddr: ':8082' }],
    ['enable-http2', 'F', { enableHttp2: false }],
    ['tls-min-version', 'VersionTLS13', { tlsMinVersion: 'VersionTLS13' }],
    ['tls-cipher-suites', 'A,B', { tlsCipherSuites: 'A,B' }],
    ['storage-migration-timeout', '90m', { storageMigrationTimeout: 5_400_000 }],
    ['storage-migration-poll-interval', '1s', { storageMigrationPollInterval: 1000 }],
    ['kubeconfig', '/etc/kc', { kubeconfig: '/etc/kc' }],
    ['zap-devel', '1', { zapDevel: true }],
    ['zap-encoder', 'console', { zapEncoder: 'console' }],
    ['zap-log-level', '3', { zapLogLevel: 'debug' }],
    ['zap-stacktrace-level', 'panic', { zapStacktraceLevel: 'silent' }],
    ['zap-time-encoding', 'rfc3339nano', { zapTimeEncoding: 'rfc3339nano' }],
  ];
  for (const [name, value, expected] of flags) {
    it(`understand ${name} with one dash and with two`, () => {
      for (const dashes of ['-', '--']) expect(optionsOf(`${dashes}${name}=${value}`), dashes).to.deep.include(expected);
    });
  }

  it('may have their value in a word of its own', () => {
    expect(optionsOf('-metrics-addr', ':1', '--webhook-port', '2')).to.deep.include({ metricsAddr: ':1', webhookPort: 2 });
  });

  it('switch on alone, whatever follows', () => {
    expect(optionsOf('-leader-elect', '-enable-http2', '--zap-devel', '--metrics-secure')).to.deep.include({
      leaderElect: true,
      enableHttp2: true,
      zapDevel: true,
      metricsSecure: true,
    });
  });

  it('are what the Deployment of the reference passes', () => {
    const given = optionsOf('--metrics-addr=127.0.0.1:8443', '--leader-elect');
    expect(given).to.deep.include({ metricsAddr: '127.0.0.1:8443', leaderElect: true });
  });

  for (const wrong of ['--leader-elect=maybe', '--zap-log-level=0', '--zap-log-level=loud', '--zap-encoder=xml', '--webhook-port=x', '--unknown']) {
    it(`refuse ${wrong}`, () => expect(() => optionsOf(wrong)).to.throw());
  }

  it('leave values and short flags as they are', () => {
    expect(withGoSpelling(['-h', '-1', '--a=-b', '-', '--', 'leader-elect', '-leader-elect'])).to.deep.equal([
      '-h',
      '-1',
      '--a=-b',
      '-',
      '--',
      'leader-elect',
      '--leader-elect',
    ]);
  });
});
