import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { annotations } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { service } from '../support/manifests.ts';
import { type OwnCluster, startOwnCluster } from '../support/own-cluster.ts';
import { presetsCountAll } from '../support/presets-in-use.ts';
import { rests, since, untilPassed, writesOf } from '../support/requests.ts';
import { actor, condition, given, has, isReady, lacks, type Place } from '../support/story.ts';

/** As servers older than 1.34 are, and those of a user who does without. */
const withoutClaims = { 'runtime-config': 'resource.k8s.io/v1=false' };

describe('a cluster that serves no ResourceClaimTemplates (R3.96)', function () {
  this.timeout(180_000);
  let own: OwnCluster;
  let place: Place;

  before(async () => {
    own = await startOwnCluster('claimless', { apiServerFlags: withoutClaims });
    place = own.place;
  });
  after(() => own?.stop());

  const devices = (name: string) => service(name).annotated(annotations.draDeviceClass, 'gpu.example.com');
  const lacking = (type: string, reason: string) => condition(type, 'False', reason, /failed to get v1\.ResourceClaimTemplate .*-managed-dra/);

  it('serves models without managed devices, whatever they run on', async () => {
    const plain = await given(place, service('plain').with({ prefill: { worker: {}, parallelism: { data: 2, dataLocal: 1 } } }));
    await plain.reaches(isReady);
    await plain.annotate(annotations.stop, 'true');
    await plain.reaches(condition('Ready', 'False', 'Stopped'));
  });

  it('says what services with managed devices lack, once, and stops them all the same', async () => {
    const one = await given(place, devices('one'));
    await one.reaches(lacking('MainWorkloadReady', 'ReconcileSingleNodeWorkloadError'), condition('Ready', 'False'));
    const many = await given(place, devices('many').with({ worker: {}, parallelism: { data: 2, dataLocal: 1 } }));
    await many.reaches(lacking('WorkerWorkloadReady', 'ReconcileMultiNodeWorkloadError'), presetsCountAll, () => rests(own.operator));

    const before = await writesOf(own.operator);
    await untilPassed(own.operator, () => one.annotate('example.com/touched', '1'));
    expect(since(before, await writesOf(own.operator)), 'one attempt, which is refused').to.deep.equal({ 'create ResourceClaimTemplate': 1 });
    const told = (await one.events()).filter(({ type }) => type === 'Warning');
    expect(told.map(({ reason, count }) => [reason, count])).to.deep.equal([['Error', 1]]);

    const stopped = await given(place, devices('stopped'));
    await stopped.reaches(lacking('MainWorkloadReady', 'ReconcileSingleNodeWorkloadError'));
    await stopped.annotate(annotations.stop, 'true');
    await stopped.reaches(condition('MainWorkloadReady', 'False', 'Stopped'), condition('Ready', 'False', 'Stopped'));
  });

  it('serves them once it serves the kind, without a restart of the operator (B3.21)', async () => {
    await own.controlPlane.stopApiServer();
    await own.controlPlane.startApiServer({});
    const one = await given(place, devices('late'));
    await one.reaches(isReady, has(kinds.resourceClaimTemplate, suffixes.managedDra));
    for (const name of ['one', 'many']) await actor(place, name).reaches(isReady, has(kinds.resourceClaimTemplate, suffixes.managedDra));
    await actor(place, 'stopped').reaches(lacks(kinds.resourceClaimTemplate, suffixes.managedDra));
  });

  it('knows from then on what becomes of the templates, which carry no label (B3.17)', async () => {
    const one = actor(place, 'one');
    const { uid } = (await one.child(kinds.resourceClaimTemplate, suffixes.managedDra)).metadata;
    await one.deleteChild(kinds.resourceClaimTemplate, suffixes.managedDra);
    await one.reaches(has(kinds.resourceClaimTemplate, suffixes.managedDra, ({ metadata }) => expect(metadata.uid).not.to.equal(uid)));
  });
});
