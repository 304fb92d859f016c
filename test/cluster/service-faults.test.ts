import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { annotations } from '../../api/metadata.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { type ApiProxy, startApiProxy } from '../support/api-proxy.ts';
import { cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { type Fault, faults, mishaps, severance } from '../support/faults.ts';
import { service } from '../support/manifests.ts';
import { normalised } from '../support/normalised.ts';
import { type RunningOperator, type Site, startOperator } from '../support/operator.ts';
import { passesOf, rests, since, untilPassed, writesOf } from '../support/requests.ts';
import { openPlace, sharedOperator, siteWithoutOperator } from '../support/shared-operator.ts';
import { type Actor, actor, clear, condition, type Expectation, given, hasChildren, isGone, isReady, type Place } from '../support/story.ts';

type Objects = Record<string, unknown>;

/** Distinct events that an object may get at once (see controllers/runtime/events.ts). */
const EVENT_BURST = 25;
/** More than it takes to do any of what these tests have done to a service. */
const MOST_WRITES = 20;

/** What is told in passing, and the users of presets, which are counted a little later. */
const laterWrites = / (Event|LLMInferenceServiceConfig)$/;

const isStopped = condition('Ready', 'False', 'Stopped');
const withPrefill = { replicas: 2, prefill: { replicas: 1 } };

describe('a service whose operator meets faults', function () {
  this.timeout(180_000);
  let site: Site;
  let proxy: ApiProxy;
  let operator: RunningOperator | undefined;
  const places: Place[] = [];
  /** What a service becomes without any fault: on its own, and with a prefill part. */
  let plain: Objects;
  let split: Objects;
  let quietEvents: number;

  /** An operator that reaches the API server only through the proxy. */
  const start = async (): Promise<RunningOperator> => {
    operator = await startOperator(site, {}, { run: { access: proxy.access } });
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
    const calm = await given(await open(), service('calm'));
    await calm.reaches(isReady, () => rests(running));
    plain = await normalised(calm);
    await live(calm);
    await eventually(() => rests(running));
    split = await normalised(calm);
    quietEvents = eventsIn(await calm.events());
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

  /** The life of a service: it comes up, grows a prefill part, stops and comes back. */
  async function live(one: Actor): Promise<void> {
    await one.reaches(isReady);
    await one.change({ spec: withPrefill });
    await one.reaches(isReady);
    await one.annotate(annotations.stop, 'true');
    await one.reaches(isStopped, hasChildren([]));
    await one.annotate(annotations.stop, null);
    await one.reaches(isReady);
  }

  const eventsIn = (events: readonly { count: number }[]): number => events.reduce((sum, { count }) => sum + count, 0);

  /** Everything the service owns is as in `expected`. */
  const consistsOf =
    (expected: () => Objects): Expectation =>
    async (one) => {
      const found = await normalised(one);
      expect(Object.keys(found)).to.deep.equal(Object.keys(expected()));
      for (const [key, object] of Object.entries(found)) expect(object, key).to.deep.equal(expected()[key]);
    };

  /**
   * The objects are those of a life without faults, nothing is written any more once the watches are up again, and what was told was told
   * few times.
   */
  async function hasComeThrough(running: RunningOperator, one: Actor): Promise<void> {
    await one.reaches(
      consistsOf(() => split),
      () => rests(running),
    );
    let touches = 0;
    await eventually(async () => {
      const before = await writesOf(running);
      for (let i = 0; i < 2; i++) await untilPassed(running, () => one.annotate('example.com/touched', String(++touches)));
      const written = Object.keys(since(before, await writesOf(running))).filter((what) => !laterWrites.test(what));
      expect(written, `writes for ${one.name}`).to.deep.equal([]);
    });
    expect(eventsIn(await one.events()), `events of ${one.name}`).to.be.at.most(quietEvents + EVENT_BURST);
  }

  const sorts: readonly (readonly [title: string, kinds: readonly Fault[], how: Parameters<typeof mishaps>[1]])[] = [
    ['writes that conflict', [faults.conflict], { every: 2, atMost: 12 }],
    ['throttling', [faults.throttled], { every: 2, atMost: 60 }],
    ['time-outs, and a server that is not available', [faults.timedOut, faults.unavailable], { every: 7, atMost: 12 }],
    ['requests and answers that get lost', [faults.lost, faults.unheard], { every: 7, atMost: 12 }],
    ['all of these by turns', Object.values(faults), { every: 6, atMost: 24 }],
  ];
  for (const [title, hits, how] of sorts) {
    it(`comes through ${title}`, async () => {
      const running = await start();
      const met = mishaps(hits, how);
      proxy.interfere(met.decide);
      const unlucky = await given(await open(), service('unlucky'));
      await live(unlucky);
      expect(met.count(), 'faults').to.equal(how.atMost);
      proxy.interfere(undefined);
      await hasComeThrough(running, unlucky);
    });
  }

  it('comes through watches that break and cannot be taken up again', async () => {
    const running = await start();
    let requests = 0;
    const met = mishaps([faults.expired], { every: 3, atMost: 20 });
    proxy.interfere((passing) => {
      if (++requests % 25 === 0 && requests < 500) setImmediate(proxy.cut);
      return met.decide(passing);
    });
    const unlucky = await given(await open(), service('unlucky'));
    await live(unlucky);
    expect(met.count(), 'watches that expired').to.be.greaterThan(5);
    proxy.interfere(undefined);
    await hasComeThrough(running, unlucky);
  });

  it('comes through an operator that starts in the middle of it', async () => {
    const met = mishaps([faults.throttled, faults.lost, faults.timedOut], { every: 4, atMost: 12 });
    proxy.interfere(met.decide);
    const running = await start();
    const unlucky = await given(await open(), service('unlucky'));
    await live(unlucky);
    proxy.interfere(undefined);
    await hasComeThrough(running, unlucky);
  });

  const turns: readonly { what: string; act: (one: Actor) => Promise<unknown>; goal: Expectation; objects: Expectation }[] = [
    {
      what: 'to come up',
      act: ({ admin, namespace, name }) => given({ admin, namespace }, service(name)),
      goal: isReady,
      objects: consistsOf(() => plain),
    },
    { what: 'to be split', act: (one) => one.change({ spec: withPrefill }), goal: isReady, objects: consistsOf(() => split) },
    { what: 'to be stopped', act: (one) => one.annotate(annotations.stop, 'true'), goal: isStopped, objects: hasChildren([]) },
    { what: 'to come back', act: (one) => one.annotate(annotations.stop, null), goal: isReady, objects: consistsOf(() => split) },
    { what: 'to go', act: (one) => one.delete(), goal: isGone, objects: hasChildren([]) },
  ];

  it('comes through the end of its operator between any two writes, whatever it was about to do', async () => {
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
    const settled = await given(await open(), service('settled').with(withPrefill));
    await settled.reaches(isReady, () => rests(running));
    const versions = async () => [...(await settled.children())].map(([key, { metadata }]) => `${key} ${metadata.resourceVersion}`);
    const unchanged = await versions();
    const before = await passesOf(running);

    const place = await open();
    const one = await given(place, service('restart-one').with(withPrefill));
    await (await cluster()).restartApiServer();
    const two = await given(place, service('restart-two').with(withPrefill));
    for (const each of [one, two, settled]) await each.reaches(isReady, () => rests(running));
    expect(await versions()).to.deep.equal(unchanged);
    for (const each of [one, two]) await hasComeThrough(running, each);
    const { items: services } = await place.admin.list(kinds.service);
    expect((await passesOf(running)) - before, `passes over ${services.length} services`).to.be.lessThan(100 + 2 * services.length);
  });
});
