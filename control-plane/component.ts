import { open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startTethered } from './tether.ts';

const LOG_LINES = 15;
const CHECK_INTERVAL_MS = 25;

/** A component that did not start, or ended; the message holds the end of its log and the place of the whole. */
export class ComponentError extends Error {
  override readonly name = 'ComponentError';
}

/** A running process of the control plane. */
export interface Component {
  readonly name: string;
  readonly logFile: string;
  /** Resolves when the process is gone, to its exit code. */
  readonly exited: Promise<number>;
  /** Resolves to an error when the process ends without `stop`. */
  readonly failed: Promise<ComponentError>;
  /** Kills it: its data does not outlive the run, so there is nothing to bring to an orderly end. */
  stop(): Promise<void>;
}

/**
 * Go collects garbage when the heap has grown by this percentage. Large CRDs make much short-lived garbage; with Go's own 100 a third of
 * the API server's start goes into collecting it. Memory is cheaper here.
 */
const GOGC = '400';

/** Flags by name; `undefined` leaves one out. */
export type Flags = Readonly<Record<string, string | number | boolean | undefined>>;

/** Starts an executable with its output appended to `<directory>/<name>.log`; should we vanish, it is killed and the directory removed. */
export async function startComponent(binary: string, flags: Flags, directory: string): Promise<Component> {
  const name = basename(binary);
  const logFile = join(directory, `${name}.log`);
  const log = await open(logFile, 'a', 0o600);
  const args = Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`]));
  const tethered = startTethered(binary, args, { cwd: directory, directory, output: log.fd, environment: { GOGC, ...process.env } });
  await log.close();

  let stopping = false;
  return {
    name,
    logFile,
    exited: tethered.exited,
    failed: new Promise((resolve) => {
      void tethered.exited.then(async (code) => {
        if (!stopping) resolve(await errorOf({ name, logFile }, `ended with code ${code}`));
      });
    }),
    async stop() {
      stopping = true;
      await tethered.kill();
    },
  };
}

/** Waits until `isReady` says so (errors count as no); throws ComponentError when the component ends, or takes too long. */
export async function untilReady(component: Component, isReady: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  let failure: ComponentError | undefined;
  void component.failed.then((error) => {
    failure = error;
  });
  let lastProblem = '';
  const answer = () =>
    isReady().catch((error: unknown) => {
      lastProblem = `: ${error instanceof Error ? error.message : error}`;
      return false;
    });
  const deadline = performance.now() + timeoutMs;
  while (!(await answer())) {
    if (failure) throw failure;
    if (performance.now() > deadline) throw await errorOf(component, `was not ready after ${timeoutMs / 1000} s${lastProblem}`);
    await delay(CHECK_INTERVAL_MS);
  }
}

async function errorOf({ name, logFile }: Pick<Component, 'name' | 'logFile'>, what: string): Promise<ComponentError> {
  const lines = (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-LOG_LINES);
  return new ComponentError(`${name} ${what}. The end of its log (${logFile}):\n${lines.map((line) => `  ${line}`).join('\n')}`);
}
