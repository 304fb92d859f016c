import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 25;

/** Repeats `check` until it does not throw; after `timeoutMs` its last error is thrown. Resolves to what `check` returned. */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 20_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(INTERVAL_MS);
    }
  }
}
