import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { accessOf, inClusterAccess, loadAccess, loadKubeConfig } from '../../../controllers/runtime/access.ts';

describe('access to the API server', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'access-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function kubeconfig(user: object, cluster: object = {}): Promise<string> {
    const file = join(directory, 'config');
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'here',
      clusters: [{ name: 'c', cluster: { server: 'https://api.example.com:6443/', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'team-a' } }],
    };
    await writeFile(file, stringify(content));
    return file;
  }

  it('of a pod: token and authority are read anew each time', async () => {
    await writeFile(join(directory, 'token'), 'one\n');
    await writeFile(join(directory, 'ca.crt'), 'authority');
    const access = inClusterAccess({ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443', POD_NAMESPACE: 'kserve' }, directory);
    expect(access).to.include({ server: 'https://[fd00::1]:443', namespace: 'kserve' });
    expect((await access.credentials()).headers).to.deep.equal({ Authorization: 'Bearer one' });
    await writeFile(join(directory, 'token'), 'two');
    const rotated = await access.credentials();
    expect(rotated.headers).to.deep.equal({ Authorization: 'Bearer two' });
    expect(String(rotated.tls.ca)).to.equal('authority');
  });

  it('outside of a pod there is none', () => {
    expect(() => inClusterAccess({})).to.throw('does not run in a pod');
  });

  it('by token', async () => {
    const access = accessOf(await loadKubeConfig(await kubeconfig({ token: 'secret' })));
    expect(access).to.include({ server: 'https://api.example.com:6443', namespace: 'team-a' });
    expect((await access.credentials()).headers).to.deep.equal({ Authorization: 'Bearer secret' });
  });

  it('by client certificate', async () => {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const user = { 'client-certificate-data': base64('certificate'), 'client-key-data': base64('key') };
    const file = await kubeconfig(user, { 'certificate-authority-data': base64('authority'), 'tls-server-name': 'api' });
    const { tls, headers } = await accessOf(await loadKubeConfig(file)).credentials();
    expect([tls.ca, tls.cert, tls.key].map(String)).to.deep.equal(['authority', 'certificate', 'key']);
    expect(tls.servername).to.equal('api');
    expect(headers).to.deep.equal({});
  });

  it('by an exec plugin', async () => {
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'from-plugin' } };
    const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)], interactiveMode: 'Never' };
    const access = accessOf(await loadKubeConfig(await kubeconfig({ exec })));
    expect((await access.credentials()).headers).to.deep.equal({ Authorization: 'Bearer from-plugin' });
  });

  it('through a proxy, as somebody else', async () => {
    const access = accessOf(await loadKubeConfig(await kubeconfig({ token: 't', as: 'ann' }, { 'proxy-url': 'http://proxy:3128' })));
    const { headers, proxy } = await access.credentials();
    expect(headers).to.deep.equal({ Authorization: 'Bearer t', 'Impersonate-User': 'ann' });
    expect(proxy).to.equal('http://proxy:3128');
  });

  it('prefers the flag, then a pod (R1.91)', async () => {
    const file = await kubeconfig({ token: 'x' });
    const environment = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
    expect((await loadAccess({ kubeconfig: file, environment })).server).to.equal('https://api.example.com:6443');
    expect((await loadAccess({ environment })).server).to.equal('https://10.0.0.1:443');
  });
});
