import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { suffixes } from '../../api/names.ts';
import type { RunOptions } from '../../cli/run.ts';
import { chooseFreePort } from '../../control-plane/ports.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { startApiProxy } from '../support/api-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { lives } from '../support/lives.ts';
import { service } from '../support/manifests.ts';
import { normalised } from '../support/normalised.ts';
import { type Site, spawnOperator, startOperator } from '../support/operator.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, has, hasChildren, isGone, isReady, type Place } from '../support/story.ts';

/** A service on Deployments, and one with a prefill part on LeaderWorkerSets. */
const [small, large] = [lives[0].born, (name: string) => lives[1].born(name).with(lives[1].grown)];

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
    const owned = [kinds.secret, kinds.deployment, kinds.leaderWorkerSet, kinds.coreService, kinds.role, kinds.inferencePool, kinds.httpRoute];
    const lists = await Promise.all(owned.map((kind) => place.admin.list(kind, place.namespace)));
    return lists.flatMap(({ items }) => items).filter(({ metadata }) => metadata.name?.startsWith(`${name}-`)).length;
  };

  it('without warning, at any moment, leaves nothing behind that the next one does not bring to a good end', async () => {
    const interrupted: Actor[] = [];
    // From before the first object to after the last.
    for (const [round, reached] of [0, 3, 6, 8].entries()) {
      const operator = await spawnOperator(site);
      running.push({ stop: operator.kill });
      const [first, second] = [await given(place, small(`first-${round}`)), await given(place, large(`other-${round}`))];
      interrupted.push(first, second);
      await eventually(async () => expect(await objectsOf(first)).to.be.at.least(reached));
      await operator.kill();
    }
    await sharedOperator();
    for (const actor of interrupted) await actor.reaches(isReady);

    for (const [born, prefix] of [[small, 'first-'] as const, [large, 'other-'] as const]) {
      const calm = await given(place, born(`calm-${prefix}0`));
      await calm.reaches(isReady);
      const expected = await normalised(calm);
      const told = (await calm.events()).length;
      for (const actor of interrupted.filter(({ name }) => name.startsWith(prefix))) {
        expect(await normalised(actor), actor.name).to.deep.equal(expected);
        const events = await actor.events();
        expect(events.filter(({ type }) => type === 'Warning').map(({ message }) => message)).to.deep.equal([]);
        expect(
          events.reduce((sum, { count }) => sum + count, 0),
          `events of ${actor.name}`,
        ).to.be.at.most(2 * told);
      }
    }
  });

  it('without warning, in the middle of a deletion, leaves nothing behind that the next one does not remove', async () => {
    const operator = await spawnOperator(site);
    running.push({ stop: operator.kill });
    const actors = [await given(place, small('one')), await given(place, large('two'))];
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

  it('because nothing answers it any more, leaves the Lease and everything else to the next one', async () => {
    const election = { leaseMs: 4000, renewMs: 2000, retryMs: 200 };
    const proxy = await startApiProxy(await loadAccess({ kubeconfig: site.kubeconfig, environment: {} }));
    const stalled = await startOperator(site, { leaderElect: true }, { run: { access: proxy.access, timeouts: { election } } });
    running.push(stalled);
    try {
      const one = await given(place, large('one'));
      await one.reaches(isReady);
      proxy.interfere(({ isWatch }) => (isWatch ? undefined : { stalled: 'before' }));
      const begun = performance.now();
      await one.change({ spec: { replicas: 3 } });
      expect(await stalled.ended).to.equal('lost leadership');
      expect(performance.now() - begun, 'time to end').to.be.lessThan(10_000);
      proxy.interfere(undefined);
      const sent = proxy.requests.length;

      // The port of the webhooks is given up last.
      running.push(await eventually(() => startOperator(site, { leaderElect: true }, { run: { timeouts: { election } } })));
      await one.reaches(
        isReady,
        has(kinds.leaderWorkerSet, suffixes.mainMultiNode, ({ spec }) => expect(spec).to.include({ replicas: 3 })),
      );
      expect(proxy.requests.length).to.equal(sent);
    } finally {
      await proxy.close();
    }
  });
});
