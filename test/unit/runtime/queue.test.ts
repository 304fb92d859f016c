import { mock } from 'node:test';
import { expect } from 'chai';
import { createQueue, type Queue } from '../../../controllers/runtime/queue.ts';

/** A pass that ends when the test says so. */
function gate() {
  let open: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, closed };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function settled(queue: Queue): Promise<void> {
  while (!queue.idle) await turn();
}

describe('the work queue', () => {
  it('processes a key once, however often it was added before', async () => {
    const seen: string[] = [];
    const queue = createQueue({ process: async (key) => void seen.push(key) });
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
    expect(queue.length).to.equal(2);
    queue.start();
    await settled(queue);
    expect(seen).to.deep.equal(['a', 'b']);
  });

  it('turns any number of events during a pass into exactly one further pass (R3.1a)', async () => {
    const first = gate();
    let passes = 0;
    const queue = createQueue({
      async process() {
        passes++;
        if (passes === 1) await first.closed;
        return undefined;
      },
      workers: 4,
    });
    queue.start();
    queue.add('a');
    await turn();
    for (let i = 0; i < 5; i++) queue.add('a');
    await turn();
    expect(passes).to.equal(1);
    first.open();
    await settled(queue);
    expect(passes).to.equal(2);
  });

  it('runs one pass when several handlers of one event ask for it', async () => {
    const seen: string[] = [];
    const queue = createQueue({ process: async (key) => void seen.push(key), workers: 4 });
    queue.start();
    for (const key of ['a', 'b', 'a']) queue.add(key);
    await settled(queue);
    expect(seen).to.deep.equal(['a', 'b']);
  });

  it('never runs one key twice at once, and as many keys at once as it has workers', async () => {
    const running = new Set<string>();
    let most = 0;
    const queue = createQueue({
      workers: 3,
      async process(key) {
        expect(running.has(key)).to.equal(false);
        running.add(key);
        most = Math.max(most, running.size);
        await turn();
        running.delete(key);
        return undefined;
      },
    });
    queue.start();
    for (let i = 0; i < 100; i++) queue.add(`key-${i % 10}`);
    await settled(queue);
    expect(most).to.equal(3);
  });

  it('goes on after a pass that threw, also synchronously', async () => {
    const errors: string[] = [];
    const seen: string[] = [];
    const queue = createQueue({
      backoff: { firstMs: 1e6, maxMs: 1e6 },
      process(key) {
        if (key === 'bad') throw new Error('no');
        seen.push(key);
        return Promise.resolve(undefined);
      },
      onError(key) {
        errors.push(key);
        throw new Error('a broken reporter');
      },
    });
    queue.start();
    queue.add('bad');
    queue.add('good');
    await settled(queue);
    expect(errors).to.deep.equal(['bad']);
    expect(seen).to.deep.equal(['good']);
    await queue.stop();
  });

  describe('with a clock', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
    afterEach(() => mock.timers.reset());

    it('doubles the wait of a failing key from 5 ms to 1000 s, and starts over after a success (R3.1)', async () => {
      const waits: number[] = [];
      let failing = true;
      const queue = createQueue({
        process: async () => {
          if (failing) throw new Error('no');
          return undefined;
        },
        onError: (_key, _error, ms) => waits.push(ms),
      });
      queue.start();
      queue.add('a');
      for (let i = 0; i < 20; i++) {
        await settled(queue);
        mock.timers.tick(waits.at(-1) ?? 0);
      }
      await settled(queue);
      expect(waits.slice(0, 4)).to.deep.equal([5, 10, 20, 40]);
      expect(waits.slice(17, 21)).to.deep.equal([655_360, 1_000_000, 1_000_000, 1_000_000]);

      failing = false;
      mock.timers.tick(1_000_000);
      await settled(queue);
      failing = true;
      queue.add('a');
      await settled(queue);
      expect(waits.at(-1)).to.equal(5);
      await queue.stop();
    });

    it('repeats a pass after the time it asked for, without counting it as a failure', async () => {
      let passes = 0;
      const queue = createQueue({
        process: async () => {
          passes++;
          return passes === 1 ? { requeueAfterMs: 5000 } : undefined;
        },
      });
      queue.start();
      queue.add('a');
      await settled(queue);
      mock.timers.tick(4999);
      await settled(queue);
      expect(passes).to.equal(1);
      mock.timers.tick(1);
      await settled(queue);
      expect(passes).to.equal(2);
      mock.timers.tick(1e7);
      await settled(queue);
      expect(passes).to.equal(2);
    });

    it('forgets the pending repetition of a failed pass when an event comes first', async () => {
      let passes = 0;
      const queue = createQueue({
        process: async () => {
          passes++;
          if (passes === 1) throw new Error('no');
          return undefined;
        },
      });
      queue.start();
      queue.add('a');
      await settled(queue);
      queue.add('a');
      await settled(queue);
      mock.timers.tick(1e7);
      await settled(queue);
      expect(passes).to.equal(2);
    });

    it('takes the earliest of several delayed requests, and keeps it when another pass comes first', async () => {
      let passes = 0;
      const queue = createQueue({ process: async () => void passes++ });
      queue.start();
      queue.addAfter('a', 300);
      queue.addAfter('a', 100);
      queue.addAfter('a', 200);
      queue.add('a');
      await settled(queue);
      expect(passes).to.equal(1);
      mock.timers.tick(100);
      await settled(queue);
      expect(passes).to.equal(2);
      mock.timers.tick(1000);
      await settled(queue);
      expect(passes).to.equal(2);
    });
  });

  it('finishes what runs when it is stopped, and starts nothing more', async () => {
    const first = gate();
    const ended: string[] = [];
    const queue = createQueue({
      async process(key) {
        await first.closed;
        ended.push(key);
        return undefined;
      },
    });
    queue.start();
    queue.add('a');
    queue.add('b');
    await turn();
    const stopped = queue.stop();
    queue.add('c');
    first.open();
    await stopped;
    await turn();
    expect(ended).to.deep.equal(['a']);
  });

  it('aborts the signal of a pass that outlives the grace period', async () => {
    let aborted = false;
    const queue = createQueue({
      process: (_key, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve(undefined);
          });
        }),
    });
    queue.start();
    queue.add('a');
    await turn();
    await queue.stop(1);
    expect(aborted).to.equal(true);
  });
});
