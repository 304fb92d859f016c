import type { Rule } from './node.ts';

/**
 * What the CEL rules of the embedded HTTPRoute and InferencePool specs mean. They come with the vendored schemas and follow a few
 * patterns, so the meaning is found by the shape of the text.
 */

type Fields = Readonly<Record<string, unknown>>;
type Meaning = (self: unknown) => boolean;

const field = (self: unknown, name: string): unknown => (self as Fields)[name];
const has = (self: unknown, ...path: string[]): boolean => read(self, ...path) !== undefined;
const read = (self: unknown, ...path: string[]): unknown => path.reduce((at, name) => (at === undefined ? undefined : field(at, name)), self);
const listOf = (self: unknown, name: string): readonly unknown[] => (field(self, name) ?? []) as readonly unknown[];
const countOfType = (self: unknown, type: string): number => (self as readonly unknown[]).filter((item) => field(item, 'type') === type).length;

/** Rules on a path hold trivially where it is a regular expression. */
const literalPath =
  (test: (value: string) => boolean): Meaning =>
  (self) =>
    !['Exact', 'PathPrefix'].includes(String(field(self, 'type'))) || test(String(field(self, 'value') ?? ''));

const URI_PATH = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$/;

/** Whether exactly one of the filters replaces the matched prefix. */
const replacesPrefix = (filters: readonly unknown[], filter: string): boolean =>
  filters.filter((item) => read(item, filter, 'path', 'type') === 'ReplacePrefixMatch' && has(item, filter, 'path', 'replacePrefixMatch')).length ===
  1;

/** Replacing a prefix needs exactly one match, and that one by prefix. */
const hasOnePrefixMatch = (rule: unknown): boolean => {
  const matches = listOf(rule, 'matches');
  return matches.length === 1 && read(matches[0], 'path', 'type') === 'PathPrefix';
};

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const milliseconds = (duration: unknown): number =>
  [...String(duration).matchAll(/(\d+)(ms|h|m|s)/g)].reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);

const shapes: readonly (readonly [RegExp, (...words: string[]) => Meaning])[] = [
  [/^!\(has\(self\.(\w+)\) && self\.type != '(\w+)'\)$/, (name, type) => (self) => !has(self, name) || field(self, 'type') === type],
  [/^!\(!has\(self\.(\w+)\) && self\.type == '(\w+)'\)$/, (name, type) => (self) => has(self, name) || field(self, 'type') !== type],
  [/^self\.filter\(f, f\.type == '(\w+)'\)\.size\(\) <= 1$/, (type) => (self) => countOfType(self, type) <= 1],
  [
    /^!\(self\.exists\(f, f\.type == '(\w+)'\) && self\.exists\(f, f\.type == '(\w+)'\)\)$/,
    (one, other) => (self) => countOfType(self, one) === 0 || countOfType(self, other) === 0,
  ],
  [/^self\.(\w+) == '(\w+)' \? has\(self\.(\w+)\) : true$/, (key, value, name) => (self) => field(self, key) !== value || has(self, name)],
  [/^has\(self\.(\w+)\) \? self\.(\w+) == '(\w+)' : true$/, (name, key, value) => (self) => !has(self, name) || field(self, key) === value],
  [
    /^\(size\(self\.group\) == 0 && self\.kind == 'Service'\) \? has\(self\.port\) : true$/,
    () => (self) => field(self, 'group') !== '' || field(self, 'kind') !== 'Service' || has(self, 'port'),
  ],
  [/^self\.kind != 'Service' \|\| has\(self\.port\)$/, () => (self) => field(self, 'kind') !== 'Service' || has(self, 'port')],
  [
    /^self\.all\(p1, self\.exists_one\(p2, p1\.number==p2\.number\)\)$/,
    () => (self) => new Set((self as unknown[]).map((port) => field(port, 'number'))).size === (self as unknown[]).length,
  ],
  [/\? self\.value\.startsWith\('(.+)'\) : true$/, (text) => literalPath((value) => value.startsWith(text))],
  [/\? !self\.value\.contains\('(.+)'\) : true$/, (text) => literalPath((value) => !value.includes(text))],
  [/\? !self\.value\.endsWith\('(.+)'\) : true$/, (text) => literalPath((value) => !value.endsWith(text))],
  [/\? self\.value\.matches\(/, () => literalPath((value) => URI_PATH.test(value))],
  [/^self\.type in \[.+\] \|\| self\.type == /, () => (self) => ['Exact', 'PathPrefix', 'RegularExpression'].includes(String(field(self, 'type')))],
  [/^!\('\*' in self && self\.size\(\) > 1\)$/, () => (self) => (self as string[]).length < 2 || !(self as string[]).includes('*')],
  [/^!\(has\(self\.(\w+)\) && has\(self\.(\w+)\)\)$/, (one, other) => (self) => !has(self, one) || !has(self, other)],
  [/^self\.(\w+) <= self\.(\w+)$/, (less, more) => (self) => Number(field(self, less)) <= Number(field(self, more))],
  [
    /^\(self\.size\(\) > 0 \? self\[0\]\.matches\.size\(\) : 0\) \+ .* <= (\d+)$/,
    (limit) => (self) => (self as unknown[]).reduce<number>((sum, rule) => sum + listOf(rule, 'matches').length, 0) <= Number(limit),
  ],
  [
    /^\(has\(self\.backendRefs\) && size\(self\.backendRefs\) > 0\) \? /,
    () => (self) => listOf(self, 'backendRefs').length === 0 || !listOf(self, 'filters').some((filter) => has(filter, 'requestRedirect')),
  ],
  [
    /^\(has\(self\.filters\) && self\.filters\.exists_one\(f, has\(f\.(\w+)\)/,
    (filter) => (self) => !replacesPrefix(listOf(self, 'filters'), filter) || hasOnePrefixMatch(self),
  ],
  [
    /^\(has\(self\.backendRefs\) && self\.backendRefs\.exists_one\(b, \(has\(b\.filters\) && b\.filters\.exists_one\(f, has\(f\.(\w+)\)/,
    (filter) => (self) =>
      listOf(self, 'backendRefs').filter((backend) => replacesPrefix(listOf(backend, 'filters'), filter)).length !== 1 || hasOnePrefixMatch(self),
  ],
  [
    /^!has\(self\.cookieConfig\) \|\| !has\(self\.cookieConfig\.lifetimeType\)/,
    () => (self) => read(self, 'cookieConfig', 'lifetimeType') !== 'Permanent' || has(self, 'absoluteTimeout'),
  ],
  [/^!has\(self\.(\w+)\) \|\| self\.type == '(\w+)'$/, (name, type) => (self) => !has(self, name) || field(self, 'type') === type],
  [
    /^!\(has\(self\.request\) && has\(self\.backendRequest\)/,
    () => (self) => {
      const [whole, part] = [milliseconds(field(self, 'request')), milliseconds(field(self, 'backendRequest'))];
      return whole === 0 || part <= whole;
    },
  ],
];

/** The rule together with its meaning. A rule of a shape that is not known stays as it is: only the API server checks it. */
export function withMeaning(rule: Rule): Rule {
  for (const [shape, meaningOf] of shapes) {
    const match = shape.exec(rule.rule);
    if (match) return { ...rule, holds: meaningOf(...match.slice(1)) };
  }
  return rule;
}
