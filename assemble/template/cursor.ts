import { quoted, TemplateFailure } from './failure.ts';
import { type Token, type TokenType, tokenize } from './lexer.ts';
import type { Located } from './nodes.ts';

/** A place in the tokens of a template. */
export class Cursor {
  /** Index of the next token; may be set back to read tokens again. */
  next = 0;
  readonly #text: string;
  readonly #tokens: readonly Token[];

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  peek(): Token {
    return this.#tokens[this.next] ?? { type: 'end', text: '', at: this.#text.length };
  }

  take(): Token {
    const token = this.peek();
    this.next += 1;
    return token;
  }

  peekNonSpace(): Token {
    while (this.peek().type === 'space') this.next += 1;
    return this.peek();
  }

  takeNonSpace(): Token {
    this.peekNonSpace();
    return this.take();
  }

  expect(type: TokenType, context: string): Token {
    const token = this.takeNonSpace();
    if (token.type !== type) unexpected(token, context);
    return token;
  }

  /** Where something is that began at `from` and ended with the last token taken. */
  located(from: number): Located {
    const last = this.#tokens[this.next - 1];
    const end = last === undefined ? from : last.at + last.text.length;
    return { at: from, source: this.#text.slice(from, end).trimEnd() };
  }
}

/** The token does not fit. */
export function unexpected(token: Token, context: string): never {
  if (token.type === 'error') throw new TemplateFailure(token.text);
  throw new TemplateFailure(`unexpected ${describe(token)} in ${context}`);
}

function describe(token: Token): string {
  if (token.type === 'end') return 'EOF';
  if (token.type === 'keyword') return `<${token.text}>`;
  return token.text.length > 10 ? `${quoted(token.text.slice(0, 10))}...` : quoted(token.text);
}
