import { type Rejection, reject } from '../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../api/types.ts';
import type { Layer } from './merge.ts';
import { type Budget, executeTemplate, newBudget } from './template/evaluator.ts';
import type { TemplateProblem } from './template/failure.ts';
import type { Template } from './template/nodes.ts';
import { parseTemplate } from './template/parser.ts';
import type { Typed } from './template/values.ts';
import { templateFunctions } from './template-functions.ts';

const OPEN = '{{';
const functionNames: ReadonlySet<string> = new Set(Object.keys(templateFunctions));

/**
 * The spec with the templates in its strings rendered on `data` (R2.62 - R2.73). Templates are those of the JSON text: trim
 * markers do not see escaped newlines and double quotes in actions are refused (R2.63), but inserted values are escaped, so
 * they cannot break out of their string. A rejection names the field, and the layer that the string comes from, if `layers` are
 * given. Parts without templates are shared.
 */
export function renderTemplates(spec: LLMInferenceServiceSpec, data: Typed, layers: readonly Layer[] = []): LLMInferenceServiceSpec | Rejection {
  try {
    return new Renderer(data).render(spec) as LLMInferenceServiceSpec;
  } catch (error) {
    if (!(error instanceof RenderFailure)) throw error;
    return renderAsOneText(spec, data) ?? rejection(error, layers);
  }
}

class RenderFailure extends Error {
  readonly prefix: string;
  readonly path: string;
  readonly source: string;

  constructor(prefix: string, path: string, source: string, problem: string) {
    super(problem);
    this.prefix = prefix;
    this.path = path;
    this.source = source;
  }
}

function rejection({ prefix, path, source, message }: RenderFailure, layers: readonly Layer[]): Rejection {
  const origin = layers.findLast((layer) => contains(layer.spec, source))?.origin;
  const field = `spec${path}`;
  return reject('CombineBaseError', `${prefix} ${message} (${field}${origin === undefined ? '' : `, from ${origin}`})`, { field });
}

/** Strings replace each other as a whole in a merge, so the highest layer that has the string is the one that stated it. */
function contains(value: unknown, text: string): boolean {
  if (typeof value !== 'object' || value === null) return value === text;
  return Object.entries(value).some(([key, child]) => key === text || contains(child, text));
}

/** Walks JSON data and renders strings and keys; knows where it is. */
class Renderer {
  readonly #data: Typed;
  readonly #budget = newBudget();
  readonly #path: (string | number)[] = [];

  constructor(data: Typed) {
    this.#data = data;
  }

  render(value: unknown): unknown {
    if (typeof value === 'string') return value.includes(OPEN) ? this.#text(value) : value;
    if (typeof value !== 'object' || value === null) return value;
    return Array.isArray(value) ? this.#list(value) : this.#object(value as Readonly<Record<string, unknown>>);
  }

  #list(list: readonly unknown[]): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (let i = 0; i < list.length; i += 1) {
      this.#path.push(i);
      const rendered = this.render(list[i]);
      this.#path.pop();
      if (rendered === list[i]) continue;
      copy ??= [...list];
      copy[i] = rendered;
    }
    return copy ?? list;
  }

  #object(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    let copy: Record<string, unknown> | undefined;
    const keys = Object.keys(object);
    for (const [i, key] of keys.entries()) {
      this.#path.push(key);
      const name = key.includes(OPEN) ? this.#text(key) : key;
      const rendered = this.render(object[key]);
      this.#path.pop();
      if (copy === undefined) {
        if (name === key && rendered === object[key]) continue;
        copy = {};
        for (const before of keys.slice(0, i)) copy[before] = object[before];
      }
      copy[name] = rendered;
    }
    return copy ?? object;
  }

  #text(text: string): string {
    const template = parsed(text);
    if ('problem' in template) throw this.#failure('failed to parse template config:', text, `template: config:1: ${template.problem}`);
    const result = execute(template, this.#data, this.#budget);
    if (typeof result !== 'string') throw this.#failure('failed to merge config:', text, result.problem);
    return result.includes('\\') ? (JSON.parse(`"${result}"`) as string) : result;
  }

  #failure(prefix: string, source: string, problem: string): RenderFailure {
    const path = this.#path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
    return new RenderFailure(prefix, path, source, problem);
  }
}

function execute(template: Template, data: Typed, budget: Budget): string | TemplateProblem {
  return executeTemplate(template, data, { functions: templateFunctions, encode: jsonText, budget });
}

/** The inside of a JSON string for a text. */
const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1);

/** JSON text as Go writes it, which templates were written for (R2.63 item 3). */
function goEscapes(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Presets are rendered for every service, so their strings are parsed once. */
const cache = new Map<string, Template | TemplateProblem>();
const CACHE_SIZE = 4096;

/** What is wrong with the templates of one string by themselves, whatever they will be executed on; undefined when nothing is. */
export function templateProblem(text: string): TemplateProblem | undefined {
  if (!text.includes(OPEN)) return undefined;
  const template = parsed(text);
  return 'problem' in template ? template : undefined;
}

function parsed(text: string): Template | TemplateProblem {
  const known = cache.get(text);
  if (known !== undefined) return known;
  if (cache.size >= CACHE_SIZE) cache.clear();
  const template = parseTemplate(goEscapes(jsonText(text)), { functions: functionNames, json: true });
  cache.set(text, template);
  return template;
}

/**
 * Templates may span strings, since the language knows one text only: `if` in one list element and `end` in a later one drop
 * what is between. Undefined when that does not work out either.
 */
function renderAsOneText(spec: LLMInferenceServiceSpec, data: Typed): LLMInferenceServiceSpec | Rejection | undefined {
  const template = parseTemplate(goEscapes(JSON.stringify(spec)), { functions: functionNames, json: true });
  if ('problem' in template) return undefined;
  const result = execute(template, data, newBudget());
  if (typeof result !== 'string') return undefined;
  try {
    return JSON.parse(result) as LLMInferenceServiceSpec;
  } catch (error) {
    return reject('CombineBaseError', `failed to unmarshal config from template: ${(error as Error).message}`);
  }
}
