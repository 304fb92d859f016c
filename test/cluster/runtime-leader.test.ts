import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { createElection, type Election } from '../../controllers/runtime/leader.ts';
import { type ApiProxy, startApiProxy } from '../support/api-proxy.ts';
import { namespace as newNamespace } from '../support/cluster.ts';
import { type Observed, observedClient, testCluster, until } from '../support/runtime.ts';

const LEASE = 'llminferenceservice-kserve-controller-manager';
const FAST = { leaseMs: 1000, renewMs: 600, retryMs: 50 };

describe('leader election', () => {
  let cluster: Observed;
  let proxy: ApiProxy;
  let impeded: Observed;
  let namespace: string;
  before(async () => {
    cluster = await testCluster();
    proxy = await startApiProxy(cluster.access);
    impeded = observedClient(proxy.access);
  });
  after(async () => {
    await Promise.all([cluster.client.close(), impeded.client.close()]);
    await proxy.close();
  });
  beforeEach(async () => {
    namespace = await newNamespace('leader');
  });
  afterEach(() => proxy.interfere(undefined));

  const candidate = (identity: string, client = cluster.client): Election => createElection({ client, namespace, name: LEASE, identity, ...FAST });
  const spec = async () => ((await cluster.client.get(kinds.lease, namespace, LEASE))?.spec ?? {}) as Record<string, unknown>;

  it('gives the Lease to one of several candidates, who keeps it', async () => {
    const candidates = ['a', 'b', 'c'].map((name) => candidate(name));
    const abort = new AbortController();
    const waiting = candidates.map((c) => c.acquire(abort.signal).catch(() => undefined));
    await Promise.race(waiting);
    const { renewTime } = await spec();
    await until(
      'it was renewed many times',
      async () => Number(new Date(String((await spec()).renewTime))) - Number(new Date(String(renewTime))) > 1500,
    );
    expect(candidates.filter((c) => c.isLeader())).to.have.length(1);
    expect(await spec()).to.include({ leaseDurationSeconds: 1, leaseTransitions: 0 });
    abort.abort();
    await Promise.all(waiting);
    await Promise.all(candidates.map((c) => c.release()));
  });

  it('hands over at once when the leader releases', async () => {
    const [first, second] = [candidate('first'), candidate('second')];
    await first.acquire();
    const waiting = second.acquire();
    const released = performance.now();
    await first.release();
    expect(first.isLeader()).to.equal(false);
    await waiting;
    expect(performance.now() - released).to.be.lessThan(FAST.leaseMs - 200);
    expect(await spec()).to.include({ holderIdentity: 'second', leaseTransitions: 1 });
    await second.release();
    expect(await spec()).to.include({ holderIdentity: '' });
  });

  it('takes over from a leader that fell silent, after that one has noticed itself', async () => {
    const [silent, second] = [candidate('silent', impeded.client), candidate('second')];
    await silent.acquire();
    const story: string[] = [];
    void silent.lost.then(() => story.push('lost'));
    await proxy.pause();
    await second.acquire().then(() => story.push('taken over'));
    expect(story).to.deep.equal(['lost', 'taken over']);
    expect(silent.isLeader()).to.equal(false);
    await proxy.resume();
    await silent.release();
    expect(await spec()).to.include({ holderIdentity: 'second' });
    await second.release();
  });

  it('takes over from a leader that gets no answers any more, after that one has noticed itself', async () => {
    const [stalled, second] = [candidate('stalled', impeded.client), candidate('second')];
    await stalled.acquire();
    const story: string[] = [];
    void stalled.lost.then(() => story.push('lost'));
    proxy.interfere(() => ({ stalled: 'before' }));
    await second.acquire().then(() => story.push('taken over'));
    expect(story).to.deep.equal(['lost', 'taken over']);
    expect(stalled.isLeader()).to.equal(false);
    await stalled.release();
    expect(await spec()).to.include({ holderIdentity: 'second' });
    await second.release();
  });

  for (const stalled of ['before', 'within'] as const) {
    it(`goes on leading when one answer stalls ${stalled} it`, async () => {
      const leader = candidate('leader', impeded.client);
      await leader.acquire();
      let stalls = 0;
      proxy.interfere(() => (stalls++ === 0 ? { stalled } : undefined));
      await until('an answer has stalled', () => stalls > 0);
      const { renewTime } = await spec();
      await until('it is renewed', async () => (await spec()).renewTime !== renewTime);
      expect(leader.isLeader()).to.equal(true);
      await leader.release();
    });
  }

  it('survives an outage that is shorter than the lease', async () => {
    const leader = candidate('leader', impeded.client);
    await leader.acquire();
    await proxy.pause();
    await new Promise((resolve) => setTimeout(resolve, 150));
    await proxy.resume();
    const { renewTime } = await spec();
    await until('it is renewed', async () => (await spec()).renewTime !== renewTime);
    expect(leader.isLeader()).to.equal(true);
    await leader.release();
  });

  it('steps down when somebody else is in the Lease', async () => {
    const leader = candidate('leader');
    await leader.acquire();
    await cluster.client.patch(kinds.lease, namespace, LEASE, { spec: { holderIdentity: 'usurper' } });
    await leader.lost;
    expect(leader.isLeader()).to.equal(false);
    expect(await spec()).to.include({ holderIdentity: 'usurper' });
  });

  it('waits for the API server', async () => {
    await proxy.pause();
    const leader = candidate('late', impeded.client);
    const waiting = leader.acquire();
    await proxy.resume();
    await waiting;
    await leader.release();
  });
});
