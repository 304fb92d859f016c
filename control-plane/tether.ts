import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/**
 * `sh` between us and the command: it leads a process group of its own and reads a pipe from us. A line on it is the order to kill the
 * command; the shell then ends after the command has. The pipe ends when we do, whatever the reason (SIGKILL included): then the
 * whole group is killed and the directory removed.
 */
const WATCHER = `
directory=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
(
  if read -r order <&3; then
    kill -KILL "$child" 2>/dev/null
    exit
  fi
  trap '' TERM
  kill -KILL "$child" 2>/dev/null
  if [ -n "$directory" ]; then
    tries=0
    until rm -rf "$directory" 2>/dev/null || [ "$tries" -ge 50 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
  fi
  kill -KILL 0
) &
watcher=$!
wait "$child"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`;

export interface TetherOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** A file descriptor that takes stdout and stderr; without it they are `Tethered.stdout` and `.stderr`. */
  readonly output?: number;
  /** Removed when we end without having stopped the command. */
  readonly directory?: string;
}

export interface Tethered {
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** The exit code; 128 + n after signal n. */
  readonly exited: Promise<number>;
  /** Kills the command and all it started, and waits until it is gone and its ports are free. */
  kill(): Promise<void>;
}

/** Starts a command that cannot outlive this process. Terminal signals (Ctrl-C) do not reach it. */
export function startTethered(command: string, args: readonly string[], options: TetherOptions = {}): Tethered {
  const output = options.output ?? 'pipe';
  const child = spawn('/bin/sh', ['-c', WATCHER, 'sh', options.directory ?? '', command, ...args], {
    detached: true,
    stdio: ['pipe', output, output],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.environment === undefined ? {} : { env: options.environment }),
  });
  const exited = exitOf(child);
  // Writing to a shell that has just ended is no error.
  child.stdin?.on('error', () => undefined);
  return {
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    async kill() {
      child.stdin?.write('kill\n');
      await exited;
    },
  };
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(NOT_STARTED));
    child.once('exit', () => killGroup(child));
    child.once('close', (code) => resolve(code ?? KILLED));
  });
}

/** What a shell reports for a command that SIGKILL ended, and for one it cannot find. */
const KILLED = 128 + 9;
const NOT_STARTED = 127;

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody is left in the group.
  }
}
