import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { refOf } from '../../controllers/runtime/apply.ts';
import { createInformer, type Informer } from '../../controllers/runtime/informer.ts';
import { applyGround, withMetadata, withSpec } from '../support/apply-ground.ts';
import { until } from '../support/runtime.ts';

describe('apply, while others are at work', () => {
  const on = applyGround();
  const { child, children, fresh, live, tamper } = on;

  it('finds its own object when the cache has not seen it, and refuses a foreign one there', async () => {
    const blind = () => fresh(() => ({ object: undefined, resourceVersion: '1' }));
    await fresh().apply(on.owner, child('Secret'));
    expect((await blind().apply(on.owner, child('Secret'))).action).to.equal('unchanged');
    const changed = { ...child('Secret'), data: { 'tls.crt': 'Yw==', 'tls.key': 'Yw==' } };
    expect((await blind().apply(on.owner, changed)).action).to.equal('updated');
    expect((await blind().apply({ ...on.owner, metadata: { ...on.owner.metadata, uid: 'another' } }, changed)).action).to.equal('foreign');
  });

  it('trusts its own write while the cache lags behind it', async () => {
    let seen: KubeObject | undefined;
    let version = '1';
    const applier = fresh(() => ({ object: seen, resourceVersion: version }));
    const deployment = child('Deployment');
    const created = await applier.apply(on.owner, deployment);
    expect((await applier.apply(on.owner, deployment)).action).to.equal('unchanged');
    expect((await applier.apply(on.owner, withSpec(deployment, { replicas: 2 }))).action).to.equal('updated');
    seen = created.action === 'created' ? created.object : undefined;
    version = seen?.metadata.resourceVersion ?? '';
    expect((await applier.apply(on.owner, withSpec(deployment, { replicas: 2 }))).action).to.equal('unchanged');
    expect(on.cluster.reports.map((r) => `${r.verb} ${r.code}`)).to.deep.equal(['create 201', 'patch 200']);
    // The cache has seen more, and the object is not there any more.
    seen = undefined;
    version = String(Number((await live(deployment)).metadata.resourceVersion) + 1);
    await on.cluster.client.delete(kinds.deployment, on.namespace, deployment.metadata.name ?? '');
    expect((await applier.apply(on.owner, deployment)).action).to.equal('created');
  });

  it('reads again and repeats once when the object changed under it', async () => {
    const stale: KubeObject[] = [];
    const applier = fresh(() => ({ object: stale[0], resourceVersion: undefined }));
    const deployment = child('Deployment');
    await applier.apply(on.owner, deployment);
    stale.push(await live(deployment));
    await tamper(deployment, { metadata: { labels: { theirs: 'x' } } });
    expect((await applier.apply(on.owner, withSpec(deployment, { replicas: 2 }))).action).to.equal('updated');
    expect(on.cluster.reports.map((r) => `${r.verb} ${r.code}`).slice(-4)).to.deep.equal(['patch 200', 'patch 409', 'get 200', 'patch 200']);
    expect((await live(deployment)).metadata.labels).to.include({ theirs: 'x' });
  });

  it('creates the object anew when it was deleted under it', async () => {
    const deployment = child('Deployment');
    const applier = fresh();
    await applier.apply(on.owner, deployment);
    const stale = await live(deployment);
    await on.cluster.client.delete(kinds.deployment, on.namespace, deployment.metadata.name ?? '');
    const lagging = fresh(() => ({ object: stale, resourceVersion: undefined }));
    expect((await lagging.apply(on.owner, withSpec(deployment, { replicas: 2 }))).action).to.equal('created');
  });

  describe('remove', () => {
    it('deletes what is ours, in the background, and is content when it is gone', async () => {
      const applier = fresh();
      await applier.apply(on.owner, child('Deployment'));
      expect(await applier.remove(on.owner, refOf(child('Deployment')))).to.equal('deleted');
      expect(await applier.remove(on.owner, refOf(child('Deployment')))).to.equal('absent');
      expect(await on.cluster.client.get(kinds.deployment, on.namespace, 'qwen-kserve')).to.equal(undefined);
    });

    it('deletes cluster-scoped objects without asking whose they are', async () => {
      const applier = fresh();
      await applier.apply(on.owner, child('ClusterRoleBinding'));
      expect(await applier.remove(on.owner, refOf(child('ClusterRoleBinding')))).to.equal('deleted');
    });

    it('leaves an object that is being deleted to itself', async () => {
      const secret = withMetadata(child('Secret'), { finalizers: ['example.com/wait'] });
      const applier = fresh();
      await applier.apply(on.owner, secret);
      expect(await applier.remove(on.owner, refOf(secret))).to.equal('deleted');
      on.cluster.reports.length = 0;
      expect(await applier.remove(on.owner, refOf(secret))).to.equal('terminating');
      expect((await applier.apply(on.owner, secret)).action).to.equal('unchanged');
      expect(on.cluster.writes()).to.deep.equal([]);
      await tamper(secret, { metadata: { finalizers: null } });
    });

    it('leaves the children of a service that is being deleted to the garbage collector (R3.7)', async () => {
      const applier = fresh();
      await applier.apply(on.owner, child('Secret'));
      const leaving = { ...on.owner, metadata: { ...on.owner.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
      expect(await applier.remove(leaving, refOf(child('Secret')))).to.equal('terminating');
      expect((await live(child('Secret'))).metadata.deletionTimestamp).to.equal(undefined);
    });

    it('does not delete an object that took the name of ours', async () => {
      const applier = fresh();
      await applier.apply(on.owner, child('Secret'));
      const stale = await live(child('Secret'));
      await applier.remove(on.owner, refOf(child('Secret')));
      await on.cluster.client.create(withMetadata(child('Secret'), { ownerReferences: [] }));
      const lagging = fresh(() => ({ object: stale, resourceVersion: undefined }));
      expect(await lagging.remove(on.owner, refOf(child('Secret')))).to.equal('foreign');
      expect((await live(child('Secret'))).metadata.ownerReferences).to.equal(undefined);
    });
  });

  describe('with caches', () => {
    let caches: Map<object, Informer>;
    beforeEach(async () => {
      caches = new Map();
      for (const object of children()) {
        const { kind } = refOf(object);
        if (caches.has(kind)) continue;
        const informer = createInformer({ client: on.cluster.client, kind, ...(kind.namespaced ? { namespace: on.namespace } : {}) });
        caches.set(kind, informer);
        informer.start();
        await informer.waitForSync();
      }
    });
    afterEach(() => Promise.all([...caches.values()].map((informer) => informer.stop())));

    it('writes every kind once in a hundred passes, and reads nothing', async () => {
      const cached = fresh(({ kind, namespace: ns, name }) => caches.get(kind)?.lookup(ns, name));
      const all = children();
      const first = await Promise.all(all.map((object) => cached.apply(on.owner, object)));
      expect(new Set(first.map((outcome) => outcome.action))).to.deep.equal(new Set(['created']));
      on.cluster.reports.length = 0;
      for (let pass = 0; pass < 100; pass++) {
        const outcomes = await Promise.all(all.map((object) => cached.apply(on.owner, object)));
        expect(new Set(outcomes.map((outcome) => outcome.action))).to.deep.equal(new Set(['unchanged']));
        if (pass % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(on.cluster.reports.filter((r) => r.verb !== 'watch')).to.deep.equal([]);
      await cached.remove(on.owner, refOf(child('ClusterRoleBinding')));
    });

    it('reads once after a restart when there are labels it cannot explain', async () => {
      const lookup = ({ kind, namespace: ns, name }: ReturnType<typeof refOf>) => caches.get(kind)?.lookup(ns, name);
      const restarted = () => fresh(lookup);
      await restarted().apply(on.owner, child('Service'));
      await tamper(child('Service'), { metadata: { labels: { theirs: 'x' } } });
      await until(
        'the cache has seen it',
        () => caches.get(kinds.coreService)?.get(on.namespace, 'qwen-kserve-workload-svc')?.metadata.labels?.theirs,
      );
      on.cluster.reports.length = 0;
      const applier = restarted();
      for (let pass = 0; pass < 3; pass++) expect((await applier.apply(on.owner, child('Service'))).action).to.equal('unchanged');
      expect(on.cluster.reports.map((r) => r.verb).filter((verb) => verb !== 'watch')).to.deep.equal(['get']);
    });
  });
});
