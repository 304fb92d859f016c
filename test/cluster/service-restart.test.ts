import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { RunOptions } from '../../cli/run.ts';
import { chooseFreePort } from '../../control-plane/ports.ts';
import { eventually } from '../support/eventually.ts';
import { service } from '../support/manifests.ts';
import { normalised } from '../support/normalised.ts';
import { type Site, spawnOperator, startOperator } from '../support/operator.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, hasChildren, isGone, isReady, type Place } from '../support/story.ts';

const LEASE = 'llminferenceservice-kserve-controller-manager';

describe('an operator that ends', function () {
  this.timeout(120_000);
  let site: Site;
  let place: Place;
  /** Those that a test may leave behind when it fails. */
  const running: { stop(): Promise<unknown> }[] = [];

  before(async () => {
    site = await siteWithoutOperator();
    place = await openPlace('restart');
  });
  afterEach(async () => {
    for (const operator of running.splice(0)) await operator.stop();
    await sharedOperator();
    await clear(place);
    site = await siteWithoutOperator();
  });
  after(sharedOperator);

  const objectsOf = async ({ name }: Actor): Promise<number> => {
    const owned = [kinds.secret, kinds.deployment, kinds.coreService, kinds.role, kinds.inferencePool, kinds.httpRoute];
    const lists = await Promise.all(owned.map((kind) => place.admin.list(kind, place.namespace)));
    return lists.flatMap(({ items }) => items).filter(({ metadata }) => metadata.name?.startsWith(`${name}-`)).length;
  };

  it('without warning, at any moment, leaves nothing behind that the next one does not bring to a good end', async () => {
    const interrupted: Actor[] = [];
    for (let round = 0; round < 5; round++) {
      const operator = await spawnOperator(site);
      const [first, second] = [await given(place, service(`first-${round}`)), await given(place, service(`other-${round}`))];
      interrupted.push(first, second);
      // Each round a little later: from before the first object to after the last.
      const reached = round * 2;
      await eventually(async () => expect(await objectsOf(first)).to.be.at.least(reached));
      await operator.kill();
    }
    await sharedOperator();
    for (const actor of interrupted) await actor.reaches(isReady);

    const calm = await given(place, service('calm-0'));
    await calm.reaches(isReady);
    const expected = await normalised(calm);
    for (const actor of interrupted) expect(await normalised(actor), actor.name).to.deep.equal(expected);

    const told = (await calm.events()).length;
    for (const actor of interrupted) {
      const events = await actor.events();
      expect(events.filter(({ type }) => type === 'Warning').map(({ message }) => message)).to.deep.equal([]);
      expect(
        events.reduce((sum, { count }) => sum + count, 0),
        `events of ${actor.name}`,
      ).to.be.at.most(2 * told);
    }
  });

  it('without warning, in the middle of a deletion, leaves nothing behind that the next one does not remove', async () => {
    const operator = await spawnOperator(site);
    const actors = [await given(place, service('one')), await given(place, service('two'))];
    for (const actor of actors) await actor.reaches(isReady);
    await Promise.all([...actors.map((actor) => actor.delete()), operator.kill()]);
    await sharedOperator();
    for (const actor of actors) await actor.reaches(isGone, hasChildren([]));
  });

  it('lets another one lead: at once when it is stopped, after the lease when it is killed (R1.94)', async () => {
    const holder = async (): Promise<string> => {
      const spec = (await place.admin.get(kinds.lease, site.options.systemNamespace, LEASE))?.spec as { holderIdentity?: string } | undefined;
      return spec?.holderIdentity ?? '';
    };
    const elect = async (flags: Partial<RunOptions> = {}) => {
      const operator = await startOperator(site, { leaderElect: true, ...flags }, { untilRunning: false });
      running.push(operator);
      return operator;
    };
    const killed = await spawnOperator(site, { leaderElect: true, webhookPort: await chooseFreePort() });
    running.push({ stop: killed.kill });
    const first = await eventually(async () => {
      const name = await holder();
      expect(name).not.to.equal('');
      return name;
    });

    // The follower serves the webhooks.
    const follower = await elect();
    const early = await given(place, service('early'));
    await early.reaches(isReady);
    expect(await holder()).to.equal(first);
    await killed.kill();
    const late = await given(place, service('late'));
    await eventually(async () => expect(await holder()).not.to.be.oneOf(['', first]), 40_000);
    await late.reaches(isReady);

    const second = await holder();
    await elect({ webhookPort: await chooseFreePort() });
    expect(await follower.stop()).to.equal('stopped');
    await eventually(async () => expect(await holder()).not.to.be.oneOf(['', second]), 5_000);
  });
});
