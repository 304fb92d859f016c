import { type FieldError, invalid, notSupported, required } from './field-error.ts';
import { groupOf, kinds, SERVING_GROUP } from './kinds.ts';
import type { KubeObject } from './kubernetes.ts';
import type { Version } from './schema/model.ts';
import type { SchemaNode } from './schema/node.ts';
import { QUANTITY_PATTERN } from './schema/openapi.ts';
import { resources, type ServingKind, versions } from './schema/resources.ts';
import { similarName } from './similar.ts';

type Fields = Record<string, unknown>;

function schemaFor({ apiVersion, kind }: { apiVersion?: unknown; kind?: unknown }): SchemaNode | undefined {
  if (typeof apiVersion !== 'string' || groupOf({ apiVersion }) !== SERVING_GROUP || !isServingKind(kind)) return undefined;
  const version = apiVersion.slice(SERVING_GROUP.length + 1) as Version;
  return versions.includes(version) ? resources[kind][version] : undefined;
}

const isServingKind = (kind: unknown): kind is ServingKind => kind === kinds.service.kind || kind === kinds.config.kind;

/**
 * The object as the API server would store it: nulls dropped, defaults of the schema written (R1.60, R2.40). Fields that the schema
 * does not know stay. Objects of other kinds come back as they are.
 */
export function withDefaults<T extends KubeObject>(object: T): T {
  const schema = schemaFor(object);
  return schema === undefined ? object : (complete(object, schema, writtenDefaults) as T);
}

/** The object without the nulls that typed clients write for fields they leave out (R1.54). Where content is free, nulls stay. */
export function withoutNulls<T extends KubeObject>(object: T): T {
  const schema = schemaFor(object);
  return schema === undefined ? object : (complete(object, schema, noDefaults) as T);
}

/**
 * The object with what typed clients write in our own types even when it is empty: required scalars, and `scalingModifiers` (R1.54). The
 * reference's defaulting writes whole typed objects, so that `model: {name: x}`, `config.ref` without a key and the like get past the
 * schema, to be completed by a config or to be judged by the rules of R1 §10 (V22, V38, V44, R2.84). Types of other projects keep the
 * schema's own error.
 */
export function withTypedEmpties<T extends KubeObject>(object: T): T {
  const schema = schemaFor(object);
  return schema === undefined ? object : (complete(object, schema, typedEmpties) as T);
}

/**
 * Checks a service or config against the schema of its version, without an API server: unknown fields, types, bounds, enums,
 * patterns, required fields, duplicate list entries, and the CEL rules. Returns an empty list when everything fits.
 *
 * Messages are those of the API server (R1.9), with two differences: unknown fields are field errors, not a decode error, and an
 * error that keeps the server from evaluating any rule keeps only the rules around it from being checked.
 */
export function checkStructure(object: unknown): FieldError[] {
  if (!isFields(object)) return [typeError('', object, 'object')];
  const schema = schemaFor(object);
  if (schema === undefined) return [notSupported('kind', `${object.apiVersion}, Kind=${object.kind}`, `no such kind in ${SERVING_GROUP}`)];
  return check(complete(object, schema, writtenDefaults), schema, '');
}

/**
 * The part of `checkStructure` that code relies on, and that costs little: fields whose value is of another type than declared, integers
 * that are too big for it, and quantities that cannot be read. Raw content may be anything: only the schema judges it.
 */
export function checkTypes(object: KubeObject): FieldError[] {
  const schema = schemaFor(object);
  const found: FieldError[] = [];
  if (schema !== undefined) collectWrongTypes(object, schema, '', found);
  return found;
}

// --- defaults ---

type Properties = Readonly<Record<string, SchemaNode>>;
/** Fields to add to an object, given the fields it has. */
type Additions = (present: Fields, node: SchemaNode) => readonly [string, unknown][];

const noDefaults: Additions = () => [];
const writtenDefaults: Additions = (present, { properties = {} }) => defaultsOf(properties).filter(([name]) => !Object.hasOwn(present, name));

const typedEmpties: Additions = (present, { typed, required: names = [], alwaysWritten = [], properties = {} }) => {
  if (!typed) return [];
  return [...names, ...alwaysWritten].flatMap((name): [string, unknown][] => {
    const empty = Object.hasOwn(present, name) ? undefined : emptyOf(properties[name] ?? {});
    return empty === undefined ? [] : [[name, empty]];
  });
};

function emptyOf({ type, quantity, properties }: SchemaNode): unknown {
  if (quantity) return '0';
  if (properties) return {};
  return type === 'string' ? '' : type === 'boolean' ? false : type === 'integer' ? 0 : undefined;
}

/** The schema never changes, and a pod spec has hundreds of fields. */
const knownDefaults = new WeakMap<Properties, readonly [string, unknown][]>();

function defaultsOf(properties: Properties): readonly [string, unknown][] {
  const known = knownDefaults.get(properties);
  if (known !== undefined) return known;
  const found = Object.entries(properties).flatMap(([name, { default: standard }]): [string, unknown][] =>
    standard === undefined ? [] : [[name, standard]],
  );
  knownDefaults.set(properties, found);
  return found;
}

/** Parts in which nothing is to be done are shared with the given value. */
function complete(value: unknown, node: SchemaNode, additions: Additions): unknown {
  const shape = node.shape?.() ?? node;
  const { items, properties, additionalProperties } = shape;
  if (Array.isArray(value)) return items === undefined ? value : completeList(value, items, additions);
  if (!isFields(value) || (properties ?? additionalProperties) === undefined) return value;
  let result = value;
  const own = (): Fields => {
    if (result === value) result = { ...value };
    return result;
  };
  for (const [name, item] of Object.entries(value)) {
    const child = properties?.[name] ?? additionalProperties;
    if (item === null || item === undefined) delete own()[name];
    else if (child !== undefined) {
      const completed = complete(item, child, additions);
      if (completed !== item) own()[name] = completed;
    }
  }
  for (const [name, standard] of properties === undefined ? [] : additions(result, shape)) {
    own()[name] = complete(standard, properties?.[name] ?? {}, additions);
  }
  return result;
}

function completeList(list: readonly unknown[], items: SchemaNode, additions: Additions): readonly unknown[] {
  const completed = list.map((item) => complete(item, items, additions));
  return completed.some((item, i) => item !== list[i]) ? completed : list;
}

// --- checks ---

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function check(value: unknown, declared: SchemaNode, path: string): FieldError[] {
  const node = declared.shape?.() ?? declared;
  if (!isOfType(value, node)) return [typeError(path, value, typesOf(node).join(','))];
  const errors = checkContent(value, node, path);
  return errors.some(({ type }) => BLOCKING.includes(type)) ? errors : [...errors, ...checkRules(value, node, path)];
}

/** Errors after which a rule may not be able to read what it stands on (R1.8). */
const BLOCKING: readonly FieldError['type'][] = ['TypeInvalid', 'Required', 'NotSupported', 'TooLong', 'TooMany'];

function isOfType(value: unknown, node: SchemaNode): boolean {
  const expected = typesOf(node);
  const found = typeOf(value);
  return expected.length === 0 || expected.includes(found) || (found === 'integer' && expected.includes('number'));
}

function collectWrongTypes(value: unknown, declared: SchemaNode, path: string, found: FieldError[]): void {
  const node = declared.shape?.() ?? declared;
  const { items, properties, additionalProperties } = node;
  if (node.raw) return;
  if (!isOfType(value, node)) found.push(typeError(path, value, typesOf(node).join(',')));
  else if (Array.isArray(value)) {
    for (const [i, item] of items === undefined ? [] : value.entries()) collectWrongTypes(item, items as SchemaNode, `${path}[${i}]`, found);
  } else if (isFields(value)) {
    for (const [name, item] of Object.entries(value)) {
      const child = properties?.[name] ?? additionalProperties;
      if (child !== undefined) collectWrongTypes(item, child, join(path, name), found);
    }
  } else if (typeof value === 'number' && node.format === 'int32' && Math.abs(value) > INT32_MAX) {
    found.push(invalid(path, value, `${path} in body must be of type int32`));
  } else if (typeof value === 'string' && node.quantity) found.push(...checkString(value, node, path));
}

const INT32_MAX = 2 ** 31 - 1;

function typesOf(node: SchemaNode): readonly string[] {
  if (node.quantity || node.intOrString) return ['integer', 'string'];
  return node.type === undefined ? [] : [node.type];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function typeError(path: string, value: unknown, expected: string): FieldError {
  const found = typeOf(value);
  return { type: 'TypeInvalid', field: path, value: found, detail: `${path} in body must be of type ${expected}: "${found}"` };
}

function checkContent(value: unknown, node: SchemaNode, path: string): FieldError[] {
  if (typeof value === 'string') return checkString(value, node, path);
  if (typeof value === 'number') return checkNumber(value, node, path);
  if (Array.isArray(value)) return checkList(value, node, path);
  return isFields(value) ? checkObject(value, node, path) : [];
}

function checkString(value: string, node: SchemaNode, path: string): FieldError[] {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, enum: allowed } = node;
  const pattern = node.quantity ? QUANTITY_PATTERN : node.pattern;
  const length = [...value].length;
  const supported = allowed === undefined || allowed.includes(value);
  const bounds = [
    ...(length > maxLength ? [{ type: 'TooLong' as const, field: path, detail: `may not be more than ${maxLength} bytes` }] : []),
    ...(length < minLength ? [invalid(path, value, `${path} in body should be at least ${minLength} chars long`)] : []),
    ...(pattern !== undefined && !new RegExp(pattern, 'u').test(value) ? [invalid(path, value, `${path} in body should match '${pattern}'`)] : []),
  ];
  return [
    ...bounds.slice(0, 1),
    ...(supported ? [] : [notSupported(path, value, `supported values: ${(allowed ?? []).map((item) => `"${item}"`).join(', ')}`)]),
  ];
}

function checkNumber(value: number, { minimum, maximum }: SchemaNode, path: string): FieldError[] {
  return [
    ...(minimum !== undefined && value < minimum ? [invalid(path, value, `${path} in body should be greater than or equal to ${minimum}`)] : []),
    ...(maximum !== undefined && value > maximum ? [invalid(path, value, `${path} in body should be less than or equal to ${maximum}`)] : []),
  ];
}

function checkSize(size: number, bounds: { min?: number | undefined; max?: number | undefined; what: string }, path: string): FieldError[] {
  const { min, max, what } = bounds;
  return [
    ...(min !== undefined && size < min ? [invalid(path, size, `${path} in body should have at least ${min} ${what}`)] : []),
    ...(max !== undefined && size > max ? [{ type: 'TooMany' as const, field: path, value: size, detail: `must have at most ${max} items` }] : []),
  ];
}

function checkList(value: readonly unknown[], node: SchemaNode, path: string): FieldError[] {
  const { items } = node;
  return [
    ...checkSize(value.length, { min: node.minItems, max: node.maxItems, what: 'items' }, path),
    ...(items === undefined ? [] : value.flatMap((item, index) => check(item, items, `${path}[${index}]`))),
    ...checkDuplicates(value, node['x-kubernetes-list-map-keys'] ?? [], path),
  ];
}

function checkDuplicates(value: readonly unknown[], keys: readonly string[], path: string): FieldError[] {
  const seen = new Set<string>();
  return value.flatMap((item, index): FieldError[] => {
    if (keys.length === 0 || !isFields(item)) return [];
    const key = Object.fromEntries(keys.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]));
    const text = JSON.stringify(key);
    const isNew = !seen.has(text);
    seen.add(text);
    return isNew ? [] : [{ type: 'Duplicate', field: `${path}[${index}]`, value: key, detail: '' }];
  });
}

function checkObject(value: Fields, node: SchemaNode, path: string): FieldError[] {
  const { properties, additionalProperties, required: names = [] } = node;
  const missing = names.filter((name) => value[name] === undefined).map((name) => required(join(path, name), ''));
  const size = checkSize(Object.keys(value).length, { min: node.minProperties, max: node.maxProperties, what: 'properties' }, path);
  const fields = Object.entries(value).flatMap(([name, item]): FieldError[] => {
    const child = properties?.[name] ?? additionalProperties;
    if (child !== undefined) return check(item, child, join(path, name));
    return properties === undefined ? [] : [unknownField(join(path, name), name, Object.keys(properties))];
  });
  return [...missing, ...size, ...fields];
}

function unknownField(path: string, name: string, known: readonly string[]): FieldError {
  const similar = similarName(name, known);
  const hint = similar === undefined ? '' : `, did you mean "${similar}"?`;
  return { type: 'Forbidden', field: path, detail: `unknown field "${path}"${hint}` };
}

function checkRules(value: unknown, node: SchemaNode, path: string): FieldError[] {
  const broken = (node['x-kubernetes-validations'] ?? []).filter(({ holds }) => holds !== undefined && !holds(value as never));
  return broken.map(({ message }) => ({ type: 'RuleViolated', field: path, detail: message }));
}
