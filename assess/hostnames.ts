/**
 * The host names two host names have in common, as the narrower of the two; undefined when there is none. A leading `*.` stands for one
 * or more labels, so `*.example.com` has `a.b.example.com` and `*.b.example.com` in it, and not `example.com`.
 */
export function intersectHostnames(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

const covers = (wide: string, narrow: string): boolean => wide === narrow || (wide.startsWith('*.') && narrow.endsWith(wide.slice(1)));
