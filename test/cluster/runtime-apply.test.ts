import { expect } from 'chai';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type Applier, createApplier, refOf } from '../../controllers/runtime/apply.ts';
import { startApiProxy } from '../support/api-proxy.ts';
import { applyGround, FIELD_MANAGER, type PodTemplate, templateOf, withMetadata, withSpec } from '../support/apply-ground.ts';
import { observedClient } from '../support/runtime.ts';
import { typicalChildren } from '../support/typical-children.ts';

describe('apply', () => {
  const on = applyGround();
  const { child, fresh, live, tamper } = on;

  describe('in steady state', () => {
    for (const name of Object.keys(typicalChildren({ apiVersion: '', kind: '', metadata: {} }))) {
      it(`writes a ${name} once: not again with memory, and not again after a restart`, async () => {
        const applier = fresh();
        expect((await applier.apply(on.owner, child(name))).action).to.equal('created');
        const { resourceVersion } = (await live(child(name))).metadata;
        on.cluster.reports.length = 0;
        expect((await applier.apply(on.owner, child(name))).action).to.equal('unchanged');
        expect((await fresh().apply(on.owner, child(name))).action).to.equal('unchanged');
        expect(on.cluster.writes(), 'writes').to.deep.equal([]);
        expect((await live(child(name))).metadata.resourceVersion).to.equal(resourceVersion);
      });
    }
  });

  it('sends what differs, and nothing else', async () => {
    const deployment = child('Deployment');
    const applier = fresh();
    await applier.apply(on.owner, deployment);
    const wider = withSpec(deployment, { replicas: 3 });
    expect((await applier.apply(on.owner, wider)).action).to.equal('updated');
    expect((await live(deployment)).spec).to.include({ replicas: 3 });
    expect(on.cluster.writes()).to.deep.equal(['create Deployment 201', 'patch Deployment 200']);
  });

  for (const [when, restarted] of [
    ['with memory', false],
    ['after a restart', true],
  ] as const) {
    describe(when, () => {
      let applier: Applier;
      const next = () => (restarted ? fresh() : applier);
      beforeEach(() => {
        applier = fresh();
      });

      it('repairs drift of what it owns', async () => {
        const deployment = child('Deployment');
        await applier.apply(on.owner, deployment);
        await tamper(deployment, {
          metadata: { labels: { 'app.kubernetes.io/name': 'else' } },
          spec: { revisionHistoryLimit: 1, template: { spec: { nodeSelector: { a: 'b' }, terminationGracePeriodSeconds: 1 } } },
        });
        expect((await next().apply(on.owner, deployment)).action).to.equal('updated');
        const repaired = await live(deployment);
        expect(repaired.metadata.labels).to.include({ 'app.kubernetes.io/name': 'qwen' });
        expect(repaired.spec).to.include({ revisionHistoryLimit: 10 });
        expect(templateOf(repaired).spec).to.include({ terminationGracePeriodSeconds: 60 }).and.not.have.property('nodeSelector');
      });

      it('removes a variable, a volume and a probe that are no longer wanted', async () => {
        const deployment = child('Deployment');
        await applier.apply(on.owner, deployment);
        const template = templateOf(deployment);
        const [main] = template.spec.containers;
        const { livenessProbe: _, env, ...container } = main as { livenessProbe: unknown; env: unknown[] };
        const volumes = (template.spec.volumes as { name: string }[]).filter((v) => v.name !== 'config');
        const smaller = withSpec(deployment, {
          template: { ...template, spec: { ...template.spec, volumes, containers: [{ ...container, env: env.slice(1) }] } },
        });
        expect((await next().apply(on.owner, smaller)).action).to.equal('updated');
        const { spec } = templateOf(await live(deployment));
        expect(spec.volumes).to.have.length(volumes.length);
        expect(spec.containers[0]).to.not.have.property('livenessProbe');
        expect(spec.containers[0]?.env).to.have.length(env.length - 1);
      });

      it('removes labels and annotations that are no longer wanted, of the object and of its pods, and keeps foreign ones (B3.2, B3.3)', async () => {
        const deployment = child('Deployment');
        const template = templateOf(deployment);
        const rich = withMetadata(
          withSpec(deployment, {
            template: {
              ...template,
              metadata: { labels: { ...template.metadata.labels, 'kueue.x-k8s.io/queue-name': 'q' }, annotations: { old: '1' } },
            },
          }),
          { labels: { ...deployment.metadata.labels, 'kueue.x-k8s.io/queue-name': 'q' }, annotations: { 'prometheus.io/scrape': 'true' } },
        );
        await applier.apply(on.owner, rich);
        await tamper(deployment, {
          metadata: { labels: { theirs: 'x' }, annotations: { theirs: 'x' }, finalizers: ['example.com/theirs'] },
          spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } },
        });
        expect((await next().apply(on.owner, deployment)).action).to.equal('updated');
        const found = await live(deployment);
        expect(found.metadata.labels).to.deep.equal({ ...deployment.metadata.labels, theirs: 'x' });
        expect(found.metadata.annotations).to.deep.equal({ theirs: 'x' });
        expect(found.metadata.finalizers).to.deep.equal(['example.com/theirs']);
        expect(templateOf(found).metadata.labels).to.deep.equal(template.metadata.labels);
        expect(templateOf(found).metadata.annotations).to.deep.equal({
          ...template.metadata.annotations,
          'kubectl.kubernetes.io/restartedAt': 'now',
        });
        on.cluster.reports.length = 0;
        expect((await next().apply(on.owner, deployment)).action).to.equal('unchanged');
        expect(on.cluster.writes()).to.deep.equal([]);
        await tamper(deployment, { metadata: { finalizers: null } });
      });

      it('does the same in the templates of a LeaderWorkerSet', async () => {
        const set = child('LeaderWorkerSet');
        const { leaderWorkerTemplate } = set.spec as { leaderWorkerTemplate: { leaderTemplate: PodTemplate } };
        const rich = withSpec(set, {
          leaderWorkerTemplate: {
            ...leaderWorkerTemplate,
            leaderTemplate: { ...leaderWorkerTemplate.leaderTemplate, metadata: { labels: { extra: 'x' } } },
          },
        });
        await applier.apply(on.owner, rich);
        expect((await next().apply(on.owner, set)).action).to.equal('updated');
        const found = (await live(set)).spec as { leaderWorkerTemplate: { leaderTemplate: PodTemplate } };
        expect(found.leaderWorkerTemplate.leaderTemplate.metadata).to.deep.equal(leaderWorkerTemplate.leaderTemplate.metadata);
      });

      it('leaves replicas to others when it does not state them (R3.41)', async () => {
        for (const name of ['Deployment', 'LeaderWorkerSet']) {
          await applier.apply(on.owner, child(name));
          await tamper(child(name), { spec: { replicas: 7 } });
          expect((await next().apply(on.owner, child(name))).action).to.equal('unchanged');
          expect((await live(child(name))).spec).to.include({ replicas: 7 });
          expect((await next().apply(on.owner, withSpec(child(name), { replicas: 2 }))).action).to.equal('updated');
        }
      });

      it('keeps the secrets that others add to a service account (B3.3)', async () => {
        const account = child('ServiceAccount');
        await applier.apply(on.owner, account);
        await tamper(account, { secrets: [{ name: 'token' }], imagePullSecrets: [{ name: 'registry' }, { name: 'platform' }] });
        expect((await next().apply(on.owner, account)).action).to.equal('unchanged');
        const more = { ...account, imagePullSecrets: [{ name: 'registry' }, { name: 'mirror' }] };
        expect((await next().apply(on.owner, more)).action).to.equal('updated');
        expect((await live(account)).imagePullSecrets).to.deep.equal([{ name: 'registry' }, { name: 'platform' }, { name: 'mirror' }]);
      });

      it('removes keys of data, rules and ports that are no longer wanted', async () => {
        for (const name of ['Secret with text', 'Role', 'Service', 'ConfigMap']) await applier.apply(on.owner, child(name));
        await tamper(child('Secret with text'), { data: { more: 'YQ==' } });
        await tamper(child('ConfigMap'), { data: { more: 'a' } });
        await tamper(child('Role'), { rules: [...(child('Role').rules as object[]), { apiGroups: ['*'], resources: ['*'], verbs: ['get'] }] });
        await tamper(child('Service'), {
          spec: { selector: { more: 'a' }, ports: [...(child('Service').spec as { ports: object[] }).ports, { name: 'x', port: 1 }] },
        });
        for (const name of ['Secret with text', 'Role', 'Service', 'ConfigMap']) {
          expect((await next().apply(on.owner, child(name))).action, name).to.equal('updated');
        }
        expect((await live(child('Secret with text'))).data).to.deep.equal({ token: 'YWJj' });
        expect((await live(child('Role'))).rules).to.deep.equal(child('Role').rules);
        expect((await live(child('Service'))).spec)
          .to.have.property('ports')
          .with.length(1);
      });
    });
  }

  it('refuses to touch an object of somebody else (R3.40)', async () => {
    const account = await on.cluster.client.create<KubeObject>({
      ...child('ServiceAccount'),
      metadata: { namespace: on.namespace, name: 'somebody-else' },
    });
    for (const ownerReferences of [
      [],
      [{ apiVersion: 'v1', kind: 'ServiceAccount', name: account.metadata.name ?? '', uid: account.metadata.uid ?? '', controller: true }],
    ]) {
      const secret = withMetadata(child('Secret'), { name: `foreign-${ownerReferences.length}` });
      await on.cluster.client.create(withMetadata(secret, { ownerReferences }));
      on.cluster.reports.length = 0;
      expect(await fresh().apply(on.owner, secret)).to.deep.equal({
        action: 'foreign',
        message: `failed to update v1.Secret ${on.namespace}/foreign-${ownerReferences.length}: it is not controlled by v1.ConfigMap ${on.namespace}/qwen`,
      });
      expect(await fresh().remove(on.owner, refOf(secret))).to.equal('foreign');
      expect(on.cluster.writes()).to.deep.equal([]);
    }
  });

  describe('a route that others add to (R5.43, B5.3)', () => {
    const specOf = (object: KubeObject) => object.spec as { hostnames?: string[]; rules: object[] };
    const extra = { matches: [{ path: { type: 'PathPrefix', value: '/extra' } }], backendRefs: [{ name: 'theirs', port: 80 }] };
    const addTo = async (route: KubeObject) =>
      tamper(route, { spec: { hostnames: ['a.example.com'], rules: [...specOf(await live(route)).rules, extra] } });

    it('keeps that as long as what is wanted stays the same', async () => {
      const route = child('HTTPRoute');
      const applier = fresh();
      await applier.apply(on.owner, route);
      await addTo(route);
      on.cluster.reports.length = 0;
      expect((await applier.apply(on.owner, route)).action).to.equal('unchanged');
      expect(on.cluster.writes()).to.deep.equal([]);
    });

    for (const [when, restarted] of [
      ['what is wanted changes', false],
      ['the operator starts anew', true],
    ] as const) {
      it(`loses it when ${when}`, async () => {
        const route = child('HTTPRoute');
        const applier = fresh();
        await applier.apply(on.owner, route);
        await addTo(route);
        const { rules } = specOf(route);
        const wanted = restarted ? rules : rules.slice(0, -1);
        expect((await (restarted ? fresh() : applier).apply(on.owner, withSpec(route, { rules: wanted }))).action).to.equal('updated');
        const now = specOf(await live(route));
        expect(now.rules).to.have.length(wanted.length);
        expect(now).to.not.have.property('hostnames');
      });
    }

    it('loses it when something of ours was changed as well', async () => {
      const route = child('HTTPRoute');
      const applier = fresh();
      await applier.apply(on.owner, route);
      await addTo(route);
      await tamper(route, { spec: { parentRefs: [{ name: 'other' }] } });
      await applier.apply(on.owner, route);
      expect(specOf(await live(route))).to.not.have.property('hostnames');
    });

    it('loses added rules and a foreign group label at once where it must (5.22.8)', async () => {
      const route = child('HTTPRoute');
      const label = 'serving.kserve.io/routing-group';
      const applier = fresh();
      await applier.apply(on.owner, route);
      await tamper(route, { metadata: { labels: { [label]: 'g' } } });
      await applier.apply(on.owner, route);
      expect((await live(route)).metadata.labels).to.not.have.property(label);

      const grouped = withMetadata(route, { labels: { ...route.metadata.labels, [label]: 'g' } });
      await applier.apply(on.owner, grouped);
      await addTo(route);
      await applier.apply(on.owner, grouped);
      expect(specOf(await live(route)).rules).to.have.length(specOf(route).rules.length);
    });
  });

  it('keeps the live selector of a Deployment while the template fits it, and says when it does not (B3.1)', async () => {
    const deployment = child('Deployment');
    const wide = withSpec(deployment, { selector: { matchLabels: templateOf(deployment).metadata.labels } });
    await fresh().apply(on.owner, wide);
    const narrow = withSpec(deployment, { selector: { matchLabels: { 'app.kubernetes.io/name': 'qwen' } } });
    expect((await fresh().apply(on.owner, narrow)).action).to.equal('unchanged');
    const renamed = withSpec(deployment, {
      selector: { matchLabels: { 'app.kubernetes.io/name': 'other' } },
      template: { ...templateOf(deployment), metadata: { labels: { 'app.kubernetes.io/name': 'other' } } },
    });
    const outcome = await fresh().apply(on.owner, renamed);
    expect(outcome.action).to.equal('immutable');
    expect(outcome)
      .to.have.property('message')
      .that.matches(/^failed to update v1\.Deployment .*field is immutable/);
  });

  for (const [name, change] of [
    ['RoleBinding', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'other' } }],
    ['ResourceClaimTemplate', { spec: { spec: { devices: { requests: [{ name: 'x', exactly: { deviceClassName: 'y' } }] } } } }],
    ['Secret', { type: 'Opaque' }],
  ] as const) {
    it(`says that a ${name} would have to be recreated`, async () => {
      await fresh().apply(on.owner, child(name));
      expect((await fresh().apply(on.owner, { ...child(name), ...change })).action).to.equal('immutable');
    });
  }

  it('throws what the server refuses, with the object and the cause', async () => {
    const bad = withSpec(child('Service'), { ports: [{ name: 'x', port: 99999 }] });
    const error = await fresh()
      .apply(on.owner, bad)
      .catch((e: unknown) => e as Error);
    expect(error).to.be.instanceOf(Error);
    expect((error as Error).message).to.match(new RegExp(`^failed to create v1\\.Service ${on.namespace}/qwen-kserve-workload-svc: .*99999`));
    expect((error as Error).cause).to.have.property('code', 422);
  });

  it('does not take a missing kind for a missing object (R3.40b)', async () => {
    const proxy = await startApiProxy(on.cluster.access);
    proxy.interfere(({ url }) => ({ url: new URL(url.href.replace('/leaderworkerset.x-k8s.io/', '/nowhere.llmisvc.dev/')) }));
    const { client } = observedClient(proxy.access);
    for (const cacheLookup of [() => undefined, () => ({ object: undefined, resourceVersion: undefined })]) {
      const applier = createApplier({ client, cacheLookup, fieldManager: FIELD_MANAGER });
      const error = await applier.apply(on.owner, child('LeaderWorkerSet')).catch((e: unknown) => e as Error);
      expect((error as Error).message).to.equal(
        `failed to get v1.LeaderWorkerSet ${on.namespace}/qwen-kserve-mn: no matches for kind "LeaderWorkerSet" in version "leaderworkerset.x-k8s.io/v1"`,
      );
      expect(await applier.remove(on.owner, refOf(child('LeaderWorkerSet')))).to.equal('absent');
    }
    await client.close();
    await proxy.close();
  });

  for (const [what, volumes, requests] of [
    ['adds to it a default that is not in our table', [{ name: 'disk', iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2026-01.a:b', lun: 0 } }], {}],
    ['changes a value that was stated', [], { cpu: '100u' }],
  ] as const) {
    it(`does not write again and again when the server ${what}`, async () => {
      const deployment = child('Deployment');
      const template = templateOf(deployment);
      const odd = withSpec(deployment, {
        template: {
          ...template,
          spec: { ...template.spec, volumes, initContainers: [], containers: [{ name: 'main', image: 'i', resources: { requests } }] },
        },
      });
      const first = fresh();
      await first.apply(on.owner, odd);
      const { resourceVersion } = (await live(deployment)).metadata;
      expect((await first.apply(on.owner, odd)).action).to.equal('unchanged');
      expect(on.cluster.writes()).to.deep.equal(['create Deployment 201']);

      // After a restart one write finds out, and changes nothing.
      const second = fresh();
      expect((await second.apply(on.owner, odd)).action).to.equal('unchanged');
      expect((await live(deployment)).metadata.resourceVersion).to.equal(resourceVersion);
      on.cluster.reports.length = 0;
      await tamper(deployment, { spec: { replicas: 5 } });
      expect((await second.apply(on.owner, odd)).action).to.equal('unchanged');
      expect(on.cluster.writes()).to.deep.equal(['patch Deployment 200']);
      // And it still notices what really changes.
      expect((await second.apply(on.owner, withSpec(odd, { paused: true }))).action).to.equal('updated');
    });
  }
});
