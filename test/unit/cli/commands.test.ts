import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { packagePath, packageVersion } from '../../../cli/package-files.ts';
import { serviceText, withFiles } from './manifest-text.ts';

function llmisvc(
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv } = {},
): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [packagePath('cli/main.ts'), ...args], {
    encoding: 'utf8',
    input: options.input ?? '',
    env: { ...process.env, ...options.env },
  });
  return { code: status, stdout, stderr };
}

const good = serviceText('model: {uri: "hf://a/b"}');
const bad = serviceText('modle: {}');

describe('the command llmisvc', function () {
  this.timeout(60_000);

  it('tells its version', () => expect(llmisvc(['--version'])).to.deep.equal({ code: 0, stdout: `${packageVersion()}\n`, stderr: '' }));

  it('tells its commands', () => {
    const { code, stdout, stderr } = llmisvc(['--help']);
    expect([code, stderr]).to.deep.equal([0, '']);
    for (const command of ['validate', 'render', 'diff', 'explain', 'install', 'run', 'demo'])
      expect(stdout).to.match(new RegExp(`^ {2}${command} \\[options\\] `, 'm'));
  });

  const flags: Record<string, string[]> = {
    validate: ['-f, --filename', '--presets', '--settings'],
    render: ['-f, --filename', '--presets', '--settings', '-n, --namespace', '--explain'],
    diff: ['-f, --filename', '--against', '--presets', '--settings', '-n, --namespace', '--kubeconfig', '--system-namespace'],
    install: ['--kubeconfig', '--webhook-url', '--webhook-ca'],
    run: [
      '--kubeconfig',
      '--embedded',
      '--system-namespace',
      '--workers',
      '--webhook-host',
      '--webhook-port',
      '--webhook-cert-dir',
      '--leader-elect',
      '--health-probe-addr',
      '--metrics-addr',
      '--storage-migration-timeout',
      '--storage-migration-poll-interval',
      '--log-level',
      'CLUSTER_DOMAIN',
    ],
    explain: ['--version', '--config'],
    demo: ['--keep', '-f, --filename'],
  };
  for (const [command, names] of Object.entries(flags)) {
    it(`explains the flags of ${command}`, () => {
      const { code, stdout } = llmisvc([command, '--help']);
      expect(code).to.equal(0);
      for (const name of names) expect(stdout).to.contain(` ${name} `);
    });
  }

  it('refuses numbers that are none', () => {
    const refused = llmisvc(['run', '--workers', '0']);
    expect([refused.code, refused.stdout]).to.deep.equal([1, '']);
    expect(refused.stderr).to.contain('a whole number of at least 1 is needed');
  });

  it('points at the help when it is misused', () => {
    const { code, stdout, stderr } = llmisvc(['validate']);
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.contain("required option '-f, --filename <path...>' not specified").and.to.contain('--help');
  });

  it('writes findings to stderr and the count to stdout, and exits 1 for errors', () => {
    const { code, stdout, stderr } = llmisvc(['validate', '-f', '-'], { input: bad });
    expect(code).to.equal(1);
    expect(stdout).to.equal('1 object checked: 1 error, 0 warnings\n');
    expect(stderr).to.equal('standard input:6: error: LLMInferenceService/qwen: spec.modle: unknown field, did you mean "model"?\n');
  });

  it('exits 0 for a good manifest, and for one with warnings', () => {
    expect(llmisvc(['validate', '-f', '-'], { input: good })).to.deep.equal({
      code: 0,
      stdout: '1 object checked: 0 errors, 0 warnings\n',
      stderr: '',
    });
    const { code, stdout } = llmisvc(['validate', '-f', '-'], { input: serviceText('model: {uri: "ftp://a"}') });
    expect([code, stdout]).to.deep.equal([0, '1 object checked: 0 errors, 1 warning\n']);
  });

  it('renders to stdout, and nothing when it fails', () => {
    expect(llmisvc(['render', '-f', '-'], { input: good }).stdout).to.contain('kind: Deployment');
    const failed = llmisvc(['render', '-f', '-'], { input: bad });
    expect([failed.code, failed.stdout]).to.deep.equal([1, '']);
    expect(failed.stderr).to.match(/^standard input:6: error: /);
  });

  it('compares files: 0 when nothing would change, 1 when something would, 2 when that cannot be told', () => {
    const example = packagePath('examples/qwen2.5-7b-single-gpu.yaml');
    const same = llmisvc(['diff', '-f', example, '--against', example]);
    expect(same).to.deep.equal({ code: 0, stdout: '', stderr: 'no object would change\n' });
    const different = llmisvc(['diff', '-f', '-', '--against', example], { input: good });
    expect(different.code).to.equal(1);
    expect(different.stdout).to.match(/^--- \/dev\/null\n\+\+\+ Secret default\/qwen-kserve-self-signed-certs \(v1\)\n/);
    expect(different.stderr).to.contain('default/qwen: 3 objects\n  + Secret default/qwen-kserve-self-signed-certs (v1)\n');
    const failed = llmisvc(['diff', '-f', '-', '--against', example], { input: bad });
    expect([failed.code, failed.stdout]).to.deep.equal([2, '']);
    expect(failed.stderr).to.match(/^standard input:6: error: /);
  });

  const targets: [string, string[], string][] = [
    ['a webhook URL that is not https', ['--webhook-url', 'http://a'], '--webhook-url must start with https://: http://a'],
    ['a CA file that is not there', ['--webhook-ca', '/nowhere'], "--webhook-ca cannot be read: ENOENT: no such file or directory, open '/nowhere'"],
    [
      'a CA file without a certificate',
      ['--webhook-ca', packagePath('LICENSE')],
      `--webhook-ca: no certificate in ${packagePath('LICENSE')} (PEM is expected)`,
    ],
  ];
  for (const [title, args, text] of targets) {
    it(`refuses ${title}`, () => expect(llmisvc(['install', ...args])).to.deep.equal({ code: 1, stdout: '', stderr: `llmisvc: ${text}\n` }));
  }

  it('names the server it cannot install into', () => {
    withFiles({ config: KUBECONFIG }, (directory) => {
      const { code, stderr } = llmisvc(['install', '--kubeconfig', `${directory}/config`]);
      expect(code).to.equal(1);
      expect(stderr).to.match(/^llmisvc: cannot install into https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
    });
  });
});

/** Nobody listens there. */
const KUBECONFIG = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'a', user: { token: 'x' } }],
  contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  'current-context': 'a',
});
