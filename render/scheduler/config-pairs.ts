import type { Container } from '../../api/kubernetes.ts';
import { type ConfigPair, findConfigPair } from '../../assemble/scheduler-config.ts';

/** The config pairs of a container, those of its arguments before those of its command (R4.25, B4.2). */
export function configPairs(container: Container | undefined): readonly ConfigPair[] {
  return [...pairsIn(container?.args), ...pairsIn(container?.command)];
}

function pairsIn(elements: readonly string[] = []): readonly ConfigPair[] {
  const pairs: ConfigPair[] = [];
  for (let start = 0; start < elements.length; ) {
    const pair = findConfigPair(elements.slice(start));
    if (pair === undefined) break;
    pairs.push({ ...pair, index: start + pair.index });
    start += pair.index + pair.length;
  }
  return pairs;
}

/** The container with every config pair replaced by other elements; none removes it. */
export function replaceConfigPairs(container: Container, replace: (pair: ConfigPair) => readonly string[]): Container {
  const replaced = (elements: readonly string[]): string[] =>
    // From the end, so that the indexes of the pairs before stay right.
    pairsIn(elements)
      .toReversed()
      .reduce((rest, pair) => rest.toSpliced(pair.index, pair.length, ...replace(pair)), [...elements]);
  const { command, args } = container;
  return { ...container, ...(command === undefined ? {} : { command: replaced(command) }), ...(args === undefined ? {} : { args: replaced(args) }) };
}

/** The elements of a pair with another value, in the form in which it was given. */
export function pairElements({ flag, length }: ConfigPair, value: string): readonly string[] {
  return length === 1 ? [`${flag}=${value}`] : [flag, value];
}
