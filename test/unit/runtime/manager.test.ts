import { expect } from 'chai';
import type { Election } from '../../../controllers/runtime/leader.ts';
import { type ManagerOptions, type Part, runManager } from '../../../controllers/runtime/manager.ts';

/** A manager's life as a list of what happened. */
function stage(options: Partial<ManagerOptions> = {}) {
  const story: string[] = [];
  const abort = new AbortController();
  const part = (name: string, more: Partial<Part> = {}): Part => ({
    name,
    start: () => void story.push(`${name} starts`),
    stop: () => void story.push(`${name} stops`),
    ...more,
  });
  let lose: () => void = () => undefined;
  const election: Election = {
    lost: new Promise((resolve) => {
      lose = resolve;
    }),
    isLeader: () => true,
    acquire: async () => void story.push('leads'),
    release: async () => void story.push('releases'),
  };
  const run = () =>
    runManager(
      {
        parts: [part('cache'), part('server')],
        synced: async () => void story.push('synced'),
        election,
        controllers: [part('controller', { start: () => void (story.push('controller starts') && abort.abort()) })],
        ...options,
      },
      abort.signal,
    );
  return { story, abort, part, election, run, lose: () => lose() };
}

describe('the manager', () => {
  it('starts in order, and stops in reverse', async () => {
    const { story, run } = stage();
    expect(await run()).to.equal('stopped');
    expect(story).to.deep.equal([
      'cache starts',
      'server starts',
      'synced',
      'leads',
      'controller starts',
      'controller stops',
      'releases',
      'server stops',
      'cache stops',
    ]);
  });

  it('stops what has started when it is ended while it waits for caches', async () => {
    const { story, abort, run } = stage({
      synced: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    setImmediate(() => abort.abort());
    expect(await run()).to.equal('stopped');
    expect(story).to.deep.equal(['cache starts', 'server starts', 'releases', 'server stops', 'cache stops']);
  });

  it('ends when leadership is lost', async () => {
    const lost = stage();
    const { part } = lost;
    const running = stage({ controllers: [part('controller', { start: () => lost.lose() })], election: lost.election });
    expect(await running.run()).to.equal('lost leadership');
  });

  it('leads without an election when there is none', async () => {
    const leading: boolean[] = [];
    const { part } = stage();
    const { story, abort } = stage();
    const end = runManager({ parts: [], synced: async () => undefined, controllers: [part('c')], onLeader: (l) => leading.push(l) }, abort.signal);
    setImmediate(() => abort.abort());
    expect(await end).to.equal('stopped');
    expect(story).to.deep.equal([]);
    expect(leading).to.deep.equal([true, false]);
  });

  it('rejects when a part cannot start, after stopping the others', async () => {
    const { part } = stage();
    const broken = part('broken', {
      start() {
        throw new Error('port taken');
      },
    });
    const { story, run } = stage({ parts: [broken] });
    const error = await run().catch((e: unknown) => e);
    expect(error).to.have.property('message', 'port taken');
    expect(story).to.deep.equal(['releases']);
  });

  it('does not wait longer than the grace period, and not for a part that fails to stop', async () => {
    const { part } = stage();
    const stuck = part('stuck', { stop: () => new Promise(() => undefined) });
    const failing = part('failing', {
      stop() {
        throw new Error('no');
      },
    });
    const { run } = stage({ parts: [stuck, failing], graceMs: 20 });
    expect(await run()).to.equal('stopped');
  });
});
