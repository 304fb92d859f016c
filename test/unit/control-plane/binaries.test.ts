import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { cacheDirectory, findBinaries } from '../../../control-plane/binaries.ts';
import { buildFromModules } from '../../../control-plane/build.ts';
import { downloadPublished } from '../../../control-plane/download.ts';
import { type BinaryName, type Provider, REQUIRED } from '../../../control-plane/provider.ts';

const seeker = join(import.meta.dirname, '..', '..', 'support', 'find-binaries.ts');

describe('the executables of a control plane', () => {
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'binaries-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  const put = (directory: string, names: readonly string[]) =>
    Promise.all(names.map((name) => writeFile(join(directory, name), '#!/bin/sh\n', { mode: 0o755 })));
  const messageOf = (promise: Promise<unknown>): Promise<string> => promise.then(String, (error: Error) => error.message);

  describe('in KUBEBUILDER_ASSETS', () => {
    it('are taken from there', async () => {
      await put(home, [...REQUIRED, 'kubectl']);
      const binaries = await findBinaries({ environment: { KUBEBUILDER_ASSETS: home } });
      expect(binaries).to.deep.equal({
        etcd: join(home, 'etcd'),
        'kube-apiserver': join(home, 'kube-apiserver'),
        'kube-controller-manager': join(home, 'kube-controller-manager'),
        kubectl: join(home, 'kubectl'),
      });
    });

    it('must be complete: what is missing is named, and nothing else is tried', async () => {
      await put(home, ['etcd', 'kube-apiserver']);
      const message = await messageOf(findBinaries({ environment: { KUBEBUILDER_ASSETS: home }, providers: [unexpected] }));
      expect(message).to.match(
        /^KUBEBUILDER_ASSETS=\S+ has no kube-controller-manager\. It must contain etcd, kube-apiserver, kube-controller-manager/,
      );
    });
  });

  describe('in the cache', () => {
    const inHome = () => ({ XDG_CACHE_HOME: home });

    it('are found under XDG_CACHE_HOME, else under ~/.cache', () => {
      expect(cacheDirectory({ XDG_CACHE_HOME: '/x', HOME: '/home/ada' })).to.match(/^\/x\/llmisvc-operator\/control-plane\/\d+\.\d+\.\d+-\w+-\w+$/);
      expect(cacheDirectory({ HOME: '/home/ada' })).to.match(/^\/home\/ada\/\.cache\/llmisvc-operator\/control-plane\//);
    });

    it('are used without asking anybody', async () => {
      const directory = cacheDirectory(inHome());
      await mkdir(directory, { recursive: true });
      await put(directory, REQUIRED);
      expect((await findBinaries({ environment: inHome(), providers: [unexpected] })).etcd).to.equal(join(directory, 'etcd'));
    });

    it('are asked of one provider after the other, each for what is still missing', async () => {
      const asked: string[][] = [];
      const provider =
        (...provided: BinaryName[]): Provider =>
        async (names, directory) => {
          asked.push([...names]);
          await put(directory, provided);
        };
      await findBinaries({ environment: inHome(), providers: [provider('etcd', 'kube-apiserver'), provider('kube-controller-manager'), unexpected] });
      expect(asked).to.deep.equal([[...REQUIRED], ['kube-controller-manager']]);
    });

    it('stay when a later provider fails, and the failure is told', async () => {
      const broken: Provider = async () => {
        throw new Error('no compiler');
      };
      const providers: Provider[] = [(_, directory) => put(directory, ['etcd']).then(() => undefined), broken];
      expect(await messageOf(findBinaries({ environment: inHome(), providers }))).to.equal('no compiler');
      expect(await readFile(join(cacheDirectory(inHome()), 'etcd'), 'utf8')).to.equal('#!/bin/sh\n');
    });

    it('are an error when nobody provides them', async () => {
      expect(await messageOf(findBinaries({ environment: inHome(), providers: [] }))).to.match(/^there is no way to get etcd, kube-apiserver, /);
    });

    it('are built once when two processes ask at the same time', async () => {
      const builds = join(home, 'builds');
      const processes = [seek(builds, 1500), seek(builds, 1500)];
      const outputs = await Promise.all(processes.map(outputOf));
      expect(outputs.map((lines) => lines.at(-1))).to.deep.equal([outputs[0]?.at(-1), outputs[0]?.at(-1)]);
      expect(readFileSync(builds, 'utf8').trim().split('\n')).to.have.length(1);
      // On a machine so busy that the second starts when the first is done, nobody has to wait.
      expect(outputs.flat().filter((line) => line.startsWith('another process'))).to.have.length.at.most(1);
    });

    it('are built by the next process when the first is killed while it builds', async () => {
      const builds = join(home, 'builds');
      const first = seek(builds, 600_000);
      await firstLine(first);
      const second = seek(builds, 0);
      expect(await firstLine(second)).to.match(/^another process/);
      first.kill('SIGKILL');
      await once(second, 'exit');
      expect(readFileSync(builds, 'utf8').trim().split('\n')).to.deep.equal([String(first.pid), String(second.pid)]);
      expect((await readdir(cacheDirectory(inHome()))).sort()).to.deep.equal(['.lock', ...REQUIRED]);
    });

    function seek(builds: string, buildMs: number): ChildProcess {
      const { KUBEBUILDER_ASSETS: _, ...environment } = process.env;
      return spawn(process.execPath, [seeker], {
        env: { ...environment, XDG_CACHE_HOME: home, BUILDS: builds, BUILD_MS: String(buildMs) },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    }
  });

  describe('published', () => {
    let server: Server;
    let files: Record<string, Buffer>;
    let url: string;

    beforeEach(async () => {
      files = {};
      server = createServer((incoming, response) => {
        const file = Object.entries(files).find(([name]) => incoming.url?.endsWith(name))?.[1];
        response.writeHead(file ? 200 : 404).end(file);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterEach(() => server.close());

    async function archive(): Promise<Buffer> {
      const directory = join(home, 'archive', 'controller-tools', 'envtest');
      await mkdir(directory, { recursive: true });
      await put(directory, ['etcd', 'kube-apiserver', 'kubectl']);
      return execFileSync('tar', ['-czf', '-', '-C', join(home, 'archive'), 'controller-tools']);
    }
    const checksum = (content: Buffer) => Buffer.from(`${createHash('sha512').update(content).digest('hex')}  some-file\n`);
    const download = async (names: readonly BinaryName[]): Promise<string[]> => {
      const lines: string[] = [];
      await downloadPublished(names, home, (line) => lines.push(line), { envtest: url, kubernetes: url });
      return lines;
    };

    it('are unpacked when they match their checksum', async () => {
      const content = await archive();
      files = { '.tar.gz': content, '.tar.gz.sha512': checksum(content) };
      expect(await download(['etcd', 'kube-apiserver'])).to.have.length(1);
      expect(await readFile(join(home, 'kube-apiserver'), 'utf8')).to.equal('#!/bin/sh\n');
    });

    it('are left alone when they do not', async () => {
      files = { '.tar.gz': await archive(), '.tar.gz.sha512': checksum(Buffer.from('something else')) };
      expect((await download(['etcd']))[0]).to.match(/^not downloaded: \S+: it does not match its published checksum$/);
      expect(await messageOf(readFile(join(home, 'etcd')))).to.contain('ENOENT');
    });

    it('are no error when they cannot be had', async () => {
      expect((await download(['etcd']))[0]).to.match(/^not downloaded: \S+: the server answered 404$/);
      server.close();
      server.closeAllConnections();
      expect((await download(['etcd']))[0]).to.match(/^not downloaded: \S+: connect ECONNREFUSED/);
    });
  });

  describe('built', () => {
    it('need go, and say so', async () => {
      const path = process.env.PATH;
      process.env.PATH = '/nonexistent';
      try {
        const message = await messageOf(buildFromModules(['etcd'], home, () => undefined));
        expect(message).to.match(/^there is no `go` on the PATH\nBuilding the control plane takes Go 1\.\d+\.0 or later: install it/);
      } finally {
        process.env.PATH = path;
      }
    });

    it('need a go that is new enough, and pass on what an old one says', async () => {
      await writeFile(join(home, 'go'), '#!/bin/sh\necho "go: go.mod requires go >= 1.25.0 (running go 1.19; GOTOOLCHAIN=local)" >&2\nexit 1\n', {
        mode: 0o755,
      });
      const path = process.env.PATH;
      process.env.PATH = `${home}:${path}`;
      try {
        const message = await messageOf(buildFromModules(['etcd'], home, () => undefined));
        expect(message).to.contain('go.mod requires go >= 1.25.0 (running go 1.19').and.to.contain('install it');
      } finally {
        process.env.PATH = path;
      }
    });
  });
});

const unexpected: Provider = () => Promise.reject(new Error('this provider was not to be asked'));

async function outputOf(child: ChildProcess): Promise<string[]> {
  const lines: string[] = [];
  if (child.stdout) for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  return lines;
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout) for await (const line of createInterface({ input: child.stdout })) return line;
  return '';
}
