import { quoted } from './failure.ts';
import { plain, pointedTo, printed, typeName, type Value } from './values.ts';

const directive = /%([-+# 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g;

const MAX_WIDTH = 10_000;
/** What numbers can be written with. */
const MAX_PRECISION = 100;

/** Formats like Go's `Sprintf`: the verbs v s d q t x X o b c f e g %, with flags, width and precision. */
export function format(pattern: string, args: readonly Value[]): string {
  let next = 0;
  const result = pattern.replace(directive, (_, flags: string, width: string, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const arg = args[next] ?? null;
    next += 1;
    if (Number(width) > MAX_WIDTH || Number(precision ?? 0) > MAX_PRECISION) return '%!(BADWIDTH)';
    return pad(withSign(formatOne(verb, arg, precision, flags), arg, flags), flags, Number(width || 0));
  });
  if (next >= args.length) return result;
  const extra = args.slice(next).map((arg) => `${typeName(arg)}=${printed(arg)}`);
  return `${result}%!(EXTRA ${extra.join(', ')})`;
}

function formatOne(verb: string, arg: Value, precision: string | undefined, flags: string): string {
  const value = pointedTo(arg);
  const bad = (): string => `%!${verb}(${typeName(arg)}=${printed(arg)})`;
  switch (verb) {
    case 'v':
      return flags.includes('#') && typeof value === 'string' ? quoted(value) : printed(arg);
    case 's':
      if (typeof value === 'number' || typeof value === 'boolean') return bad();
      return precision === undefined ? printed(arg) : [...printed(arg)].slice(0, Number(precision)).join('');
    case 'q':
      return typeof value === 'string' ? quoted(value) : bad();
    case 't':
      return typeof value === 'boolean' ? String(value) : bad();
    case 'c':
      return typeof value === 'number' ? String.fromCodePoint(value) : bad();
    case 'T':
      return typeName(arg);
    default:
      return formatNumber(verb, plain(value), precision) ?? bad();
  }
}

function formatNumber(verb: string, value: unknown, precision: string | undefined): string | undefined {
  if (typeof value === 'string' && (verb === 'x' || verb === 'X')) {
    const hex = Buffer.from(value).toString('hex');
    return verb === 'X' ? hex.toUpperCase() : hex;
  }
  if (typeof value !== 'number') return undefined;
  const digits = Number(precision ?? 6);
  switch (verb) {
    case 'd':
      return String(value);
    case 'x':
      return value.toString(16);
    case 'X':
      return value.toString(16).toUpperCase();
    case 'o':
      return value.toString(8);
    case 'b':
      return value.toString(2);
    case 'f':
      return value.toFixed(digits);
    case 'e':
      return value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2');
    case 'g':
      return precision === undefined ? String(value) : String(Number(value.toPrecision(digits)));
    default:
      return undefined;
  }
}

function withSign(text: string, arg: Value, flags: string): string {
  const value = pointedTo(arg);
  if (typeof value !== 'number' || value < 0) return text;
  if (flags.includes('+')) return `+${text}`;
  return flags.includes(' ') ? ` ${text}` : text;
}

function pad(text: string, flags: string, width: number): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0')) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
