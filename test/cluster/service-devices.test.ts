import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject, Pod } from '../../api/kubernetes.ts';
import { annotations, labels } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { essentialControllers, workloadControllers } from '../../control-plane/flags.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { startApiProxy } from '../support/api-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { severance } from '../support/faults.ts';
import { type ServiceManifest, service } from '../support/manifests.ts';
import { startOperator } from '../support/operator.ts';
import { type OwnCluster, startOwnCluster } from '../support/own-cluster.ts';
import { rests, untilPassed } from '../support/requests.ts';
import { type Actor, given, isReady, lacks, type Place } from '../support/story.ts';

const WAIT_MS = 60_000;

interface Claim extends KubeObject {
  readonly spec: { readonly devices: { readonly requests: readonly { readonly exactly: { readonly count: number } }[] } };
}

/** With the real controllers of Deployments and of claims, and the real garbage collector. */
describe('a claim template whose devices change while pods hold claims (B3.17)', function () {
  this.timeout(240_000);
  let own: OwnCluster;
  let place: Place;

  before(async () => {
    const controllers = [...essentialControllers, ...workloadControllers, 'resourceclaim-controller'];
    own = await startOwnCluster('devices', { controllers, simulation: { pods: {} } });
    place = own.place;
  });
  after(() => own?.stop());

  const withDevices = (manifest: ServiceManifest) =>
    manifest.without('router').annotated(annotations.draDeviceClass, 'gpu.example.com').annotated(annotations.draDeviceCount, '1');
  const claims = async (): Promise<Claim[]> => {
    const path = `/apis/resource.k8s.io/v1/namespaces/${place.namespace}/resourceclaims`;
    return (await place.admin.request<{ items: Claim[] }>({ method: 'GET', path })).items;
  };
  const podsOf = async ({ name }: Actor): Promise<Pod[]> => {
    const { items } = await place.admin.list(kinds.pod, place.namespace);
    const isServing = ({ metadata, status }: Pod) =>
      metadata?.labels?.[labels.name] === name && !metadata.deletionTimestamp && status?.phase === 'Running';
    return (items as unknown as Pod[]).filter(isServing);
  };
  /** How many devices each pod of a service has claimed; undefined for one whose claim is not there yet. */
  async function devicesOf(actor: Actor): Promise<(number | undefined)[]> {
    const made = new Map((await claims()).map((claim) => [claim.metadata.name, claim.spec.devices.requests[0]?.exactly.count]));
    return (await podsOf(actor)).map(({ status }) => made.get(status?.resourceClaimStatuses?.[0]?.resourceClaimName));
  }
  const claimsOf = ({ name }: Actor, all: readonly Claim[]) =>
    all.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.name.startsWith(`${name}-`)));
  /** Waits until there are just these pods, each with so many devices of its own, and no claims but theirs. */
  const claim = (actor: Actor, devices: readonly number[]) =>
    eventually(async () => {
      expect(await devicesOf(actor)).to.deep.equal(devices);
      expect(claimsOf(actor, await claims())).to.have.length(devices.length);
      await isReady(actor);
    }, WAIT_MS);

  const versions = async (actor: Actor) =>
    Object.fromEntries([...(await actor.children())].map(([key, { metadata }]) => [key, metadata.generation ?? metadata.resourceVersion]));
  const revision = (object: KubeObject): string | undefined => {
    const { template } = object.spec as { template: { metadata: { annotations?: Record<string, string> } } };
    return template.metadata.annotations?.[annotations.deviceRevision];
  };

  it('takes the pods of a Deployment along, by a rollout, and back', async () => {
    const qwen = await given(place, withDevices(service('qwen').withReplicas(2)));
    await claim(qwen, [1, 1]);
    const first = await qwen.child(kinds.deployment, suffixes.main);
    expect(revision(first)).to.equal(undefined);

    await qwen.annotate(annotations.draDeviceCount, '2');
    let fewest = Number.POSITIVE_INFINITY;
    await eventually(async () => {
      const devices = await devicesOf(qwen);
      fewest = Math.min(fewest, devices.length);
      expect(devices).to.deep.equal([2, 2]);
    }, WAIT_MS);
    expect(fewest).to.equal(2);
    await claim(qwen, [2, 2]);
    const second = await qwen.child(kinds.deployment, suffixes.main);
    expect(second.metadata.uid).to.equal(first.metadata.uid);

    await qwen.annotate(annotations.draDeviceCount, '1');
    await claim(qwen, [1, 1]);
    expect(revision(await qwen.child(kinds.deployment, suffixes.main))).not.to.be.oneOf([undefined, revision(second)]);
  });

  it('takes the pods of all LeaderWorkerSets along', async () => {
    const groups = { worker: {}, parallelism: { data: 2, dataLocal: 1 } };
    const many = await given(place, withDevices(service('many').with({ ...groups, prefill: groups })));
    await claim(many, [1, 1, 1, 1]);
    await many.annotate(annotations.draDeviceCount, '2');
    await claim(many, [2, 2, 2, 2]);
  });

  it('writes nothing once they have followed', async () => {
    const still = await given(place, withDevices(service('still')));
    await claim(still, [1]);
    await still.annotate(annotations.draDeviceCount, '2');
    await claim(still, [2]);
    await eventually(() => rests(own.operator));
    const before = await versions(still);
    await untilPassed(own.operator, () => still.annotate('example.com/touched', '1'));
    expect(await versions(still)).to.deep.equal(before);
    await own.operator.stop();
    own.operator = await startOperator(own.site);
    await untilPassed(own.operator, () => still.annotate('example.com/touched', '2'));
    expect(await versions(still)).to.deep.equal(before);
    expect(await devicesOf(still)).to.deep.equal([2]);
  });

  it('takes them along also when the operator ended after it had deleted the old one', async () => {
    const torn = await given(place, withDevices(service('torn')));
    await claim(torn, [1]);
    await own.operator.stop();
    const proxy = await startApiProxy(await loadAccess({ kubeconfig: own.site.kubeconfig, environment: {} }));
    own.operator = await startOperator(own.site, {}, { run: { access: proxy.access } });
    const cut = severance(['elsewhere', place.namespace]);
    proxy.interfere(cut.decide);
    await torn.annotate(annotations.draDeviceCount, '2');
    await eventually(async () => expect(cut.is(place.namespace)).to.equal(true));
    await own.operator.stop();
    await proxy.close();
    await torn.reaches(lacks(kinds.resourceClaimTemplate, suffixes.managedDra));
    expect(await devicesOf(torn), 'claims outlive their template').to.deep.equal([1]);
    own.operator = await startOperator(own.site);
    await claim(torn, [2]);
  });

  it('is a first one again after the devices were switched off', async () => {
    const plain = await given(place, withDevices(service('plain')));
    await claim(plain, [1]);
    await plain.annotate(annotations.draDeviceCount, '2');
    await claim(plain, [2]);
    await plain.change({ metadata: { annotations: { [annotations.draDeviceClass]: null, [annotations.draDeviceCount]: null } } });
    await eventually(async () => {
      expect(await devicesOf(plain)).to.deep.equal([undefined]);
      expect(claimsOf(plain, await claims())).to.deep.equal([]);
    }, WAIT_MS);
    expect(revision(await plain.child(kinds.deployment, suffixes.main))).to.equal(undefined);
    await plain.annotate(annotations.draDeviceClass, 'gpu.example.com');
    await claim(plain, [1]);
    expect(revision(await plain.child(kinds.deployment, suffixes.main))).to.equal(undefined);
  });
});
