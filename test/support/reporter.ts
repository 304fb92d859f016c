import { createRequire } from 'node:module';
import type { Runner } from 'mocha';

const { reporters } = createRequire(import.meta.url)('mocha') as typeof import('mocha');

/** How long what a test left running may take to end before the run ends without it. */
const GRACE_MS = Number(process.env.TEST_GRACE_MS ?? 30_000);

/** Ends a run that something keeps alive, most likely what a failed test did not stop; that is a failure, too. Keeps nothing alive itself. */
function endWithin(graceMs: number): void {
  const end = (): void => {
    process.stderr.write(`still running after the last test: ${process.getActiveResourcesInfo().join(', ')}\n`);
    // Mocha's own listener sets the number of failures.
    process.once('exit', () => {
      process.exitCode ||= 1;
    });
    process.exit();
  };
  setTimeout(end, graceMs).unref();
}

/** Mocha's `spec` output, closed by a plain `N passed, N failed, N skipped` that scripts can read. */
export default class PlainSummary extends reporters.Spec {
  override done(failures: number, finish?: (failures: number) => void): void {
    const { passes, pending } = this.stats as Mocha.Stats;
    process.stdout.write(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ''}\n`);
    finish?.(failures);
    endWithin(GRACE_MS);
  }

  constructor(runner: Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
  }
}
