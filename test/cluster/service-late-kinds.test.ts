import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { eventually } from '../support/eventually.ts';
import { service } from '../support/manifests.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { actor, clear, condition, given, isReady, type Place } from '../support/story.ts';

const NAME = 'leaderworkersets.leaderworkerset.x-k8s.io';
const multiNode = service('many').with({ worker: {}, parallelism: { data: 2, dataLocal: 1 } });

describe('a cluster without LeaderWorkerSet', function () {
  this.timeout(120_000);
  let place: Place;
  let definition: KubeObject;

  before(async () => {
    const found = (await readManifests(foreignDefinitions)).find(({ metadata }) => metadata.name === NAME);
    if (!found) throw new Error(`${NAME} is not among the definitions`);
    definition = found;
    await sharedOperator();
    place = await openPlace('late');
    await place.admin.delete(kinds.customResourceDefinition, undefined, NAME);
    await eventually(async () => expect(await place.admin.get(kinds.customResourceDefinition, undefined, NAME)).to.equal(undefined));
  });
  after(async () => {
    if (!(await place.admin.get(kinds.customResourceDefinition, undefined, NAME))) await place.admin.create(definition);
    await clear(place);
  });

  it('serves models on single nodes (R3.71)', async () => {
    const one = await given(place, service('one').with({ prefill: {} }));
    await one.reaches(isReady);
  });

  it('says what a service on several nodes lacks', async () => {
    const many = await given(place, multiNode);
    const lacking = condition(
      'WorkerWorkloadReady',
      'False',
      'ReconcileMultiNodeWorkloadError',
      /failed to get v1\.LeaderWorkerSet .*many-kserve-mn/,
    );
    await many.reaches(lacking, condition('Ready', 'False', 'ReconcileMultiNodeWorkloadError'));
  });

  it('serves it as soon as the kind is installed, without a restart (B3.21)', async () => {
    await place.admin.create(definition);
    await actor(place, 'many').reaches(isReady);
  });

  it('says so again when the kind is taken away, and recovers', async () => {
    const many = actor(place, 'many');
    await place.admin.delete(kinds.customResourceDefinition, undefined, NAME);
    await many.reaches(condition('WorkerWorkloadReady', 'False', 'ReconcileMultiNodeWorkloadError'));
    await eventually(async () => expect(await place.admin.get(kinds.customResourceDefinition, undefined, NAME)).to.equal(undefined));
    await place.admin.create(definition);
    await many.reaches(isReady);
  });
});
