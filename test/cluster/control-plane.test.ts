import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Agent, request } from 'undici';
import { kinds } from '../../api/kinds.ts';
import { findBinaries } from '../../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const holder = join(import.meta.dirname, '..', 'support', 'hold-control-plane.ts');

describe('the control plane', () => {
  it('says which version it is', async () => {
    const { admin } = await cluster();
    const version = await admin.request<Record<string, string>>({ method: 'GET', path: '/version' });
    expect(version.gitVersion).to.match(/^v1\.\d+\.\d+$/);
    expect(version.major).to.equal('1');
  });

  it('is reached by TLS only, with a certificate of its own authority', async () => {
    const { url, authority } = await cluster();
    const trusting = new Agent({ connect: { ca: authority } });
    const { statusCode, body } = await request(`${url}/healthz`, { dispatcher: trusting });
    expect([statusCode, await body.text()]).to.deep.equal([200, 'ok']);
    await trusting.destroy();

    const refusal = await request(`${url}/healthz`).catch((error: { code: string }) => error.code);
    expect(refusal).to.be.oneOf(['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY']);
  });

  it('tells extension servers how to recognize the aggregation layer', async () => {
    const { admin } = await cluster();
    const { data } = (await admin.get(kinds.configMap, 'kube-system', 'extension-apiserver-authentication')) as unknown as {
      data: Record<string, string>;
    };
    expect(data['requestheader-client-ca-file']).to.contain('BEGIN CERTIFICATE');
    expect(JSON.parse(data['requestheader-allowed-names'] ?? '')).to.deep.equal(['front-proxy-client']);
    expect(JSON.parse(data['requestheader-username-headers'] ?? '')).to.deep.equal(['X-Remote-User']);
    expect(JSON.parse(data['requestheader-group-headers'] ?? '')).to.deep.equal(['X-Remote-Group']);
    expect(JSON.parse(data['requestheader-extra-headers-prefix'] ?? '')).to.deep.equal(['X-Remote-Extra-']);
    expect(data['client-ca-file']).to.contain('BEGIN CERTIFICATE');
  });

  it('deletes what belongs to a deleted object', async () => {
    const { admin } = await cluster();
    const ns = await namespace('garbage');
    const owner = await admin.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owner', namespace: ns } });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid ?? '' }];
    await admin.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', namespace: ns, ownerReferences } });
    await admin.delete(kinds.configMap, ns, 'owner');
    await eventually(async () => expect(await admin.get(kinds.configMap, ns, 'owned')).to.equal(undefined));
  });

  it('deletes what belongs to a deleted object of a custom kind', async () => {
    const { admin } = await cluster();
    const ns = await namespace('garbage');
    const pool = await admin.create({
      apiVersion: kinds.inferencePool.apiVersion,
      kind: 'InferencePool',
      metadata: { name: 'owner', namespace: ns },
      spec: { selector: { matchLabels: { app: 'x' } }, targetPorts: [{ number: 8000 }], endpointPickerRef: { name: 'epp', port: { number: 9002 } } },
    });
    const ownerReferences = [{ apiVersion: pool.apiVersion, kind: pool.kind, name: 'owner', uid: pool.metadata.uid ?? '' }];
    await admin.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', namespace: ns, ownerReferences } });
    await admin.delete(kinds.inferencePool, ns, 'owner');
    await eventually(async () => expect(await admin.get(kinds.configMap, ns, 'owned')).to.equal(undefined));
  });

  it('gives each namespace a service account and the certificate of the server, and empties a deleted one', async () => {
    const { admin } = await cluster();
    const ns = await namespace('furnished');
    await eventually(async () => expect(await admin.get(kinds.serviceAccount, ns, 'default')).to.not.equal(undefined));
    await eventually(async () => expect(await admin.get(kinds.configMap, ns, 'kube-root-ca.crt')).to.not.equal(undefined));
    await admin.delete(kinds.namespace, undefined, ns);
    await eventually(async () => expect(await admin.get(kinds.namespace, undefined, ns)).to.equal(undefined));
  });

  it('keeps the database and the address when the API server is restarted', async () => {
    const controlPlane = await startControlPlane();
    try {
      await controlPlane.admin.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept', namespace: 'default' } });
      await controlPlane.stopApiServer();
      expect(await isListening(controlPlane)).to.equal(false);
      await controlPlane.startApiServer();
      expect(await controlPlane.admin.get(kinds.configMap, 'default', 'kept')).to.not.equal(undefined);
    } finally {
      await controlPlane.stop();
    }
  });

  it('leaves no process, no port and no file behind when it is stopped', async () => {
    const controlPlane = await startControlPlane();
    expect(await processesOf(controlPlane.directory)).to.not.deep.equal([]);
    await controlPlane.stop();
    await expectNothingLeft(controlPlane);
    await controlPlane.stop();
  });

  for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM'] as const) {
    it(`leaves nothing behind when its parent ends by ${signal}`, async () => {
      const { child, controlPlane } = await startHeld('hold');
      expect(await processesOf(controlPlane.directory)).to.not.deep.equal([]);
      child.kill(signal);
      await once(child, 'exit');
      await eventually(() => expectNothingLeft(controlPlane));
    });
  }

  it('leaves nothing behind when its parent throws', async () => {
    const { child, controlPlane } = await startHeld('throw');
    if (child.exitCode === null) await once(child, 'exit');
    await eventually(() => expectNothingLeft(controlPlane));
  });

  it('reports a component that ends by itself', async () => {
    const controlPlane = await startControlPlane();
    try {
      const manager = (await processesOf(controlPlane.directory)).find((process) => /^\d+ \S*\/kube-controller-manager /.test(process));
      process.kill(Number.parseInt(manager ?? '', 10), 'SIGKILL');
      const error = await controlPlane.failed;
      expect(error.message).to.contain('kube-controller-manager ended with code 137');
    } finally {
      await controlPlane.stop();
    }
  });

  it('shows the end of the log, and where it is, when a component does not start', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'broken-'));
    const broken = join(directory, 'kube-apiserver');
    await writeFile(broken, '#!/bin/sh\necho "this machine is too small" >&2\nexit 3\n');
    await chmod(broken, 0o755);
    const error = await startControlPlane({ binaries: { ...(await findBinaries()), 'kube-apiserver': broken } }).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.name).to.equal('ComponentError');
    expect(error?.message).to.match(/^kube-apiserver ended with code 3\. The end of its log \((.*)\):\n {2}this machine is too small$/);
    const logFile = /\((.*)\):/.exec(error?.message ?? '')?.[1] ?? '';
    expect(readFileSync(logFile, 'utf8')).to.equal('this machine is too small\n');
    expect(await processesOf(join(logFile, '..'))).to.deep.equal([]);
    await rm(join(logFile, '..'), { recursive: true });
    await rm(directory, { recursive: true });
  });
});

type Held = Pick<ControlPlane, 'url' | 'directory'>;

/** A process of its own that starts a control plane and then does as told. */
async function startHeld(then: 'hold' | 'throw'): Promise<{ child: ChildProcess; controlPlane: Held }> {
  const child = spawn(process.execPath, [holder, then], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) return { child, controlPlane: JSON.parse(line) as Held };
  throw new Error('the process ended without a control plane');
}

async function expectNothingLeft(controlPlane: Held): Promise<void> {
  expect(existsSync(controlPlane.directory), 'directory').to.equal(false);
  expect(await processesOf(controlPlane.directory), 'processes').to.deep.equal([]);
  expect(await isListening(controlPlane), 'port').to.equal(false);
}

/** `pid command line` of every process of a control plane: the watchers too have the run's directory among their arguments. */
async function processesOf(directory: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,args=']);
  return stdout.split('\n').flatMap((line) => (line.includes(directory) ? [line.trim()] : []));
}

function isListening({ url }: Held): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(Number(new URL(url).port), '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
