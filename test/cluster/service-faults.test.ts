import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { annotations } from '../../api/metadata.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { type ApiProxy, startApiProxy } from '../support/api-proxy.ts';
import { cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { type Fault, faults, mishaps, severance } from '../support/faults.ts';
import { type Life, lives } from '../support/lives.ts';
import { normalised } from '../support/normalised.ts';
import { type RunningOperator, type Site, startOperator } from '../support/operator.ts';
import { passesOf, rests, since, untilPassed, writesOf } from '../support/requests.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, actor, clear, condition, type Expectation, given, hasChildren, isGone, isReady, type Place } from '../support/story.ts';

type Objects = Record<string, unknown>;

/** Distinct events that an object may get at once (see controllers/runtime/events.ts). */
const EVENT_BURST = 25;
/** More than it takes to do any of what these tests have done to a service. */
const MOST_WRITES = 22;

/** Short, so that a test need not wait long for an answer that does not come. */
const timeouts = { request: 1000, watchSilence: 2000 };

/** What is told in passing, and the users of presets, which are counted a little later. */
const laterWrites = / (Event|LLMInferenceServiceConfig)$/;

const isStopped = condition('Ready', 'False', 'Stopped');
const [onDeployments, onGroups] = lives;
const other = (life: Life): Life => (life === onDeployments ? onGroups : onDeployments);

describe('a service whose operator meets faults', function () {
  this.timeout(180_000);
  let site: Site;
  let proxy: ApiProxy;
  let operator: RunningOperator | undefined;
  const places: Place[] = [];
  /** What services become without any fault. */
  const born = new Map<Life, Objects>();
  const grown = new Map<Life, Objects>();
  const quietEvents = new Map<Life, number>();

  /** An operator that reaches the API server only through the proxy. */
  const start = async (): Promise<RunningOperator> => {
    operator = await startOperator(site, {}, { run: { access: proxy.access, timeouts } });
    return operator;
  };
  const stop = async (): Promise<void> => {
    await operator?.stop();
    operator = undefined;
  };
  const open = async (): Promise<Place> => {
    const place = await openPlace('faults');
    places.push(place);
    return place;
  };

  before(async () => {
    site = await siteWithoutOperator();
    proxy = await startApiProxy(await loadAccess({ kubeconfig: site.kubeconfig, environment: {} }));
    const running = await start();
    for (const life of lives) {
      const calm = await given(await open(), life.born('calm'));
      await calm.reaches(isReady, () => rests(running));
      born.set(life, await normalised(calm));
      await calm.change({ spec: life.grown });
      await calm.reaches(isReady, () => rests(running));
      grown.set(life, await normalised(calm));
      await liveOn(calm, life);
      quietEvents.set(life, eventsIn(await calm.events()));
    }
    await stop();
  });
  afterEach(async () => {
    proxy.interfere(undefined);
    await stop();
  });
  after(async () => {
    await proxy.close();
    await sharedOperator();
    for (const place of places) await clear(place);
  });

  /** What comes after it has grown: it changes over to the other kind of workload, stops and comes back. */
  async function liveOn(one: Actor, life: Life): Promise<void> {
    await one.change({ spec: life.changedOver });
    await one.reaches(isReady);
    await one.annotate(annotations.stop, 'true');
    await one.reaches(isStopped, hasChildren([]));
    await one.annotate(annotations.stop, null);
    await one.reaches(isReady);
  }

  /** A service from its creation on. */
  async function unlucky(life: Life): Promise<Actor> {
    const one = await given(await open(), life.born('unlucky'));
    await one.reaches(isReady);
    await one.change({ spec: life.grown });
    await one.reaches(isReady);
    await liveOn(one, life);
    return one;
  }

  const eventsIn = (events: readonly { count: number }[]): number => events.reduce((sum, { count }) => sum + count, 0);

  /** Everything the service owns is as in `expected`. */
  const consistsOf =
    (expected: () => Objects | undefined): Expectation =>
    async (one) => {
      const found = await normalised(one);
      const wanted = expected() ?? {};
      expect(Object.keys(found)).to.deep.equal(Object.keys(wanted));
      for (const [key, object] of Object.entries(found)) expect(object, key).to.deep.equal(wanted[key]);
    };

  /**
   * The objects are those of a life without faults, nothing is written any more once the watches are up again, and what was told was told
   * few times.
   */
  async function hasComeThrough(running: RunningOperator, one: Actor, life: Life, becomes = other(life)): Promise<void> {
    await one.reaches(
      consistsOf(() => grown.get(becomes)),
      () => rests(running),
    );
    let touches = 0;
    await eventually(async () => {
      const before = await writesOf(running);
      for (let i = 0; i < 2; i++) await untilPassed(running, () => one.annotate('example.com/touched', String(++touches)));
      const written = Object.keys(since(before, await writesOf(running))).filter((what) => !laterWrites.test(what));
      expect(written, `writes for ${one.name}`).to.deep.equal([]);
    });
    expect(eventsIn(await one.events()), `events of ${one.name}`).to.be.at.most((quietEvents.get(life) ?? 0) + EVENT_BURST);
  }

  const sorts: readonly (readonly [title: string, kinds: readonly Fault[], how: Parameters<typeof mishaps>[1]])[] = [
    ['writes that conflict', [faults.conflict], { every: 2, atMost: 12 }],
    ['throttling', [faults.throttled], { every: 2, atMost: 60 }],
    ['time-outs, and a server that is not available', [faults.timedOut, faults.unavailable], { every: 7, atMost: 12 }],
    ['requests and answers that get lost', [faults.lost, faults.unheard], { every: 7, atMost: 12 }],
    ['requests that are never answered, and answers without an end', [faults.unanswered, faults.halfAnswered], { every: 8, atMost: 8 }],
    ['all of these by turns', Object.values(faults), { every: 6, atMost: 20 }],
  ];
  for (const [index, [title, hits, how]] of sorts.entries()) {
    it(`comes through ${title}`, async () => {
      const life = index % 2 === 0 ? onGroups : onDeployments;
      const running = await start();
      const met = mishaps(hits, how);
      proxy.interfere(met.decide);
      const survivor = await unlucky(life);
      expect(met.count(), 'faults').to.equal(how.atMost);
      proxy.interfere(undefined);
      await hasComeThrough(running, survivor, life);
    });
  }

  it('comes through watches that break and cannot be taken up again', async () => {
    const running = await start();
    let requests = 0;
    const met = mishaps([faults.expired], { every: 3, atMost: 12 });
    proxy.interfere((passing) => {
      if (++requests % 25 === 0 && requests < 300) setImmediate(proxy.cut);
      return met.decide(passing);
    });
    const survivor = await unlucky(onDeployments);
    expect(met.count(), 'watches that expired').to.be.greaterThan(5);
    proxy.interfere(undefined);
    await hasComeThrough(running, survivor, onDeployments);
  });

  it('comes through watches that fall silent and stay open', async () => {
    const running = await start();
    let requests = 0;
    proxy.interfere(() => {
      if (++requests % 25 === 0 && requests < 125) setImmediate(proxy.silenceWatches);
      return undefined;
    });
    const survivor = await unlucky(onGroups);
    expect(requests, 'requests').to.be.greaterThan(125);
    await hasComeThrough(running, survivor, onGroups);
  });

  it('comes through an operator that starts in the middle of it', async () => {
    const met = mishaps([faults.throttled, faults.lost, faults.timedOut], { every: 4, atMost: 12 });
    proxy.interfere(met.decide);
    const running = await start();
    const survivor = await unlucky(onDeployments);
    proxy.interfere(undefined);
    await hasComeThrough(running, survivor, onDeployments);
  });

  /** All that a service can be told, on Deployments and on LeaderWorkerSets. */
  const turns: readonly { what: string; act: (one: Actor) => Promise<unknown>; goal: Expectation; objects: Expectation }[] = [
    {
      what: 'to come up',
      act: ({ admin, namespace, name }) => given({ admin, namespace }, onDeployments.born(name)),
      goal: isReady,
      objects: consistsOf(() => born.get(onDeployments)),
    },
    {
      what: 'to grow',
      act: (one) => one.change({ spec: onDeployments.grown }),
      goal: isReady,
      objects: consistsOf(() => grown.get(onDeployments)),
    },
    {
      what: 'to change over',
      act: (one) => one.change({ spec: onDeployments.changedOver }),
      goal: isReady,
      objects: consistsOf(() => grown.get(onGroups)),
    },
    { what: 'to be stopped', act: (one) => one.annotate(annotations.stop, 'true'), goal: isStopped, objects: hasChildren([]) },
    {
      what: 'to come back as something else',
      act: (one) => one.change({ metadata: { annotations: { [annotations.stop]: null } }, spec: onGroups.changedOver }),
      goal: isReady,
      objects: consistsOf(() => grown.get(onDeployments)),
    },
    { what: 'to go', act: (one) => one.delete(), goal: isGone, objects: hasChildren([]) },
  ];

  it('comes through the end of its operator between any two writes, whatever it was about to do', async function () {
    this.timeout(300_000);
    const mortals: Actor[] = [];
    for (let allowed = 0; allowed <= MOST_WRITES; allowed++) mortals.push(actor(await open(), 'mortal'));
    for (const { what, act, goal, objects } of turns) {
      const running = await start();
      const severed = severance(mortals.map(({ namespace }) => namespace));
      proxy.interfere(severed.decide);
      await Promise.all(mortals.map(act));
      for (const mortal of mortals) {
        await eventually(async () => {
          if (severed.is(mortal.namespace)) return;
          await goal(mortal);
          await rests(running);
        });
      }
      const cut = mortals.filter(({ namespace }) => severed.is(namespace)).length;
      expect(cut, `services that were ${what}, and were cut off`).to.be.within(1, MOST_WRITES);
      await stop();

      proxy.interfere(undefined);
      await start();
      for (const mortal of mortals) await mortal.reaches(goal, objects);
      await stop();
    }
  });

  it('comes through an API server that is restarted', async () => {
    const running = await start();
    const settled = await Promise.all(lives.map(async (life) => given(await open(), life.born('settled').with(life.grown))));
    for (const one of settled) await one.reaches(isReady, () => rests(running));
    const versions = async () => {
      const children = await Promise.all(settled.map((one) => one.children()));
      return children.flatMap((found) => [...found].map(([key, { metadata }]) => `${key} ${metadata.resourceVersion}`));
    };
    const unchanged = await versions();
    const before = await passesOf(running);

    const place = await open();
    const begin = (name: string, life: Life) => given(place, life.born(name).with(life.grown));
    const early = await begin('restart-one', onGroups);
    await (await cluster()).restartApiServer();
    const late = await begin('restart-two', onDeployments);
    for (const one of [early, late, ...settled]) await one.reaches(isReady, () => rests(running));
    expect(await versions()).to.deep.equal(unchanged);
    await hasComeThrough(running, early, onGroups, onGroups);
    await hasComeThrough(running, late, onDeployments, onDeployments);
    const { items: services } = await place.admin.list(kinds.service);
    expect((await passesOf(running)) - before, `passes over ${services.length} services`).to.be.lessThan(100 + 2 * services.length);
  });
});
