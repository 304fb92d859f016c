import { createRequire } from 'node:module';
import type { Runner } from 'mocha';

const { reporters } = createRequire(import.meta.url)('mocha') as typeof import('mocha');

/** Mocha's `spec` output, closed by a plain `N passed, N failed, N skipped` that scripts can read. */
export default class PlainSummary extends reporters.Spec {
  override done(failures: number, finish?: (failures: number) => void): void {
    const { passes, pending } = this.stats as Mocha.Stats;
    process.stdout.write(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ''}\n`);
    finish?.(failures);
  }

  constructor(runner: Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
  }
}
