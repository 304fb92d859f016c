import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isImmutable,
  isInvalid,
  isKindNotServed,
  isNotFound,
} from '../../controllers/runtime/api-error.ts';
import type { Client } from '../../controllers/runtime/client.ts';
import { type ApiProxy, startApiProxy } from '../support/api-proxy.ts';
import { namespace as newNamespace } from '../support/cluster.ts';
import { configMap, observedClient, testCluster } from '../support/runtime.ts';

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('nothing was thrown'),
    (error: unknown) => error,
  );

describe('the client', () => {
  const absentKind = { apiVersion: 'nowhere.llmisvc.dev/v1', kind: 'Nothing', plural: 'nothings', namespaced: true, typeName: 'v1.Nothing' };
  let cluster: Awaited<ReturnType<typeof testCluster>>;
  let client: Client;
  let proxy: ApiProxy;
  let namespace: string;
  before(async () => {
    cluster = await testCluster();
    client = cluster.client;
    proxy = await startApiProxy(cluster.access);
    namespace = await newNamespace('client');
  });
  after(async () => {
    await client.close();
    await proxy.close();
  });

  it('reads, writes and deletes', async () => {
    const created = await client.create(configMap(namespace, 'a', { x: '1' }), { fieldManager: 'somebody' });
    expect(JSON.stringify(created.metadata.managedFields)).to.contain('"manager":"somebody"');
    const updated = await client.update({ ...created, data: { x: '2' } });
    expect(updated.data).to.deep.equal({ x: '2' });
    const patched = await client.patch(kinds.configMap, namespace, 'a', [{ op: 'add', path: '/data/y', value: '3' }], { type: 'json' });
    expect(patched.data).to.deep.equal({ x: '2', y: '3' });
    await client.delete(kinds.configMap, namespace, 'a');
    expect(await client.get(kinds.configMap, namespace, 'a')).to.equal(undefined);
  });

  it('keeps fields it does not know, and dates as text', async () => {
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name: 'l' },
      spec: { renewTime: '2026-01-01T00:00:00.000001Z' },
    };
    expect((await client.create(lease)).spec).to.deep.equal(lease.spec);
  });

  it('writes nothing in a dry run', async () => {
    await client.create(configMap(namespace, 'dry'), { dryRun: true });
    expect(await client.get(kinds.configMap, namespace, 'dry')).to.equal(undefined);
  });

  it('writes the status subresource', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'default' } }).catch(() => undefined);
    await client.create(pod);
    const patched = await client.patch(kinds.pod, namespace, 'p', { status: { phase: 'Running' } }, { subresource: 'status' });
    expect(patched.status).to.include({ phase: 'Running' });
  });

  it('lists in pages, with the kind in each object', async () => {
    for (const name of ['p1', 'p2', 'p3']) await client.create(configMap(namespace, name, {}, { page: 'yes' }));
    const first = await client.list(kinds.configMap, { namespace, labelSelector: 'page=yes', limit: 2 });
    expect(first.items.map((o) => [o.kind, o.metadata.name])).to.deep.equal([
      ['ConfigMap', 'p1'],
      ['ConfigMap', 'p2'],
    ]);
    const second = await client.list(kinds.configMap, { namespace, labelSelector: 'page=yes', limit: 2, continue: first.metadata.continue ?? '' });
    expect(second.items.map((o) => o.metadata.name)).to.deep.equal(['p3']);
  });

  it('throws what the server says, sorted by meaning', async () => {
    const object = await client.create(configMap(namespace, 'errors'));
    expect(isAlreadyExists(await caught(client.create(configMap(namespace, 'errors'))))).to.equal(true);
    await client.patch(kinds.configMap, namespace, 'errors', { data: { x: '1' } });
    expect(isConflict(await caught(client.update(object)))).to.equal(true);
    expect(isConflict(await caught(client.delete(kinds.configMap, namespace, 'errors', { preconditions: { uid: 'another' } })))).to.equal(true);
    expect(isNotFound(await caught(client.patch(kinds.configMap, namespace, 'absent', {})))).to.equal(true);
    expect(isNotFound(await caught(client.create(configMap('no-such-namespace', 'x'))))).to.equal(true);
    const invalid = await caught(client.create(configMap(namespace, 'Not A Name')));
    expect(isInvalid(invalid) && invalid.causes[0]?.field).to.equal('metadata.name');
    expect(isImmutable(invalid)).to.equal(false);
    await client.create({ ...configMap(namespace, 'fixed'), immutable: true });
    expect(isImmutable(await caught(client.patch(kinds.configMap, namespace, 'fixed', { data: { x: '1' } })))).to.equal(true);
    const { tls } = await cluster.access.credentials();
    const nobody = observedClient({ ...cluster.access, credentials: async () => ({ headers: {}, tls: { ca: tls.ca } }) }).client;
    const refused = await caught(nobody.list(kinds.secret));
    expect(isForbidden(refused) || (refused instanceof ApiError && refused.code === 401)).to.equal(true);
    await nobody.close();
  });

  it('tells a kind that is not served from an object that is not there, by discovery (R3.40b)', async () => {
    expect(await client.get(kinds.configMap, namespace, 'absent')).to.equal(undefined);
    expect(isKindNotServed(await caught(client.get(absentKind, namespace, 'absent')))).to.equal(true);
    expect(isKindNotServed(await caught(client.list(absentKind)))).to.equal(true);
    expect(isKindNotServed(await caught(client.delete(absentKind, namespace, 'absent')))).to.equal(true);
    expect(isKindNotServed(await caught(client.watch(absentKind)[Symbol.asyncIterator]().next()))).to.equal(true);
    const otherVersion = { ...kinds.deployment, apiVersion: 'apps/v9' };
    expect(isKindNotServed(await caught(client.get(otherVersion, namespace, 'absent')))).to.equal(true);
    const otherKind = { ...kinds.deployment, plural: 'nothings', kind: 'Nothing' };
    expect(isKindNotServed(await caught(client.get(otherKind, namespace, 'absent')))).to.equal(true);
  });

  it('discovers what is served', async () => {
    const served = await client.discover();
    expect(served.has('apps/v1 deployments')).to.equal(true);
    expect(served.has('v1 pods')).to.equal(true);
    expect(served.has('nowhere.llmisvc.dev/v1 nothings')).to.equal(false);
    expect(await client.serves(kinds.deployment)).to.equal(true);
    expect(await client.serves(absentKind)).to.equal(false);
  });

  it('waits and repeats a write that the server put off (429 with Retry-After)', async () => {
    const { client: impeded, reports } = observedClient(proxy.access);
    let times = 0;
    proxy.interfere(({ method }) => (method === 'POST' && times++ < 2 ? { answer: { code: 429, headers: { 'retry-after': '1' } } } : undefined));
    const begun = performance.now();
    await impeded.create(configMap(namespace, 'patient'));
    expect(performance.now() - begun).to.be.greaterThan(1900);
    expect(reports.map((r) => r.code)).to.deep.equal([429, 429, 201]);
    proxy.interfere(undefined);
    await impeded.close();
  });

  it('repeats a read whose connection broke, and never a write', async () => {
    const { client: impeded, reports } = observedClient(proxy.access);
    let broken = 0;
    proxy.interfere(() => {
      if (broken++ === 0) proxy.cut();
      return undefined;
    });
    expect(await impeded.get(kinds.configMap, namespace, 'patient')).to.not.equal(undefined);
    expect(reports.map((r) => r.code)).to.deep.equal(['error', 200]);
    broken = 0;
    const error = await caught(impeded.create(configMap(namespace, 'lost')));
    expect(error).to.not.be.instanceOf(ApiError);
    expect(reports.filter((r) => r.verb === 'create')).to.have.length(1);
    proxy.interfere(undefined);
    await impeded.close();
  });

  for (const stalled of ['before', 'within'] as const) {
    it(`gives up a request whose answer stalls ${stalled} it, and does not send it again`, async () => {
      const { client: impeded, reports } = observedClient(proxy.access, 300);
      proxy.interfere(() => ({ stalled }));
      for (const send of [
        () => impeded.get(kinds.configMap, namespace, 'patient'),
        () => impeded.create(configMap(namespace, `stalled-${stalled}`)),
        () => impeded.list(kinds.configMap, { namespace }),
      ]) {
        expect(await caught(send())).to.have.property('message', 'the API server did not answer within 0.3 s');
      }
      expect(reports.map(({ verb }) => verb)).to.deep.equal(['get', 'create', 'list']);
      expect((await client.get(kinds.configMap, namespace, `stalled-${stalled}`)) !== undefined).to.equal(stalled === 'within');
      proxy.interfere(undefined);
      expect(await impeded.get(kinds.configMap, namespace, 'patient')).to.not.equal(undefined);
      await impeded.close();
    });
  }

  it('sends nothing once it is closed, not even what it has begun to repeat', async () => {
    const { client: impeded } = observedClient(proxy.access);
    proxy.requests.length = 0;
    let closed: Promise<void> | undefined;
    proxy.interfere(() => {
      closed ??= impeded.close();
      return { broken: 'before' };
    });
    await caught(impeded.get(kinds.configMap, namespace, 'patient'));
    await closed;
    expect(await caught(impeded.create(configMap(namespace, 'late')))).to.have.property('message', 'the client is closed');
    expect(proxy.requests).to.have.length(1);
    proxy.interfere(undefined);
  });

  it('asks for new credentials when the old ones are refused', async () => {
    let asked = 0;
    const rotating = observedClient({
      ...cluster.access,
      async credentials() {
        const right = await cluster.access.credentials();
        return asked++ === 0 ? { headers: { Authorization: 'Bearer expired' }, tls: { ca: right.tls.ca } } : right;
      },
    });
    expect(await rotating.client.get(kinds.namespace, undefined, namespace)).to.not.equal(undefined);
    expect(rotating.reports.map((r) => r.code)).to.deep.equal([401, 200]);
    await rotating.client.close();
  });

  it('says who it is', async () => {
    const created = await client.create(configMap(namespace, 'agent', { x: '1' }));
    expect(JSON.stringify(created.metadata.managedFields)).to.contain('"manager":"llmisvc-operator"');
  });

  it('ends a watch when the loop is left, and when the signal is aborted', async () => {
    const abort = new AbortController();
    for await (const event of client.watch(kinds.configMap, { namespace })) {
      expect(event.type).to.equal('ADDED');
      break;
    }
    const endless = (async () => {
      for await (const _ of client.watch(kinds.configMap, { namespace, signal: abort.signal }));
    })();
    abort.abort();
    expect(await caught(endless)).to.have.property('name', 'AbortError');
  });
});
