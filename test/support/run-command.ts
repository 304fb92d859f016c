import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { packagePath } from '../../cli/package-files.ts';

/** The command as a child process, and what it has printed so far. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves to exit code or signal once it has ended and all of its output is here. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export function startCommand(...args: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [packagePath('cli/main.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  return { child, output: () => output, ended };
}

/** Command lines of processes that carry all of these words. */
export async function processesWith(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args'], { maxBuffer: 1 << 26 });
  return stdout.split('\n').filter((line) => words.every((word) => line.includes(word)));
}
