import { TemplateFailure } from './failure.ts';

/**
 * What a template works with: plain values from literals and functions, null for `nil`, and typed views on JSON data. The
 * type matters, because JSON alone cannot tell a field that is unset from a name that is no field, nor a pointer to 0 from 0.
 */
export type Value = string | number | boolean | null | Typed;

export class Typed {
  readonly shape: Shape;
  /** JSON data; undefined or null where the data has none. */
  readonly data: unknown;

  constructor(shape: Shape, data: unknown) {
    this.shape = shape;
    this.data = data;
  }
}

/** The type of a piece of data, as templates see it. `type` is its name in messages. */
export type Shape = ScalarShape | StructShape | MapShape | ListShape | OpaqueShape;

export interface ScalarShape {
  readonly kind: 'scalar';
  readonly type: string;
  /** A pointer is true when it is there, whatever it points to (R2.66). */
  readonly pointer: boolean;
  readonly zero: string | number | boolean;
  /** Turns data into the value a template sees, where that is not the data itself. */
  readonly convert?: (data: unknown) => string | number | boolean;
}

export interface StructShape {
  readonly kind: 'struct';
  readonly type: string;
  readonly pointer: boolean;
  /** The member of that name; undefined when the type has none. */
  readonly member: (name: string) => Member | undefined;
  readonly print?: (data: unknown) => string;
}

export interface Member {
  readonly shape: Shape;
  readonly read: (owner: unknown) => unknown;
}

export interface MapShape {
  readonly kind: 'map';
  readonly type: string;
  readonly values: Shape;
}

export interface ListShape {
  readonly kind: 'list';
  readonly type: string;
  readonly items: Shape;
}

export interface OpaqueShape {
  readonly kind: 'opaque';
  readonly type: string;
}

/** Data in its shape, as a value: plain scalars as themselves, everything else as a view. */
export function view(shape: Shape, data: unknown): Value {
  if (shape.kind !== 'scalar' || shape.pointer) return new Typed(shape, data);
  return scalarValue(shape, data ?? shape.zero);
}

function scalarValue(shape: ScalarShape, data: unknown): string | number | boolean {
  return shape.convert ? shape.convert(data) : (data as string | number | boolean);
}

/** The value without its pointer: what comparisons and functions work with. A null pointer is null. */
export function pointedTo(value: Value): Value {
  if (!(value instanceof Typed) || value.shape.kind !== 'scalar') return value;
  return value.data === undefined || value.data === null ? null : scalarValue(value.shape, value.data);
}

/** The JSON data of a value. */
export function plain(value: Value): unknown {
  return value instanceof Typed ? (value.data ?? null) : value;
}

/** Truth as of R2.66. */
export function isTrue(value: Value): boolean {
  if (!(value instanceof Typed)) return value !== null && value !== false && value !== 0 && value !== '';
  const { shape, data } = value;
  if (shape.kind === 'struct' && !shape.pointer) return true;
  if (data === undefined || data === null) return false;
  if (shape.kind === 'list') return (data as unknown[]).length > 0;
  return shape.kind === 'map' ? Object.keys(data).length > 0 : true;
}

/** The type of a value as it stands in messages. */
export function typeName(value: Value): string {
  if (value instanceof Typed) return value.shape.kind === 'scalar' && value.shape.pointer ? `*${value.shape.type}` : value.shape.type;
  if (value === null) return '<nil>';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return Number.isInteger(value) ? 'int' : 'float64';
}

/** The field of a value, or the entry of a map (R2.65, R2.68). */
export function fieldOf(value: Value, name: string): Value {
  if (!(value instanceof Typed)) {
    if (value === null) throw new TemplateFailure(`nil data; no entry for key "${name}"`);
    throw new TemplateFailure(`can't evaluate field ${name} in type ${typeName(value)}`);
  }
  const { shape, data } = value;
  if (shape.kind === 'map') {
    const entries = (data ?? {}) as Readonly<Record<string, unknown>>;
    if (!Object.hasOwn(entries, name)) throw new TemplateFailure(`map has no entry for key "${name}"`);
    return view(shape.values, entries[name]);
  }
  const member = shape.kind === 'struct' ? shape.member(name) : undefined;
  if (shape.kind !== 'struct' || member === undefined) throw new TemplateFailure(`can't evaluate field ${name} in type ${typeName(value)}`);
  if (shape.pointer && (data === undefined || data === null)) {
    throw new TemplateFailure(`nil pointer evaluating *${shape.type}.${name}`);
  }
  return view(member.shape, member.read(data));
}

/** The elements of a value that can be ranged over, with their keys: a list by index, a map by sorted key, a number as 0 to n-1. */
export function elementsOf(value: Value): Iterable<[Value, Value]> {
  const target = pointedTo(value);
  if (typeof target === 'number') return countTo(target);
  if (target instanceof Typed) {
    const { shape, data } = target;
    if (shape.kind === 'list') return ((data ?? []) as unknown[]).map((item, i) => [i, view(shape.items, item)]);
    if (shape.kind === 'map') {
      const entries = (data ?? {}) as Readonly<Record<string, unknown>>;
      return Object.keys(entries)
        .sort()
        .map((key) => [key, view(shape.values, entries[key])]);
    }
  }
  if (target === null) return [];
  throw new TemplateFailure(`range can't iterate over ${printed(target)}`);
}

/** One by one, because nobody knows how far a template will really count. */
function* countTo(end: number): Generator<[Value, Value]> {
  for (let i = 0; i < end; i += 1) yield [i, i];
}

/** The text an action leaves behind (R2.67). */
export function printed(value: Value): string {
  if (value instanceof Typed) return printedView(value);
  return value === null ? '<nil>' : String(value);
}

function printedView({ shape, data }: Typed): string {
  switch (shape.kind) {
    case 'scalar':
      return data === undefined || data === null ? '<nil>' : String(scalarValue(shape, data));
    case 'list':
      return `[${((data ?? []) as unknown[]).map((item) => printed(view(shape.items, item))).join(' ')}]`;
    case 'map': {
      const entries = (data ?? {}) as Readonly<Record<string, unknown>>;
      const keys = Object.keys(entries).sort();
      return `map[${keys.map((key) => `${key}:${printed(view(shape.values, entries[key]))}`).join(' ')}]`;
    }
    case 'struct':
      if (shape.print && data !== undefined && data !== null) return shape.print(data);
      if (!shape.pointer && shape.print) return '';
      return data === undefined || data === null ? (shape.pointer ? '<nil>' : '{}') : JSON.stringify(data);
    default:
      return data === undefined || data === null ? '<nil>' : JSON.stringify(data);
  }
}
