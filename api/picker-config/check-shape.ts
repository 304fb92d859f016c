import { parseDuration } from '../duration.ts';
import { parseQuantity } from '../quantity.ts';
import { reached, type Version } from '../version.ts';
import { builtInPlugins, pluginFacts } from './catalogue.ts';
import { isObject } from './config.ts';
import { selfDeclaredProducers } from './plugins/producers.ts';
import type { Fields, Role, Shape } from './shapes.ts';

/** What a part of the config is checked against, and where findings go. */
export interface CheckContext {
  readonly version: Version;
  /** Types of the declared plugins, by name. */
  readonly plugins: ReadonlyMap<string, string>;
  readonly profiles: ReadonlySet<string>;
  problem(path: string, text: string): void;
  note(path: string, text: string): void;
}

/** The simple shapes: what a value of each has to be, in words, and whether a value is. */
const scalars: Readonly<Record<string, readonly [string, (value: unknown) => boolean]>> = {
  string: ['a string', (value) => typeof value === 'string'],
  boolean: ['true or false', (value) => typeof value === 'boolean'],
  number: ['a number', (value) => typeof value === 'number'],
  integer: ['a whole number', (value) => Number.isInteger(value)],
  duration: ['a duration such as 30s', (value) => typeof value === 'string' && parseDuration(value) !== undefined],
  quantity: ['a quantity', (value) => (typeof value === 'string' || typeof value === 'number') && parseQuantity(value) !== undefined],
};

/** Checks a value against the shape the picker decodes it into. An absent value is right everywhere. */
export function checkShape(value: unknown, shape: Shape, path: string, context: CheckContext): void {
  if (value === undefined || value === null || shape === 'any') return;
  if (typeof shape === 'string') checkScalar(value, shape, path, context);
  else if ('declared' in shape) checkDeclared(value, path, context);
  else if ('choice' in shape) checkChoice(value, shape.choice, path, context);
  else if ('list' in shape) checkList(value, shape.list, path, context);
  else if ('map' in shape) checkMap(value, shape.map, path, context);
  else if ('plugin' in shape) checkReference(value, shape.plugin, path, context);
  else if ('since' in shape) checkSince(value, shape, path, context);
  else checkFields(value, shape, path, context);
}

function checkScalar(value: unknown, shape: string, path: string, { profiles, problem }: CheckContext): void {
  if (shape === 'profile') {
    if (typeof value !== 'string') problem(path, `must be a string, not ${printed(value)}`);
    else if (!profiles.has(value)) problem(path, `no profile is named ${JSON.stringify(value)}`);
    return;
  }
  const [words, holds] = scalars[shape] ?? ['', () => true];
  if (!holds(value)) problem(path, `must be ${words}, not ${printed(value)}`);
}

function checkChoice(value: unknown, values: readonly string[], path: string, { problem }: CheckContext): void {
  if (!values.includes(value as string)) problem(path, `must be one of ${values.join(', ')}, not ${printed(value)}`);
}

function checkList(value: unknown, items: Shape, path: string, context: CheckContext): void {
  if (!Array.isArray(value)) context.problem(path, `must be a list, not ${printed(value)}`);
  else for (const [i, item] of value.entries()) checkShape(item, items, `${path}[${i}]`, context);
}

function checkMap(value: unknown, values: Shape, path: string, context: CheckContext): void {
  if (!isObject(value)) context.problem(path, `must be an object, not ${printed(value)}`);
  else for (const [key, item] of Object.entries(value)) checkShape(item, values, `${path}.${key}`, context);
}

/** Checks an object field by field; `tolerated` names further fields that are no finding. */
export function checkFields(value: unknown, { fields }: Fields, path: string, context: CheckContext, tolerated: readonly string[] = []): void {
  if (!isObject(value)) {
    context.problem(path, `must be an object, not ${printed(value)}`);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const shape = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (shape !== undefined) checkShape(item, shape, `${path}.${key}`, context);
    else if (!tolerated.includes(key)) context.problem(`${path}.${key}`, 'is no field here; the endpoint picker refuses it');
  }
}

function checkSince(value: unknown, { since, shape }: { since: string; shape: Shape }, path: string, context: CheckContext): void {
  if (reached(context.version, since)) checkShape(value, shape, path, context);
  else context.problem(path, `needs an endpoint picker of ${since} or later`);
}

/** A profile takes declared plugins only (R4b.20). */
function checkDeclared(value: unknown, path: string, { plugins, problem }: CheckContext): void {
  if (typeof value !== 'string') problem(path, `must be a string, not ${printed(value)}`);
  else if (!plugins.has(value)) problem(path, `no plugin is named ${JSON.stringify(value)}`);
}

/** Elsewhere a reference may lead to what the picker has or declares by itself, too. */
function checkReference(value: unknown, role: Role | 'any', path: string, context: CheckContext): void {
  if (typeof value !== 'string' || !context.plugins.has(value)) {
    if (builtInPlugins.includes(value as string) || selfDeclaredProducers.includes(value as string)) return;
    checkDeclared(value, path, context);
    return;
  }
  const type = context.plugins.get(value) ?? '';
  const facts = pluginFacts(type);
  if (role !== 'any' && facts !== undefined && facts.role !== role) {
    context.problem(path, `${JSON.stringify(value)} is of type ${type}, which cannot be used here`);
  }
}

function printed(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : JSON.stringify(value);
}
