import { quoted, TemplateFailure } from './failure.ts';
import type { Token } from './lexer.ts';

/** The value of a literal in a plain template. */
export function plainLiteral(token: Token): string | number | boolean {
  switch (token.type) {
    case 'boolean':
      return token.text === 'true';
    case 'rawString':
      return token.text.slice(1, -1);
    case 'string':
      return unescaped(token.text, 'string');
    case 'character':
      return character(unescaped(token.text, 'character'), token.text);
    default:
      return number(token.text);
  }
}

/**
 * The value of a literal in JSON text. Its escapes are those of the JSON text (R2.63), so they are undone: a raw string is then
 * what its author wrote, and comparisons see that (R2.63 item 3 has the reference compare escaped forms).
 */
export function jsonLiteral(token: Token): string | number | boolean {
  if (token.type !== 'rawString') return plainLiteral(token);
  const inner = token.text.slice(1, -1);
  return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
}

function unescaped(literal: string, kind: 'string' | 'character'): string {
  const inner = literal.slice(1, -1);
  if (!inner.includes('\\')) return inner;
  const json = inner
    .replace(/\\x([\da-fA-F]{2})/g, '\\u00$1')
    .replace(/\\a/g, '\\u0007')
    .replace(/\\v/g, '\\u000b')
    .replace(/\\'/g, "'");
  try {
    return JSON.parse(`"${json}"`) as string;
  } catch {
    throw new TemplateFailure(kind === 'string' ? `invalid syntax: ${literal}` : `malformed character constant: ${literal}`);
  }
}

function character(value: string, literal: string): number {
  const [char, ...more] = value;
  if (char === undefined || more.length > 0) throw new TemplateFailure(`malformed character constant: ${literal}`);
  return char.codePointAt(0) ?? 0;
}

function number(literal: string): number {
  const sign = literal.startsWith('-') ? -1 : 1;
  const digits = literal.replace(/^[+-]/, '').replaceAll('_', '');
  // A leading zero means octal, as in Go.
  const value = Number(/^0\d+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (Number.isNaN(value)) throw new TemplateFailure(`bad number syntax: ${quoted(literal)}`);
  return sign * value;
}
