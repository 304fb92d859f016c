import { type Kind, kinds } from '../../api/kinds.ts';
import { textOf } from '../runtime/api-error.ts';
import type { Client } from '../runtime/client.ts';
import type { EventRecorder } from '../runtime/events.ts';
import type { Log } from '../runtime/log.ts';
import type { Part } from '../runtime/manager.ts';
import { type Clock, MigrationError, type RetryLimits, retry, systemClock } from './retry.ts';
import { definitionNameOf, migrateKind, migrateRefused, type Refused } from './storage-version.ts';

export interface StorageMigrationOptions {
  readonly client: Client;
  readonly events: EventRecorder;
  readonly log: Log;
  /** Time for both kinds together. */
  readonly budgetMs: number;
  readonly pollMs: number;
  /** Told how many objects of a kind are left because the server refuses them. */
  readonly onRefused?: (kind: string, count: number) => void;
  readonly clock?: Clock;
}

const MIGRATED: readonly Kind[] = [kinds.service, kinds.config];

/**
 * Moves stored objects to the storage version of their CRD, next to the controllers and without holding them up (R1.97, R1.98).
 * When it cannot be done the process has to end; objects the server refuses are reported and tried again until the budget is spent,
 * and end nothing (B37).
 */
export function createStorageMigration(options: StorageMigrationOptions): Part {
  const abort = new AbortController();
  let running: Promise<void> | undefined;
  let fail: (reason: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  return {
    name: 'storage version migration',
    failed,
    start() {
      running = migrateStorage(options, abort.signal).catch((error: unknown) => {
        if (!(error instanceof MigrationError && error.cancelled)) fail(error as Error);
      });
    },
    async stop() {
      abort.abort();
      await running;
      await options.events.flush();
    },
  };
}

/**
 * The migration itself.
 *
 * @throws MigrationError with the text of R1.98
 */
export async function migrateStorage(options: StorageMigrationOptions, signal: AbortSignal): Promise<void> {
  const { client, budgetMs, pollMs, log, clock = systemClock } = options;
  const limits: RetryLimits = { budgetMs, pollMs, deadline: clock.now() + budgetMs };
  const report = createReport(options);
  const left = new Map<Kind, readonly Refused[]>();
  const note = (kind: Kind, refused: readonly Refused[]): void => {
    report(kind, refused);
    if (refused.length > 0) left.set(kind, refused);
    else left.delete(kind);
  };
  for (const kind of MIGRATED) note(kind, await named(kind, () => retry(() => migrateKind(client, kind, signal), limits, signal, clock)));
  while (left.size > 0 && clock.now() < limits.deadline && !signal.aborted) {
    await clock.sleep(Math.min(pollMs, limits.deadline - clock.now()), signal);
    for (const [kind, refused] of left) {
      if (signal.aborted) return;
      // No budget is checked here: it was kept when the migration first went through, and what is left ends nothing.
      await migrateRefused(client, kind, refused, signal).then(
        (still) => note(kind, still),
        (error: unknown) => log.warn({ kind: kind.kind }, `objects could not be tried again: ${textOf(error)}`),
      );
    }
  }
  for (const [kind, refused] of left) {
    log.warn({ kind: kind.kind, objects: refused.length }, 'objects are not in the storage version; the next start tries again');
  }
}

async function named<T>(kind: Kind, migration: () => Promise<T>): Promise<T> {
  try {
    return await migration();
  } catch (error) {
    const prefix = `storage version migration for ${definitionNameOf(kind)}: `;
    throw error instanceof MigrationError ? new MigrationError(prefix + error.message, error.cancelled) : error;
  }
}

/** Tells about refused objects once, and again when the reason is another one. */
function createReport({ log, events, onRefused }: StorageMigrationOptions): (kind: Kind, refused: readonly Refused[]) => void {
  const told = new Map<string, string>();
  return (kind, refused) => {
    onRefused?.(kind.kind, refused.length);
    for (const { object, text } of refused) {
      const { namespace, name, uid = '' } = object.metadata;
      if (told.get(uid) === text) continue;
      told.set(uid, text);
      log.warn({ kind: kind.kind, object: `${namespace}/${name}` }, `cannot be moved to the storage version: ${text}`);
      const message = `cannot be moved to the storage version, because this object is refused as it stands: ${text}`;
      events.record(object, [{ type: 'Warning', reason: 'StorageMigrationFailed', message }]);
    }
  };
}
