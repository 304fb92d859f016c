import { readFile } from 'node:fs/promises';

/** What a process has used since it began. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Most memory that was resident at once, in MiB. */
  readonly peakMiB: number;
}

/** Clock ticks per second in /proc, the same on every Linux that Node runs on. */
const TICKS = 100;

/** The usage of a process, all its threads included, as Linux knows it. */
export async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/status`, 'utf8')]);
  // The name of the program, in parentheses, may hold spaces; user and system time are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS, peakMiB: Number(peak) / 1024 };
}
