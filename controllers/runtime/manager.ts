import type { Election } from './leader.ts';
import type { Log } from './log.ts';

/** Something with a beginning and an end. */
export interface Part {
  readonly name: string;
  start(): void | Promise<void>;
  /** Ends what runs, at the latest after `graceMs`. */
  stop(graceMs: number): void | Promise<void>;
  /** Resolves when the part has started but cannot go on; the manager then ends everything and rejects with this error. */
  readonly failed?: Promise<Error>;
}

export interface ManagerOptions {
  /** Caches and servers: started first, on every replica, and stopped last. */
  readonly parts: readonly Part[];
  /** Resolves when the caches are filled. */
  readonly synced: (signal: AbortSignal) => Promise<unknown>;
  /** Leads at once when left out (`--leader-elect=false`). */
  readonly election?: Election;
  /** Run by the leader only: controllers, migrations. */
  readonly controllers: readonly Part[];
  /** How long everything may take to stop, in milliseconds (R1.94). */
  readonly graceMs?: number;
  readonly onLeader?: (leading: boolean) => void;
  readonly log?: Log;
}

/** Another process may lead 5 s after this one noticed that it no longer does. */
const DEPOSED_GRACE_MS = 3_000;

/** Why a manager ended. */
export type End = 'stopped' | 'lost leadership';

/**
 * Runs an operator process: parts, then filled caches, then leadership, then controllers; until the signal is aborted or leadership is
 * lost. Then everything is stopped in reverse: controllers drain, the Lease is given back, parts end. Rejects when something cannot
 * be started or cannot go on, after stopping the rest.
 */
export async function runManager(options: ManagerOptions, signal: AbortSignal): Promise<End> {
  const { parts, synced, election, controllers, graceMs = 30_000, onLeader, log } = options;
  const started: Part[] = [];
  let grace = graceMs;
  const start = async (part: Part): Promise<void> => {
    started.push(part);
    await part.start();
  };
  /** False when the signal came first. */
  const until = async (step: Promise<unknown>): Promise<boolean> => {
    try {
      await step;
      return !signal.aborted;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  };

  try {
    for (const part of parts) await start(part);
    if (!(await until(synced(signal)))) return 'stopped';
    log?.info('caches are filled');
    if (election && !(await until(election.acquire(signal)))) return 'stopped';
    onLeader?.(true);
    for (const controller of controllers) await start(controller);
    const stopped = aborted(signal).then((): End => 'stopped');
    const failures = [...parts, ...controllers].flatMap(({ failed }) => (failed ? [failed.then(rethrow)] : []));
    const lost = election ? [election.lost.then((): End => 'lost leadership')] : [];
    const end = await Promise.race([stopped, ...lost, ...failures]);
    if (end === 'lost leadership') grace = Math.min(graceMs, DEPOSED_GRACE_MS);
    return end;
  } finally {
    onLeader?.(false);
    const inControl = started.filter((part) => controllers.includes(part));
    const others = started.filter((part) => !controllers.includes(part)).reverse();
    await within(grace, stopAll(inControl, others, election, grace, log), log);
  }
}

async function stopAll(
  inControl: readonly Part[],
  others: readonly Part[],
  election: Election | undefined,
  grace: number,
  log: Log | undefined,
): Promise<void> {
  const stop = async (part: Part): Promise<void> => {
    try {
      await part.stop(grace);
    } catch (error) {
      log?.error({ err: error, part: part.name }, 'did not stop cleanly');
    }
  };
  await Promise.all(inControl.map(stop));
  await election?.release();
  for (const part of others) await stop(part);
}

function rethrow(error: Error): never {
  throw error;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function within(ms: number, promise: Promise<void>, log: Log | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log?.error({ graceMs: ms }, 'not everything stopped in time');
      resolve();
    }, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/** A signal that is aborted by SIGTERM or SIGINT. The second one ends the process at once. */
export function terminationSignal(): AbortSignal {
  const abort = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) process.exit(1);
      abort.abort();
    });
  }
  return abort.signal;
}
