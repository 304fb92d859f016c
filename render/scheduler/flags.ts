import type { Container } from '../../api/kubernetes.ts';

/** Arguments without some flags, and the values those flags had. */
export interface Filtered {
  readonly left: string[];
  readonly extracted: ReadonlyMap<string, string>;
}

/** Name of the flag that an argument states: without leading dashes, up to the first `=`. Undefined for a value. */
export function flagName(arg: string): string | undefined {
  return /^-+([^=]*)/.exec(arg)?.[1];
}

/**
 * Takes flags out of a list of arguments, by name, with any number of leading dashes. The value is what follows `=`; if that
 * is empty, the next argument unless it starts with a dash; else it is empty. A flag given twice has its last value (R4.51).
 */
export function filterFlags(args: readonly string[], names: readonly string[]): Filtered {
  const left: string[] = [];
  const extracted = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const name = flagName(arg);
    if (name === undefined || !names.includes(name)) {
      left.push(arg);
      continue;
    }
    const [, written = ''] = /=(.*)$/s.exec(arg) ?? [];
    const next = args[i + 1];
    const separate = written === '' && next !== undefined && !next.startsWith('-');
    extracted.set(name, separate ? next : written);
    if (separate) i += 1;
  }
  return { left, extracted };
}

/** The container without some flags in the given lists of arguments; the lists keep their absence. */
export function filterContainer(
  container: Container,
  names: readonly string[],
  lists: readonly ('command' | 'args')[],
): { container: Container; extracted: ReadonlyMap<string, string> } {
  const extracted = new Map<string, string>();
  let filtered = container;
  for (const list of lists) {
    const args = container[list];
    if (args === undefined) continue;
    const result = filterFlags(args, names);
    if (result.extracted.size === 0) continue;
    for (const [name, value] of result.extracted) extracted.set(name, value);
    filtered = { ...filtered, [list]: result.left };
  }
  return { container: filtered, extracted };
}
