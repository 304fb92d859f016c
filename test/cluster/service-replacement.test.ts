import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject, Pod } from '../../api/kubernetes.ts';
import { labels } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { essentialControllers, workloadControllers } from '../../control-plane/flags.ts';
import { eventually } from '../support/eventually.ts';
import { service } from '../support/manifests.ts';
import { type OwnCluster, startOwnCluster } from '../support/own-cluster.ts';
import { given, isReady, type Place } from '../support/story.ts';

const REPLICAS = 2;

/** With the real Deployment and ReplicaSet controllers and the real garbage collector. */
describe('a Deployment whose selector has to change while it serves (B3.1, R3.35a)', function () {
  this.timeout(180_000);
  let own: OwnCluster;
  let place: Place;

  before(async () => {
    own = await startOwnCluster('replacement', { controllers: [...essentialControllers, ...workloadControllers], simulation: { pods: {} } });
    place = own.place;
  });
  after(() => own?.stop());

  async function servingPods(): Promise<Pod[]> {
    const { items } = await place.admin.list(kinds.pod, place.namespace);
    return (items as unknown as Pod[]).filter(
      ({ metadata, status }) =>
        metadata?.labels?.[labels.component] === 'llminferenceservice-workload' && !metadata.deletionTimestamp && status?.phase === 'Running',
    );
  }
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
    const sets = await place.admin.request<{ items: KubeObject[] }>({
      method: 'GET',
      path: `/apis/apps/v1/namespaces/${place.namespace}/replicasets`,
    });
    const ofMain = sets.items.filter(({ metadata }) => metadata.labels?.[labels.component] === 'llminferenceservice-workload');
    expect(ofMain.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).to.deep.equal([renewed.metadata.uid, renewed.metadata.uid]);
    expect((await qwen.events()).map(({ reason, message }) => `${reason}: ${message}`)).to.include(
      `WorkloadRecreated: Deployment ${place.namespace}/qwen-kserve is recreated keeping its pods: labels that its selector names have changed`,
    );

    // From now on the selector has only labels that stay.
    await qwen.change({ spec: { prefill: { replicas: 1 } } });
    await eventually(async () => expect(rolesOf(await servingPods())).to.deep.equal(Array(REPLICAS).fill('decode')), 60_000);
    expect((await qwen.child(kinds.deployment, suffixes.main)).metadata.uid).to.equal(renewed.metadata.uid);
  });
});
