import { TemplateFailure } from './failure.ts';
import { format } from './format.ts';
import type { TemplateFunctions } from './functions.ts';
import { isTrue, plain, pointedTo, printed, Typed, typeName, type Value, view } from './values.ts';

const MANY = Number.POSITIVE_INFINITY;

/** The functions every template has (R2.65). `and` and `or` are part of the evaluation, because they stop early. */
export const builtins: TemplateFunctions = {
  not: { least: 1, most: 1, call: (value) => !isTrue(value) },
  len: { least: 1, most: 1, call: (value) => length(value) },
  index: { least: 1, most: MANY, call: (value, ...keys) => keys.reduce(entry, value) },
  slice: { least: 1, most: 4, call: slice },
  print: { least: 0, most: MANY, call: (...args) => print(args) },
  println: { least: 0, most: MANY, call: (...args) => `${args.map(printed).join(' ')}\n` },
  printf: { least: 1, most: MANY, call: (pattern, ...args) => format(text(pattern), args) },
  html: { least: 0, most: MANY, call: (...args) => escapeHtml(print(args)) },
  js: { least: 0, most: MANY, call: (...args) => escapeScript(print(args)) },
  urlquery: { least: 0, most: MANY, call: (...args) => escapeQuery(print(args)) },
  call: {
    least: 1,
    most: MANY,
    call: (value) => {
      throw new TemplateFailure(`non-function of type ${typeName(value)}`);
    },
  },
  eq: { least: 2, most: MANY, call: (first, ...others) => others.some((other) => equal(first, other)) },
  ne: { least: 2, most: 2, call: (a, b) => !equal(a, b) },
  lt: { least: 2, most: 2, call: (a, b) => compare(a, b) < 0 },
  le: { least: 2, most: 2, call: (a, b) => compare(a, b) <= 0 },
  gt: { least: 2, most: 2, call: (a, b) => compare(a, b) > 0 },
  ge: { least: 2, most: 2, call: (a, b) => compare(a, b) >= 0 },
};

export const builtinNames: ReadonlySet<string> = new Set(['and', 'or', ...Object.keys(builtins)]);

/** The text of an argument that has to be one. */
export function text(value: Value): string {
  const target = pointedTo(value);
  if (typeof target !== 'string') throw new TemplateFailure(`wrong type for value; expected string; got ${typeName(value)}`);
  return target;
}

/** The integer of an argument that has to be one. */
export function integer(value: Value): number {
  const target = pointedTo(value);
  if (typeof target !== 'number' || !Number.isInteger(target)) {
    throw new TemplateFailure(`wrong type for value; expected int; got ${typeName(value)}`);
  }
  return target;
}

function length(value: Value): number {
  const target = pointedTo(value);
  if (typeof target === 'string') return Buffer.byteLength(target);
  if (target instanceof Typed && target.shape.kind === 'list') return ((target.data ?? []) as unknown[]).length;
  if (target instanceof Typed && target.shape.kind === 'map') return Object.keys(target.data ?? {}).length;
  throw new TemplateFailure(`len of type ${typeName(value)}`);
}

/** An element of a list or an entry of a map; a missing entry is the zero value (R2.65). */
function entry(value: Value, key: Value): Value {
  if (value instanceof Typed && value.shape.kind === 'map') {
    const entries = (value.data ?? {}) as Readonly<Record<string, unknown>>;
    const name = text(key);
    return view(value.shape.values, Object.hasOwn(entries, name) ? entries[name] : undefined);
  }
  const target = pointedTo(value);
  const at = integer(key);
  if (target instanceof Typed && target.shape.kind === 'list') {
    const items = (target.data ?? []) as unknown[];
    checkRange(at, items.length - 1);
    return view(target.shape.items, items[at]);
  }
  if (typeof target === 'string') {
    const bytes = Buffer.from(target);
    checkRange(at, bytes.length - 1);
    return bytes[at] ?? 0;
  }
  throw new TemplateFailure(target === null ? 'index of untyped nil' : `can't index item of type ${typeName(value)}`);
}

function slice(value: Value, ...bounds: Value[]): Value {
  const target = pointedTo(value);
  const size = length(value);
  const [from = 0, to = size, capacity = size] = bounds.map(integer);
  if (typeof target === 'string' && bounds.length > 2) throw new TemplateFailure('cannot 3-index slice a string');
  checkRange(capacity, size);
  checkRange(to, capacity);
  checkRange(from, to);
  if (typeof target === 'string') return Buffer.from(target).subarray(from, to).toString();
  if (target instanceof Typed && target.shape.kind === 'list') return new Typed(target.shape, ((target.data ?? []) as unknown[]).slice(from, to));
  throw new TemplateFailure(`can't slice item of type ${typeName(value)}`);
}

function checkRange(at: number, most: number): void {
  if (at < 0 || at > most) throw new TemplateFailure(`index out of range: ${at}`);
}

/** Puts blanks between values of which neither is a text, as Go's `Sprint` does. */
function print(args: readonly Value[]): string {
  let result = '';
  args.forEach((arg, i) => {
    const previous = i > 0 && args[i - 1] !== undefined ? args[i - 1] : '';
    if (i > 0 && typeof arg !== 'string' && typeof previous !== 'string') result += ' ';
    result += printed(arg);
  });
  return result;
}

function equal(a: Value, b: Value): boolean {
  const [left, right] = [pointedTo(a), pointedTo(b)];
  if (left === null || right === null || left instanceof Typed || right instanceof Typed) {
    const [dataLeft, dataRight] = [left === null ? null : plain(left), right === null ? null : plain(right)];
    if (dataLeft === null || dataRight === null) return dataLeft === dataRight;
    throw new TemplateFailure('non-comparable types for comparison');
  }
  if (typeof left !== typeof right) throw new TemplateFailure('incompatible types for comparison');
  return left === right;
}

function compare(a: Value, b: Value): number {
  const [left, right] = [pointedTo(a), pointedTo(b)];
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(right));
  throw new TemplateFailure(typeof left === typeof right ? 'invalid type for comparison' : 'incompatible types for comparison');
}

const htmlEscapes: Readonly<Record<string, string>> = { '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;', '\0': '\uFFFD' };

function escapeHtml(value: string): string {
  return value.replace(/["'&<>\0]/g, (char) => htmlEscapes[char] ?? char);
}

function escapeScript(value: string): string {
  return value.replace(/[\\'"<>&=]|[^ -~]/gu, (char) => {
    if (char === '\\' || char === "'" || char === '"') return `\\${char}`;
    const code = char.codePointAt(0) ?? 0;
    return code < 0x80 || !/\p{L}|\p{N}|\p{P}|\p{S}/u.test(char) ? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}` : char;
  });
}

function escapeQuery(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
