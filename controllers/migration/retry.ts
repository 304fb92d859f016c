import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration } from '../../api/duration.ts';
import { ApiError, isForbidden, isInvalid, isKindNotServed, isNotFound, isUnauthorized, textOf } from '../runtime/api-error.ts';

/** Time as a migration sees it. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Ends early, and without an error, when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

/** How long to try, and how often. */
export interface RetryLimits {
  readonly budgetMs: number;
  readonly pollMs: number;
  /** Of the clock; where the budget ends. */
  readonly deadline: number;
}

/** Attempts of the first phase, the wait after its first one, how it grows, and how much it is spread (R1.98). */
const FIRST_PHASE = { attempts: 10, waitMs: 2000, factor: 1.5, jitter: 0.1 } as const;

/**
 * How long to wait after a failed attempt (R1.98): growing waits between the first ten, the poll interval from then on.
 *
 * @param attempt counts from 1
 * @param random from 0 up to 1
 */
export function waitAfter(attempt: number, pollMs: number, random: number): number {
  if (attempt >= FIRST_PHASE.attempts) return pollMs;
  return FIRST_PHASE.waitMs * FIRST_PHASE.factor ** (attempt - 1) * (1 + FIRST_PHASE.jitter * random);
}

/** Admission refused the write: our webhooks, those of others, or a policy. */
const isDenied = (error: unknown): boolean => error instanceof ApiError && /\bdenied (the )?request\b/.test(error.message);

/** The server will not take this object, whoever sends it and however often; others it may take (B37). */
export function isAboutTheObject(error: unknown): boolean {
  if (isDenied(error) || isInvalid(error)) return true;
  return error instanceof ApiError && (error.code === 400 || error.code === 413);
}

/** Trying again is no use (R1.98). */
export function isFatal(error: unknown): boolean {
  if (isDenied(error)) return false;
  return isForbidden(error) || isUnauthorized(error) || isNotFound(error) || isKindNotServed(error);
}

/** Why a migration ended before it was through. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly cancelled: boolean;

  constructor(message: string, cancelled: boolean) {
    super(message);
    this.cancelled = cancelled;
  }
}

/**
 * Repeats an operation until it succeeds (R1.98).
 *
 * @throws MigrationError `failed: …` when trying again is no use, `timed out after <budget>: <last error>` when the budget is spent,
 * `cancelled: …` when the signal is aborted
 */
export async function retry<T>(operation: () => Promise<T>, limits: RetryLimits, signal: AbortSignal, clock: Clock): Promise<T> {
  let last: unknown;
  for (let attempt = 1; ; attempt++) {
    if (signal.aborted) throw new MigrationError(`cancelled: ${textOf(last ?? 'the process ends')}`, true);
    if (clock.now() >= limits.deadline) {
      const text = textOf(last ?? 'no time was left to begin');
      throw new MigrationError(`timed out after ${formatDuration(limits.budgetMs)}: ${text}`, false);
    }
    try {
      return await operation();
    } catch (error) {
      if (isFatal(error) && !signal.aborted) throw new MigrationError(`failed: ${textOf(error)}`, false);
      last = error;
    }
    const wait = waitAfter(attempt, limits.pollMs, Math.random());
    await clock.sleep(Math.max(0, Math.min(wait, limits.deadline - clock.now())), signal);
  }
}
