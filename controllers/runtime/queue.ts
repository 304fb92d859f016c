/** What a pass may ask for: to be repeated after some milliseconds, without counting as a failure. */
export interface Requeue {
  readonly requeueAfterMs: number;
}

export interface QueueMetrics {
  added(): void;
  depth(length: number): void;
  retried(): void;
  /** A pass ended; `result` as controller-runtime names it. */
  passed(result: 'success' | 'error' | 'requeue_after', seconds: number): void;
  working(workers: number): void;
}

export interface QueueOptions {
  /**
   * One pass over a key. An exception is a failure and is retried with backoff; returning counts as success and resets it.
   * Never runs twice at once for one key.
   */
  readonly process: (key: string, signal: AbortSignal) => Promise<Requeue | undefined>;
  readonly workers?: number;
  /** First and longest wait after failures in a row, in milliseconds; it doubles in between (R3.1). */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
  readonly onError?: (key: string, error: unknown, retryInMs: number) => void;
  readonly metrics?: QueueMetrics;
}

/** A work queue of keys with its workers. Keys added before `start` wait for it. */
export interface Queue {
  /** Asks for a pass. While the key waits this changes nothing; while it is processed it leads to exactly one further pass (R3.1a). */
  add(key: string): void;
  /** Asks for a pass in `ms` milliseconds; the earliest of several such requests counts. */
  addAfter(key: string, ms: number): void;
  start(): void;
  /** Starts no further pass and resolves when those that run have ended, or after `graceMs`; then their signal is aborted. */
  stop(graceMs?: number): Promise<void>;
  /** Keys that wait for a worker. */
  readonly length: number;
  /** Whether nothing waits and nothing runs; delayed keys do not count. */
  readonly idle: boolean;
}

const DEFAULT_BACKOFF = { firstMs: 5, maxMs: 1_000_000 };
/** Longest time a timer can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface Alarm {
  readonly at: number;
  readonly timer: NodeJS.Timeout;
}

/** Creates a de-duplicating work queue with per-key exponential backoff (R3.1, R3.1a). */
export function createQueue(options: QueueOptions): Queue {
  const { process, workers = 1, backoff = DEFAULT_BACKOFF, metrics } = options;
  /** In order of arrival. */
  const waiting = new Set<string>();
  const running = new Set<string>();
  /** Keys that were added while they ran. */
  const again = new Set<string>();
  const failures = new Map<string, number>();
  /** Requests of callers, and those of failed or repeated passes. A pass makes the latter pointless, not the former. */
  const delayed = new Map<string, Alarm>();
  const retries = new Map<string, Alarm>();
  const abort = new AbortController();
  let started = false;
  let stopped = false;
  let drained: (() => void) | undefined;

  function add(key: string): void {
    if (stopped) return;
    const known = running.has(key) ? again : waiting;
    if (known.has(key)) return;
    known.add(key);
    metrics?.added();
    metrics?.depth(waiting.size);
    // Not before all handlers of one event have spoken: a key that several of them add is one pass.
    queueMicrotask(dispatch);
  }

  function schedule(alarms: Map<string, Alarm>, key: string, ms: number): void {
    if (stopped) return;
    if (ms <= 0) {
      add(key);
      return;
    }
    const wait = Math.min(ms, MAX_TIMER_MS);
    const at = performance.now() + wait;
    const existing = alarms.get(key);
    if (existing && existing.at <= at) return;
    clear(alarms, key);
    const timer = setTimeout(() => {
      alarms.delete(key);
      add(key);
    }, wait);
    alarms.set(key, { at, timer });
  }

  function clear(alarms: Map<string, Alarm>, key: string): void {
    clearTimeout(alarms.get(key)?.timer);
    alarms.delete(key);
  }

  function dispatch(): void {
    if (!started || stopped) return;
    for (const key of waiting) {
      if (running.size >= workers) return;
      waiting.delete(key);
      void pass(key);
    }
  }

  async function pass(key: string): Promise<void> {
    running.add(key);
    clear(retries, key);
    metrics?.depth(waiting.size);
    metrics?.working(running.size);
    const begun = performance.now();
    const took = () => (performance.now() - begun) / 1000;
    try {
      const result = await process(key, abort.signal);
      failures.delete(key);
      if (result) schedule(retries, key, result.requeueAfterMs);
      metrics?.passed(result ? 'requeue_after' : 'success', took());
    } catch (error) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      const wait = Math.min(backoff.firstMs * 2 ** count, backoff.maxMs);
      schedule(retries, key, wait);
      metrics?.passed('error', took());
      metrics?.retried();
      report(key, error, wait);
    }
    running.delete(key);
    metrics?.working(running.size);
    if (again.delete(key) && !stopped) waiting.add(key);
    if (stopped && running.size === 0) drained?.();
    dispatch();
  }

  function report(key: string, error: unknown, wait: number): void {
    try {
      options.onError?.(key, error, wait);
    } catch {
      // Reporting must not stop the worker.
    }
  }

  return {
    add,
    addAfter: (key, ms) => schedule(delayed, key, ms),
    start() {
      started = true;
      dispatch();
    },
    async stop(graceMs = 30_000) {
      stopped = true;
      for (const alarms of [delayed, retries]) for (const key of [...alarms.keys()]) clear(alarms, key);
      waiting.clear();
      again.clear();
      if (running.size === 0) return;
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(() => {
          abort.abort();
          resolve();
        }, graceMs);
        drained = () => {
          clearTimeout(deadline);
          resolve();
        };
      });
    },
    get length() {
      return waiting.size;
    },
    get idle() {
      return waiting.size === 0 && running.size === 0;
    },
  };
}
