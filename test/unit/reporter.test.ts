import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { packagePath } from '../../cli/package-files.ts';

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');

describe('a run of the tests', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'reporter-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  function run(test: string) {
    const file = join(directory, 'one.test.mjs');
    writeFileSync(file, test);
    const args = [mocha, '--no-config', '--no-package', '--reporter', packagePath('test/support/reporter.ts'), file];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, TEST_GRACE_MS: '100' } });
    return { status, stdout, stderr };
  }

  it('closes with what passed and failed', () => {
    const { status, stdout, stderr } = run(`it('a', () => undefined); it('b', () => { throw new Error('no'); });`);
    expect(stdout).to.match(/^1 passed, 1 failed$/m);
    expect(stderr).to.equal('');
    expect(status).to.equal(1);
  });

  it('ends, and fails, when a test leaves something running', () => {
    const { status, stdout, stderr } = run(`import { createServer } from 'node:net'; it('a', () => { createServer().listen(0); });`);
    expect(stdout).to.match(/^1 passed, 0 failed$/m);
    expect(stderr).to.contain('still running after the last test: ').and.to.contain('TCPServer');
    expect(status).to.equal(1);
  });
});
