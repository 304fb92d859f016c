import { quoted, TemplateFailure } from './failure.ts';

export type TokenType =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'dot'
  | 'number'
  | 'character'
  | 'string'
  | 'rawString'
  | 'boolean'
  | 'nil'
  | '('
  | ')'
  | '|'
  | ':='
  | '='
  | 'other'
  | 'error'
  | 'end';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly at: number;
}

const LEFT = '{{';
const RIGHT = '}}';
const SPACE = ' \t\r\n';
const keywords = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with']);
const wordPattern = /[\p{L}\p{Nd}_]*/uy;
const numberPattern = /[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;

const isSpace = (char: string | undefined): boolean => char !== undefined && char !== '' && SPACE.includes(char);

/**
 * Splits a template into tokens, as Go's `text/template` does: texts with trimmed ends, and what stands inside the actions.
 * Comments leave nothing behind. What is no token ends the list as an `error` with the message as its text: the parser may
 * stumble before it gets there.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  try {
    readTokens(text, tokens);
    tokens.push({ type: 'end', text: '', at: text.length });
  } catch (error) {
    if (!(error instanceof TemplateFailure)) throw error;
    tokens.push({ type: 'error', text: error.message, at: text.length });
  }
  return tokens;
}

function readTokens(text: string, tokens: Token[]): void {
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf(LEFT, at);
    if (open < 0) {
      tokens.push({ type: 'text', text: text.slice(at), at });
      break;
    }
    const inside = new Action(text, open);
    const before = text.slice(at, inside.trimsBefore ? endOfText(text, at, open) : open);
    if (before !== '') tokens.push({ type: 'text', text: before, at });
    at = inside.read(tokens);
  }
}

/** Where the text between two offsets ends when the white space at its end is trimmed. */
function endOfText(text: string, from: number, to: number): number {
  let end = to;
  while (end > from && isSpace(text[end - 1])) end -= 1;
  return end;
}

/** Reads one action, from `{{` to `}}`. */
class Action {
  readonly trimsBefore: boolean;
  readonly #text: string;
  readonly #open: number;
  #at: number;
  #depth = 0;

  constructor(text: string, open: number) {
    this.#text = text;
    this.#open = open;
    this.trimsBefore = text[open + 2] === '-' && isSpace(text[open + 3]);
    this.#at = open + (this.trimsBefore ? 4 : 2);
  }

  /** Appends the tokens of the action and returns the offset after it. */
  read(tokens: Token[]): number {
    if (this.#text.startsWith('/*', this.#at)) return this.#comment();
    tokens.push({ type: 'left', text: LEFT, at: this.#open });
    for (;;) {
      const close = this.#closing();
      if (close !== undefined) {
        if (this.#depth > 0) throw new TemplateFailure('unclosed left paren');
        tokens.push({ type: 'right', text: RIGHT, at: this.#at });
        return this.#after(close);
      }
      const start = this.#at;
      const type = this.#token();
      tokens.push({ type, text: this.#text.slice(start, this.#at), at: start });
    }
  }

  /** The closing delimiter at the current offset, with or without trim marker. */
  #closing(): { length: number; trims: boolean } | undefined {
    if (this.#text.startsWith(RIGHT, this.#at)) return { length: 2, trims: false };
    const trims = isSpace(this.#text[this.#at]) && this.#text.startsWith(`-${RIGHT}`, this.#at + 1);
    return trims ? { length: 4, trims } : undefined;
  }

  #after(close: { length: number; trims: boolean }): number {
    let at = this.#at + close.length;
    if (close.trims) while (isSpace(this.#text[at])) at += 1;
    return at;
  }

  #comment(): number {
    const end = this.#text.indexOf('*/', this.#at + 2);
    if (end < 0) throw new TemplateFailure('unclosed comment');
    this.#at = end + 2;
    const close = this.#closing();
    if (close === undefined) throw new TemplateFailure('comment ends before closing delimiter');
    return this.#after(close);
  }

  #token(): TokenType {
    const char = this.#text[this.#at];
    if (char === undefined) throw new TemplateFailure('unclosed action');
    if (isSpace(char)) return this.#spaces();
    if (char === '"' || char === "'" || char === '`') return this.#quotation(char);
    if (char === '.') return this.#afterDot();
    if (char === '$') {
      this.#at += 1;
      this.#word();
      return 'variable';
    }
    if (/[+\-\d]/.test(char)) return this.#number();
    if (/[\p{L}_]/u.test(char)) return this.#identifier();
    return this.#mark(char);
  }

  #spaces(): TokenType {
    while (isSpace(this.#text[this.#at]) && this.#closing() === undefined) this.#at += 1;
    return 'space';
  }

  #quotation(quote: string): TokenType {
    const names = { '"': 'quoted string', "'": 'character constant', '`': 'raw quoted string' } as const;
    const types = { '"': 'string', "'": 'character', '`': 'rawString' } as const;
    const kind = quote as keyof typeof names;
    let at = this.#at + 1;
    while (this.#text[at] !== quote) {
      const char = this.#text[at];
      if (char === undefined || (char === '\n' && quote !== '`')) throw new TemplateFailure(`unterminated ${names[kind]}`);
      at += char === '\\' && quote !== '`' ? 2 : 1;
    }
    this.#at = at + 1;
    return types[kind];
  }

  #afterDot(): TokenType {
    if (/\d/.test(this.#text[this.#at + 1] ?? '')) return this.#number();
    this.#at += 1;
    if (this.#terminates()) return 'dot';
    this.#word();
    return 'field';
  }

  #number(): TokenType {
    numberPattern.lastIndex = this.#at;
    const found = numberPattern.exec(this.#text)?.[0] ?? '';
    const next = this.#text[this.#at + found.length] ?? '';
    if (found === '' || /[\p{L}\p{Nd}_]/u.test(next)) throw new TemplateFailure(`bad number syntax: ${quoted(found + next)}`);
    this.#at += found.length;
    return 'number';
  }

  #identifier(): TokenType {
    const word = this.#word();
    if (keywords.has(word)) return 'keyword';
    if (word === 'nil') return 'nil';
    return word === 'true' || word === 'false' ? 'boolean' : 'identifier';
  }

  #word(): string {
    wordPattern.lastIndex = this.#at;
    const word = wordPattern.exec(this.#text)?.[0] ?? '';
    this.#at += word.length;
    if (!this.#terminates()) throw new TemplateFailure(`bad character ${unicode(this.#text, this.#at)}`);
    return word;
  }

  #terminates(): boolean {
    const char = this.#text[this.#at];
    return char === undefined || isSpace(char) || '.,|:=()'.includes(char) || this.#text.startsWith(RIGHT, this.#at);
  }

  #mark(char: string): TokenType {
    this.#at += 1;
    if (char === ':') {
      if (this.#text[this.#at] !== '=') throw new TemplateFailure('expected :=');
      this.#at += 1;
      return ':=';
    }
    if (char === '(') this.#depth += 1;
    if (char === ')') {
      this.#depth -= 1;
      if (this.#depth < 0) throw new TemplateFailure('unexpected right paren');
    }
    if (char === '(' || char === ')' || char === '|' || char === '=') return char;
    if (!/[!-~]/.test(char)) throw new TemplateFailure(`unrecognized character in action: ${unicode(this.#text, this.#at - 1)}`);
    return 'other';
  }
}

function unicode(text: string, at: number): string {
  const code = text.codePointAt(at) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`;
}
