/** A semantic version `x.y.z` with its pre-release identifiers; the build part does not matter for order. */
export interface Version {
  readonly numbers: readonly [number, number, number];
  readonly prerelease: readonly string[];
}

const NUMBER = '(0|[1-9]\\d*)';
const STRICT = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-((?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** Reads a strict semantic version, without a leading `v` (R4.40). Undefined when the text is not one. */
export function parseVersion(text: string): Version | undefined {
  const match = STRICT.exec(text);
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease] = match;
  return { numbers: [Number(major), Number(minor), Number(patch)], prerelease: prerelease?.split('.') ?? [] };
}

/** Negative, zero or positive as `a` comes before, with or after `b`; a pre-release comes before its release (R4.40). */
export function compareVersions(a: Version, b: Version): number {
  const [major, minor, patch] = a.numbers.map((n, i) => n - (b.numbers[i] ?? 0));
  return major || minor || patch || comparePrerelease(a.prerelease, b.prerelease);
}

/** Whether a version is at least `since`, a constant of the code. */
export function reached(version: Version, since: string): boolean {
  const minimum = parseVersion(since);
  return minimum !== undefined && compareVersions(version, minimum) >= 0;
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (const [i, left] of a.entries()) {
    const right = b[i];
    if (right === undefined) return 1;
    const order = compareIdentifiers(left, right);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareIdentifiers(a: string, b: string): number {
  const [aNumeric, bNumeric] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (aNumeric && bNumeric) return Number(a) - Number(b);
  if (aNumeric !== bNumeric) return aNumeric ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}
