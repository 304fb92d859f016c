import { builtinNames } from './builtins.ts';
import { Cursor, unexpected } from './cursor.ts';
import { quoted, TemplateFailure, type TemplateProblem, UnbalancedTemplate } from './failure.ts';
import type { Token, TokenType } from './lexer.ts';
import { jsonLiteral, plainLiteral } from './literals.ts';
import type { Body, Command, Node, Operand, Pipe, Template } from './nodes.ts';

export interface ParseOptions {
  /** Names of functions besides the built-in ones. */
  readonly functions?: ReadonlySet<string>;
  /** The text is the inside of a JSON string or a whole JSON text, so literals in actions carry JSON escapes (R2.63). */
  readonly json?: boolean;
}

/** Parses a template of Go's `text/template` language (R2.65). Problems read as Go words them, without a prefix. */
export function parseTemplate(text: string, options: ParseOptions = {}): Template | TemplateProblem {
  try {
    return new Parser(text, options).parse();
  } catch (error) {
    if (error instanceof UnbalancedTemplate) return { problem: error.message, unbalanced: true };
    if (error instanceof TemplateFailure) return { problem: error.message };
    throw error;
  }
}

const operandTypes: ReadonlySet<TokenType> = new Set([
  'boolean',
  'character',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  '(',
]);

/** How a body ended. */
type Ending = 'end' | 'else';

class Parser {
  readonly #text: string;
  readonly #cursor: Cursor;
  readonly #options: ParseOptions;
  readonly #definitions = new Map<string, Body>();
  #variables: string[] = ['$'];
  #loops = 0;

  constructor(text: string, options: ParseOptions) {
    this.#text = text;
    this.#cursor = new Cursor(text);
    this.#options = options;
  }

  parse(): Template {
    const body: Node[] = [];
    while (this.#cursor.peek().type !== 'end') {
      const node = this.#textOrAction();
      if (typeof node === 'string') throw new UnbalancedTemplate(`unexpected {{${node}}}`);
      if (node !== undefined) body.push(node);
    }
    return { text: this.#text, body, definitions: this.#definitions };
  }

  // Statements

  /** A node, nothing for a definition, or the keyword that ends the body. */
  #textOrAction(): Node | Ending | undefined {
    const token = this.#cursor.takeNonSpace();
    if (token.type === 'text') return { is: 'text', text: token.text, at: token.at, source: token.text };
    if (token.type !== 'left') unexpected(token, 'input');
    return this.#action();
  }

  #action(): Node | Ending | undefined {
    const token = this.#cursor.peekNonSpace();
    if (token.type !== 'keyword') {
      const pipe = this.#pipeline('command', 'right');
      return { is: 'action', pipe, at: token.at, source: pipe.source };
    }
    this.#cursor.take();
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(token.text, token.at);
      case 'end':
        this.#cursor.expect('right', 'end');
        return 'end';
      case 'else':
        return 'else';
      case 'break':
      case 'continue':
        if (this.#loops === 0) throw new UnbalancedTemplate(`{{${token.text}}} outside {{range}}`);
        this.#cursor.expect('right', `{{${token.text}}}`);
        return { is: token.text, at: token.at, source: token.text };
      case 'template':
        return this.#template(token.at);
      case 'block':
        return this.#block(token.at);
      default:
        return this.#define();
    }
  }

  /** Parses up to `{{end}}` or `{{else`; the rest of an else clause is left to the caller. */
  #body(): { nodes: Body; ending: Ending } {
    const nodes: Node[] = [];
    while (this.#cursor.peekNonSpace().type !== 'end') {
      const node = this.#textOrAction();
      if (typeof node === 'string') return { nodes, ending: node };
      if (node !== undefined) nodes.push(node);
    }
    throw new UnbalancedTemplate('unexpected EOF');
  }

  #branch(kind: 'if' | 'with' | 'range', at: number): Node {
    const known = this.#variables.length;
    const pipe = this.#pipeline(kind, 'right');
    if (kind === 'range') this.#loops += 1;
    const { nodes, ending } = this.#body();
    if (kind === 'range') this.#loops -= 1;
    const otherwise = ending === 'else' ? this.#otherwise(kind) : [];
    this.#variables.length = known;
    return { is: kind, pipe, body: nodes, otherwise, at, source: `${kind} ${pipe.source}` };
  }

  #otherwise(kind: 'if' | 'with' | 'range'): Body {
    const token = this.#cursor.peekNonSpace();
    if (token.type === 'keyword' && token.text === kind && kind !== 'range') {
      this.#cursor.take();
      return [this.#branch(kind, token.at)];
    }
    this.#cursor.expect('right', 'else');
    const { nodes, ending } = this.#body();
    if (ending !== 'end') throw new UnbalancedTemplate(`expected end; found {{${ending}}}`);
    return nodes;
  }

  #name(context: string): string {
    const token = this.#cursor.takeNonSpace();
    if (token.type !== 'string' && token.type !== 'rawString') unexpected(token, context);
    return String(this.#literal(token));
  }

  #template(at: number): Node {
    const name = this.#name('template clause');
    if (this.#cursor.peekNonSpace().type === 'right') {
      this.#cursor.take();
      return { is: 'template', name, pipe: undefined, at, source: 'template' };
    }
    return { is: 'template', name, pipe: this.#pipeline('template clause', 'right'), at, source: 'template' };
  }

  #block(at: number): Node {
    const name = this.#name('block clause');
    const pipe = this.#pipeline('block clause', 'right');
    this.#definition(name);
    return { is: 'template', name, pipe, at, source: 'block' };
  }

  #define(): undefined {
    const name = this.#name('define clause');
    this.#cursor.expect('right', 'define clause');
    this.#definition(name);
  }

  /** A definition sees no variables and no loop of what surrounds it. */
  #definition(name: string): void {
    const [variables, loops] = [this.#variables, this.#loops];
    [this.#variables, this.#loops] = [['$'], 0];
    const { nodes, ending } = this.#body();
    if (ending !== 'end') throw new UnbalancedTemplate(`unexpected {{${ending}}} in define clause`);
    [this.#variables, this.#loops] = [variables, loops];
    this.#definitions.set(name, nodes);
  }

  // Pipelines

  #pipeline(context: string, end: 'right' | ')'): Pipe {
    const from = this.#cursor.peekNonSpace().at;
    const { variables, assigns } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#cursor.peekNonSpace();
      if (token.type === end) break;
      if (!operandTypes.has(token.type)) unexpected(token, context);
      commands.push(this.#command());
    }
    const located = this.#cursor.located(from);
    this.#cursor.take();
    checkPipeline(commands, context);
    return { ...located, variables, assigns, commands };
  }

  #declarations(context: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = [];
    while (this.#cursor.peekNonSpace().type === 'variable') {
      const start = this.#cursor.next;
      const name = this.#cursor.take().text;
      const following = this.#cursor.peekNonSpace();
      const comma = following.type === 'other' && following.text === ',';
      if (following.type !== ':=' && following.type !== '=' && !comma) {
        this.#cursor.next = start;
        break;
      }
      this.#cursor.take();
      variables.push(name);
      if (following.type === '=') return { variables, assigns: true };
      this.#variables.push(name);
      if (!comma) break;
      if (context !== 'range' || variables.length > 1) throw new TemplateFailure(`too many declarations in ${context}`);
      if (this.#cursor.peekNonSpace().type !== 'variable') throw new TemplateFailure('range can only initialize variables');
    }
    return { variables, assigns: false };
  }

  #command(): Command {
    const from = this.#cursor.peekNonSpace().at;
    const operands: Operand[] = [];
    for (;;) {
      this.#cursor.peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#cursor.peek();
      if (token.type === 'space') continue;
      if (token.type === 'right' || token.type === ')') break;
      if (token.type !== '|') unexpected(token, 'operand');
      break;
    }
    if (operands.length === 0) throw new TemplateFailure('empty command');
    const located = this.#cursor.located(from);
    if (this.#cursor.peek().type === '|') this.#cursor.take();
    return { ...located, operands };
  }

  #operand(): Operand | undefined {
    const from = this.#cursor.peek().at;
    const term = this.#term();
    if (term === undefined || this.#cursor.peek().type !== 'field') return term;
    const path: string[] = [];
    while (this.#cursor.peek().type === 'field') path.push(this.#cursor.take().text.slice(1));
    const located = this.#cursor.located(from);
    if (term.is === 'field') return { ...located, is: 'field', path: [...term.path, ...path] };
    if (term.is === 'variable') return { ...located, is: 'variable', name: term.name, path };
    if (term.is === 'literal' || term.is === 'nil' || term.is === 'dot') {
      throw new TemplateFailure(`unexpected . after term ${quoted(term.source)}`);
    }
    return { ...located, is: 'chain', of: term, path };
  }

  #term(): Operand | undefined {
    const token = this.#cursor.peek();
    if (!operandTypes.has(token.type)) return undefined;
    this.#cursor.take();
    const located = { at: token.at, source: token.text };
    switch (token.type) {
      case 'identifier':
        if (!builtinNames.has(token.text) && !this.#options.functions?.has(token.text)) {
          throw new TemplateFailure(`function ${quoted(token.text)} not defined`);
        }
        return { ...located, is: 'function', name: token.text };
      case 'dot':
        return { ...located, is: 'dot' };
      case 'nil':
        return { ...located, is: 'nil' };
      case 'field':
        return { ...located, is: 'field', path: [token.text.slice(1)] };
      case 'variable':
        if (!this.#variables.includes(token.text)) throw new UnbalancedTemplate(`undefined variable ${quoted(token.text)}`);
        return { ...located, is: 'variable', name: token.text, path: [] };
      case '(': {
        const pipe = this.#pipeline('parenthesized pipeline', ')');
        return { at: token.at, source: `(${pipe.source})`, is: 'pipe', pipe };
      }
      default:
        return { ...located, is: 'literal', value: this.#literal(token) };
    }
  }

  #literal(token: Token): string | number | boolean {
    return (this.#options.json ? jsonLiteral : plainLiteral)(token);
  }
}

function checkPipeline(commands: readonly Command[], context: string): void {
  if (commands.length === 0) throw new TemplateFailure(`missing value for ${context}`);
  commands.slice(1).forEach(({ operands: [first] }, i) => {
    if (first?.is === 'literal' || first?.is === 'dot' || first?.is === 'nil') {
      throw new TemplateFailure(`non executable command in pipeline stage ${i + 2}`);
    }
  });
}
