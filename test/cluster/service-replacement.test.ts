import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject, Pod } from '../../api/kubernetes.ts';
import { annotations, labels } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { essentialControllers, workloadControllers } from '../../control-plane/flags.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { type ApiProxy, startApiProxy } from '../support/api-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { service } from '../support/manifests.ts';
import { startOperator } from '../support/operator.ts';
import { type OwnCluster, startOwnCluster } from '../support/own-cluster.ts';
import { readsOf, rests, untilPassed } from '../support/requests.ts';
import { type Actor, condition, given, hasChildren, isGone, isReady, type Place } from '../support/story.ts';

const REPLICAS = 2;

/** With the real Deployment and ReplicaSet controllers and the real garbage collector. */
describe('a Deployment whose selector has to change while it serves (B3.1, R3.35a)', function () {
  this.timeout(180_000);
  let own: OwnCluster;
  let proxy: ApiProxy;
  let place: Place;

  before(async () => {
    own = await startOwnCluster('replacement', {
      controllers: [...essentialControllers, ...workloadControllers],
      simulation: { pods: {} },
      async operate(site) {
        proxy = await startApiProxy(await loadAccess({ kubeconfig: site.kubeconfig, environment: {} }));
        return startOperator(site, {}, { run: { access: proxy.access } });
      },
    });
    place = own.place;
  });
  after(async () => {
    await own?.stop();
    await proxy?.close();
  });

  async function servingPods(): Promise<Pod[]> {
    const { items } = await place.admin.list(kinds.pod, place.namespace);
    return (items as unknown as Pod[]).filter(
      ({ metadata, status }) =>
        metadata?.labels?.[labels.component] === 'llminferenceservice-workload' && !metadata.deletionTimestamp && status?.phase === 'Running',
    );
  }
  const replicaSets = async (): Promise<readonly KubeObject[]> => (await place.admin.list(kinds.replicaSet, place.namespace)).items;
  const rolesOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata?.labels?.[labels.role]);

  it('is made anew around its pods: the service never has fewer than it asks for', async () => {
    const qwen = await given(
      place,
      service('qwen')
        .with({ replicas: REPLICAS, prefill: { replicas: 1 } })
        .without('router'),
    );
    await qwen.reaches(isReady, async () => expect(rolesOf(await servingPods())).to.deep.equal(Array(REPLICAS).fill('decode')));
    const { uid } = (await qwen.child(kinds.deployment, suffixes.main)).metadata;

    await qwen.change({ spec: { prefill: null } });
    let fewest = Number.POSITIVE_INFINITY;
    await eventually(async () => {
      const pods = await servingPods();
      fewest = Math.min(fewest, pods.length);
      expect(rolesOf(pods)).to.deep.equal(Array(REPLICAS).fill('both'));
      await isReady(qwen);
    }, 60_000);
    expect(fewest).to.equal(REPLICAS);

    const renewed = await qwen.child(kinds.deployment, suffixes.main);
    expect(renewed.metadata.uid).not.to.equal(uid);
    const ofMain = (await replicaSets()).filter(({ metadata }) => metadata.labels?.[labels.component] === 'llminferenceservice-workload');
    expect(ofMain.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).to.deep.equal([renewed.metadata.uid, renewed.metadata.uid]);
    expect((await qwen.events()).map(({ reason, message }) => `${reason}: ${message}`)).to.include(
      `WorkloadRecreated: Deployment ${place.namespace}/qwen-kserve is recreated keeping its pods: labels that its selector names have changed`,
    );

    // From now on the selector has only labels that stay.
    await qwen.change({ spec: { prefill: { replicas: 1 } } });
    await eventually(async () => expect(rolesOf(await servingPods())).to.deep.equal(Array(REPLICAS).fill('decode')), 60_000);
    expect((await qwen.child(kinds.deployment, suffixes.main)).metadata.uid).to.equal(renewed.metadata.uid);
  });

  describe('and that is not wanted any more when it has let go of its pods', () => {
    afterEach(() => proxy.interfere(undefined));
    const ended: readonly { title: string; end: (one: Actor) => Promise<void>; isEnded: (one: Actor) => Promise<void> }[] = [
      {
        title: 'because the service is stopped',
        end: (one) => one.annotate(annotations.stop, 'true'),
        isEnded: (one) => one.reaches(condition('Ready', 'False', 'Stopped'), hasChildren([])),
      },
      { title: 'because the service is deleted', end: (one) => one.delete(), isEnded: (one) => one.reaches(isGone, hasChildren([])) },
    ];
    /** Nobody runs them, and nobody is going to. */
    const isDeserted = (name: string) =>
      eventually(async () => {
        const [sets, { items: pods }] = await Promise.all([replicaSets(), place.admin.list(kinds.pod, place.namespace)]);
        expect([...sets, ...pods].map(({ metadata }) => metadata.name).filter((each) => each?.startsWith(`${name}-`))).to.deep.equal([]);
      });
    const serving = async (name: string): Promise<Actor> => {
      const one = await given(
        place,
        service(name)
          .with({ replicas: REPLICAS, prefill: { replicas: 1 } })
          .without('router'),
      );
      await one.reaches(isReady);
      return one;
    };
    const mainOf = ({ name }: Actor) => `/apis/apps/v1/namespaces/${place.namespace}/deployments/${childName(name, suffixes.main)}`;

    for (const { title, end, isEnded } of ended) {
      it(`leaves none of them behind ${title}, also when the operator hears of it later`, async () => {
        const one = await serving('interrupted');
        const others = { 'pod-template-hash': 'hash', [labels.partOf]: 'llminferenceservice', app: 'others' };
        const template = { metadata: { labels: others }, spec: { containers: [{ name: 'main', image: 'example.com/others:1' }] } };
        const foreign = await place.admin.create({
          apiVersion: kinds.replicaSet.apiVersion,
          kind: kinds.replicaSet.kind,
          metadata: { namespace: place.namespace, name: 'others-hash', labels: others },
          spec: { replicas: 0, selector: { matchLabels: { app: 'others' } }, template },
        });
        proxy.interfere(() => ({ broken: 'before' }));
        proxy.cut();
        await place.admin.request({ method: 'DELETE', path: mainOf(one), body: { propagationPolicy: 'Orphan' } });
        await eventually(async () =>
          expect(await place.admin.get(kinds.deployment, place.namespace, childName(one.name, suffixes.main))).to.equal(undefined),
        );
        await end(one);
        // Of the Deployment last: before it knew that the service has ended, it would make that anew.
        proxy.interfere(({ url, isWatch }) => (isWatch && url.pathname.endsWith('/deployments') ? { broken: 'before' } : undefined));
        await isEnded(one);
        proxy.interfere(undefined);
        await isDeserted(one.name);
        const removed = /Deleted v1\.ReplicaSet replacement\/interrupted-kserve-/;
        await eventually(async () => expect((await one.events()).map(({ message }) => message).join()).to.match(removed));
        expect((await place.admin.get(kinds.replicaSet, place.namespace, 'others-hash'))?.metadata.uid).to.equal(foreign.metadata.uid);
        await place.admin.delete(kinds.replicaSet, place.namespace, 'others-hash');
        await one.delete().catch(() => undefined);
        await one.reaches(isGone);
      });

      it(`leaves none of them behind ${title}, at the moment it goes`, async () => {
        const one = await serving('hasty');
        const before = await one.child(kinds.deployment, suffixes.main);
        await one.change({ spec: { prefill: null } });
        await eventually(async () => {
          const now = await place.admin.get(kinds.deployment, place.namespace, before.metadata.name ?? '');
          expect(now?.metadata.uid === before.metadata.uid && now?.metadata.deletionTimestamp === undefined, 'it is as it was').to.equal(false);
        });
        await end(one);
        await isEnded(one);
        await isDeserted(one.name);
        await one.delete().catch(() => undefined);
        await one.reaches(isGone);
      });
    }

    it('is no question any more once they are gone', async () => {
      const one = await serving('quiet');
      await one.annotate(annotations.stop, 'true');
      await one.reaches(condition('Ready', 'False', 'Stopped'), hasChildren([]));
      await isDeserted(one.name);
      await eventually(() => rests(own.operator));
      const before = await readsOf(own.operator);
      await untilPassed(own.operator, () => one.annotate('example.com/touched', 'yes'));
      expect(await readsOf(own.operator)).to.deep.equal(before);
    });
  });
});
