import { SERVING_GROUP } from '../api/kinds.ts';
import type { Version } from '../api/schema/index.ts';
import type { SchemaNode } from '../api/schema/node.ts';
import { resources, type ServingKind } from '../api/schema/resources.ts';
import { similarName } from '../api/similar.ts';

/** Which schema to read from. */
export interface Subject {
  readonly kind: ServingKind;
  readonly version: Version;
}

/** The path leads to no field; the message says which ones are near. */
export class UnknownFieldError extends Error {
  override readonly name = 'UnknownFieldError';
}

const INDENT = '  ';
const WIDTH = 120;

/**
 * What the schema says about a field: its type, default, permitted values, bounds and rules, what it means, and the fields below it.
 *
 * @param path such as `spec.router.scheduler.config`; list items need no step of their own (`spec.baseRefs.name`), but
 *   `[]` and indexes are understood; empty for the object itself
 * @throws UnknownFieldError
 */
export function explainField(path: string, subject: Subject): string {
  const steps = stepsOf(path);
  const { node, required } = find(steps, subject);
  const blocks = [
    [`KIND:     ${subject.kind}`, `VERSION:  ${SERVING_GROUP}/${subject.version}`],
    ...(steps.length > 0 ? [[`FIELD:    ${steps.join('.')} <${typeOf(node)}>${required ? ' -required-' : ''}`]] : []),
    section('DESCRIPTION', wrap(node.description ?? 'No description.')),
    section('DEFAULT', node.default === undefined ? [] : [JSON.stringify(node.default)]),
    section(
      'VALUES',
      (node.enum ?? []).map((value) => JSON.stringify(value)),
    ),
    section('BOUNDS', boundsOf(node)),
    section('RULES', [...new Set((node['x-kubernetes-validations'] ?? []).map(({ message }) => message))].flatMap(wrap)),
    section('FIELDS', fieldsOf(node)),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** `llmisvc.spec.template.containers[0].name` and `spec.template.containers.name` are the same field. */
function stepsOf(path: string): string[] {
  const steps = path
    .replace(/\[[^\]]*\]/g, '')
    .split('.')
    .filter((step) => step !== '');
  return /^(llmisvc|llminferenceservice)(config)?s?$/i.test(steps[0] ?? '') ? steps.slice(1) : steps;
}

interface Found {
  readonly node: SchemaNode;
  readonly required: boolean;
}

function find(steps: readonly string[], { kind, version }: Subject): Found {
  let found: Found = { node: opened(resources[kind][version]), required: false };
  for (const [i, step] of steps.entries()) {
    const parent = content(found.node);
    const child = parent.properties?.[step] ?? parent.additionalProperties;
    if (child === undefined) throw unknown(steps, i, parent, { kind, version });
    found = { node: opened(child), required: parent.required?.includes(step) ?? false };
  }
  return found;
}

/** The node itself, where the CRD cannot spell it out. */
const opened = (node: SchemaNode): SchemaNode => {
  const shape = node.shape?.();
  return shape === undefined ? node : { ...shape, ...(node.description === undefined ? {} : { description: node.description }) };
};

/** The node whose fields come next: that of the items of lists, and of lists in lists. */
const content = (node: SchemaNode): SchemaNode => (node.items === undefined ? node : content(opened(node.items)));

function typeOf(node: SchemaNode): string {
  if (node.quantity) return 'quantity';
  if (node.intOrString) return 'integer or string';
  if (node.items) return `[]${typeOf(opened(node.items))}`;
  if (node.additionalProperties) return `map[string]${typeOf(opened(node.additionalProperties))}`;
  if (node.format === 'int32' || node.format === 'int64') return node.format;
  return node.type ?? 'any';
}

function boundsOf(node: SchemaNode): string[] {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, minProperties, maxProperties, pattern } = node;
  const range = (what: string, least: number | undefined, most: number | undefined): string[] => [
    ...(least === undefined ? [] : [`at least ${least}${what}`]),
    ...(most === undefined ? [] : [`at most ${most}${what}`]),
  ];
  return [
    ...range('', minimum, maximum),
    ...range(' characters', minLength, maxLength),
    ...range(' items', minItems, maxItems),
    ...range(' entries', minProperties, maxProperties),
    ...(pattern === undefined ? [] : [`matches ${pattern}`]),
    ...(node.quantity ? ['a Kubernetes quantity, such as 500m, 16Gi or 2'] : []),
  ];
}

/** One line each: name, type, and the first sentence of what it means. */
function fieldsOf(node: SchemaNode): string[] {
  const { properties = {}, required = [] } = content(node);
  const rows = Object.entries(properties).map(([name, declared]) => {
    const child = opened(declared);
    return [name, `<${typeOf(child)}>${required.includes(name) ? ' -required-' : ''}`, firstSentence(child.description ?? '')] as const;
  });
  const [names, types] = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column as 0 | 1].length))) as [number, number];
  return rows.map(([name, type, text]) => {
    const line = `${name.padEnd(names)}  ${type.padEnd(types)}  ${text}`.trimEnd();
    return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line;
  });
}

const firstSentence = (text: string): string => /^.*?[.](?=\s|$)/s.exec(text)?.[0].replace(/\s+/g, ' ') ?? text.replace(/\s+/g, ' ');

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => (line === '' ? '' : `${INDENT}${line}`))];
}

/** The text in lines of bounded width; its own line breaks stay. */
function wrap(text: string): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines = [''];
    for (const word of paragraph.split(/\s+/)) {
      const line = lines.at(-1) ?? '';
      if (line !== '' && line.length + word.length >= WIDTH - INDENT.length) lines.push(word);
      else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    }
    return lines;
  });
}

function unknown(steps: readonly string[], i: number, parent: SchemaNode, subject: Subject): UnknownFieldError {
  const step = steps[i] ?? '';
  const above = steps.slice(0, i).join('.');
  const siblings = Object.keys(parent.properties ?? {});
  const nearest = similarName(step, siblings);
  const join = (name: string): string => [above, name].filter(Boolean).join('.');
  const suggestions = nearest ? [join(nearest)] : pathsOf(step, resources[subject.kind][subject.version]);
  const where = above === '' ? subject.kind : above;
  if (suggestions.length > 0) return new UnknownFieldError(`${where} has no field "${step}"; did you mean ${suggestions.join(' or ')}?`);
  return new UnknownFieldError(
    `${where} has no field "${step}"; ${siblings.length > 0 ? `its fields are ${siblings.join(', ')}` : 'it has no fields'}`,
  );
}

/** Deeper is inside of pod specs and routes, where every name stands somewhere. */
const DEPTH = 5;
const MOST_SUGGESTIONS = 3;

/** Where else a field of this name stands, the shallowest places first. */
function pathsOf(name: string, root: SchemaNode): string[] {
  const found: string[] = [];
  let level: [string, SchemaNode][] = [['', root]];
  for (let depth = 0; depth < DEPTH && found.length < MOST_SUGGESTIONS; depth++) {
    level = level.flatMap(([path, node]) =>
      Object.entries(content(opened(node)).properties ?? {}).map(([key, child]): [string, SchemaNode] => [
        path === '' ? key : `${path}.${key}`,
        child,
      ]),
    );
    found.push(...level.filter(([path]) => path.split('.').at(-1)?.toLowerCase() === name.toLowerCase()).map(([path]) => path));
  }
  return found.slice(0, MOST_SUGGESTIONS);
}
