import { builtins } from './builtins.ts';
import { quoted, TemplateFailure, type TemplateProblem } from './failure.ts';
import type { TemplateFunctions } from './functions.ts';
import type { Body, Command, Located, Node, Operand, Pipe, Template } from './nodes.ts';
import { elementsOf, fieldOf, isTrue, printed, type Value } from './values.ts';

export interface ExecuteOptions {
  readonly functions?: TemplateFunctions;
  /** What is done to printed values before they are put in, such as escaping. */
  readonly encode?: (text: string) => string;
  /** Steps that several executions share. */
  readonly budget?: Budget;
}

export interface Budget {
  steps: number;
}

export const newBudget = (): Budget => ({ steps: MAX_STEPS });

/** Deeper nesting of `template` calls is taken for an endless recursion. */
const MAX_DEPTH = 1000;
/** Templates come from tenants and must not keep the process busy: bounds on what one may do. */
const MAX_STEPS = 200_000;
const MAX_OUTPUT = 4 * 1024 * 1024;

/** The text a template makes of data. Problems read `template: config:<line>:<column>: executing "config" at <...>: ...`. */
export function executeTemplate(template: Template, data: Value, options: ExecuteOptions = {}): string | TemplateProblem {
  try {
    return new Execution(template, options).run(data);
  } catch (error) {
    if (error instanceof TemplateFailure) return { problem: error.message };
    throw error;
  }
}

/** Leaves a range body. */
type Jump = 'break' | 'continue' | undefined;

class Execution {
  readonly #template: Template;
  readonly #functions: TemplateFunctions;
  readonly #encode: (text: string) => string;
  readonly #budget: Budget;
  #output = '';
  #variables: { readonly name: string; value: Value }[] = [];
  #depth = 0;

  constructor(template: Template, { functions = {}, encode = (text) => text, budget = newBudget() }: ExecuteOptions) {
    this.#template = template;
    this.#functions = functions;
    this.#encode = encode;
    this.#budget = budget;
  }

  run(data: Value): string {
    this.#variables.push({ name: '$', value: data });
    this.#walk(this.#template.body, data);
    return this.#output;
  }

  // Statements

  #walk(body: Body, dot: Value): Jump {
    for (const node of body) {
      const jump = this.#step(node, dot);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #step(node: Node, dot: Value): Jump {
    this.#spend(node);
    switch (node.is) {
      case 'text':
        this.#write(node, node.text);
        return undefined;
      case 'action': {
        const value = this.#pipeline(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#write(node, this.#encode(printed(value)));
        return undefined;
      }
      case 'range':
        return this.#scoped(() => this.#range(node, dot));
      case 'if':
      case 'with':
        return this.#scoped(() => {
          const value = this.#pipeline(node.pipe, dot);
          if (!isTrue(value)) return this.#walk(node.otherwise, dot);
          return this.#walk(node.body, node.is === 'with' ? value : dot);
        });
      case 'template':
        this.#call(node, dot);
        return undefined;
      default:
        return node.is;
    }
  }

  /** Variables declared inside are gone afterwards. */
  #scoped(run: () => Jump): Jump {
    const known = this.#variables.length;
    const jump = run();
    this.#variables.length = known;
    return jump;
  }

  #range(node: Node & { is: 'if' | 'with' | 'range' }, dot: Value): Jump {
    const value = this.#pipeline({ ...node.pipe, variables: [] }, dot);
    const elements = this.#at(node.pipe, () => elementsOf(value));
    const { variables, assigns } = node.pipe;
    let empty = true;
    for (const [key, element] of elements) {
      empty = false;
      this.#spend(node);
      const jump = this.#scoped(() => {
        const values = variables.length === 2 ? [key, element] : [element];
        variables.forEach((name, i) => {
          this.#bind(name, values[i] ?? null, assigns);
        });
        return this.#walk(node.body, element);
      });
      if (jump === 'break') break;
    }
    return empty ? this.#walk(node.otherwise, dot) : undefined;
  }

  #write(node: Located, text: string): void {
    this.#output = this.#bounded(node, this.#output + text);
  }

  #bounded(node: Located, text: string): string {
    return text.length > MAX_OUTPUT ? this.#fail(node, `the result is longer than ${MAX_OUTPUT} characters`) : text;
  }

  #spend(node: Located): void {
    this.#budget.steps -= 1;
    if (this.#budget.steps < 0) this.#fail(node, `the template takes more than ${MAX_STEPS} steps`);
  }

  #call(node: Node & { is: 'template' }, dot: Value): void {
    const body = this.#template.definitions.get(node.name);
    if (body === undefined) this.#fail(node, `template ${quoted(node.name)} not defined`);
    if (this.#depth === MAX_DEPTH) this.#fail(node, 'exceeded maximum template depth');
    const data = node.pipe === undefined ? null : this.#pipeline(node.pipe, dot);
    const outer = this.#variables;
    this.#variables = [{ name: '$', value: data }];
    this.#depth += 1;
    this.#walk(body, data);
    this.#depth -= 1;
    this.#variables = outer;
  }

  // Expressions

  #pipeline(pipe: Pipe, dot: Value): Value {
    let value: Value | undefined;
    for (const command of pipe.commands) value = this.#command(command, dot, value);
    const result = value ?? null;
    for (const name of pipe.variables) this.#bind(name, result, pipe.assigns);
    return result;
  }

  /** `last` is the result of the command before; it becomes the last argument. */
  #command(command: Command, dot: Value, last: Value | undefined): Value {
    const [first, ...rest] = command.operands;
    if (first === undefined) return null;
    if (first.is === 'function') return this.#function(first, rest, dot, last);
    if (rest.length > 0 || last !== undefined) {
      const isField = first.is === 'field' || first.is === 'chain' || (first.is === 'variable' && first.path.length > 0);
      const name = isField ? `${first.path.at(-1)} has arguments but cannot be invoked as function` : '';
      this.#fail(first, name || `can't give argument to non-function ${first.source}`);
    }
    if (first.is === 'nil') this.#fail(first, 'nil is not a command');
    return this.#operand(first, dot);
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.is) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'literal':
        return operand.value;
      case 'field':
        return this.#fields(operand, dot, operand.path);
      case 'variable':
        return this.#fields(operand, this.#variable(operand), operand.path);
      case 'chain':
        return this.#fields(operand, this.#operand(operand.of, dot), operand.path);
      case 'pipe':
        return this.#scopedValue(operand.pipe, dot);
      default:
        return this.#function(operand, [], dot, undefined);
    }
  }

  #scopedValue(pipe: Pipe, dot: Value): Value {
    const known = this.#variables.length;
    const value = this.#pipeline(pipe, dot);
    this.#variables.length = known;
    return value;
  }

  #fields(operand: Located, from: Value, path: readonly string[]): Value {
    let value = from;
    for (const name of path) value = this.#at(operand, () => fieldOf(value, name));
    return value;
  }

  #variable(operand: Operand & { is: 'variable' }): Value {
    const found = this.#variables.findLast(({ name }) => name === operand.name);
    return found === undefined ? this.#fail(operand, `undefined variable: ${operand.name}`) : found.value;
  }

  #bind(name: string, value: Value, assigns: boolean): void {
    const found = assigns ? this.#variables.findLast((variable) => variable.name === name) : undefined;
    if (found === undefined) this.#variables.push({ name, value });
    else found.value = value;
  }

  #function(operand: Operand & { is: 'function' }, operands: readonly Operand[], dot: Value, last: Value | undefined): Value {
    const { name } = operand;
    if (name === 'and' || name === 'or') return this.#shortCircuit(operand, operands, dot, last);
    const found = this.#functions[name] ?? builtins[name];
    if (found === undefined) return this.#fail(operand, `${quoted(name)} is not a defined function`);
    const args = operands.map((arg) => this.#operand(arg, dot));
    if (last !== undefined) args.push(last);
    if (args.length < found.least || args.length > found.most) {
      const wanted = found.most === Number.POSITIVE_INFINITY ? `at least ${found.least}` : `${found.least}`;
      this.#fail(operand, `wrong number of args for ${name}: want ${wanted} got ${args.length}`);
    }
    const result = this.#at(operand, () => found.call(...args), `error calling ${name}: `);
    return typeof result === 'string' ? this.#bounded(operand, result) : result;
  }

  /** `and` and `or` stop at the first argument that decides (R2.66a). */
  #shortCircuit(operand: Operand & { is: 'function' }, operands: readonly Operand[], dot: Value, last: Value | undefined): Value {
    const decisive = operand.name === 'or';
    let value: Value | undefined;
    for (const arg of operands) {
      value = this.#operand(arg, dot);
      if (isTrue(value) === decisive) return value;
    }
    return last ?? value ?? this.#fail(operand, `wrong number of args for ${operand.name}: want at least 1 got 0`);
  }

  // Problems

  /** Runs `compute` and says where it failed. */
  #at<T>(node: Located, compute: () => T, prefix = ''): T {
    try {
      return compute();
    } catch (error) {
      if (error instanceof TemplateFailure) return this.#fail(node, prefix + error.message);
      throw error;
    }
  }

  #fail(node: Located, message: string): never {
    const before = this.#template.text.slice(0, node.at);
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    const context = node.source.length > 20 ? `${node.source.slice(0, 20)}...` : node.source;
    throw new TemplateFailure(`template: config:${line}:${column}: executing "config" at <${context}>: ${message}`);
  }
}
