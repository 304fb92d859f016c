/** A JSON object whose content is looked at, not known. */
export type Json = Readonly<Record<string, unknown>>;

/**
 * What the comparison has to know about one level of a kind: what the server puts where nothing was said, and who else may
 * write there. A level without a shape must be as desired, and have nothing besides.
 */
export interface Shape {
  /** What a field becomes when it is left out; a function computes it from the object around it, as desired. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Fields that the server or somebody else fills when they are left out: any value is right. */
  readonly assigned?: readonly string[];
  /** Fields whose false or 0 the server stores as absence. */
  readonly zero?: readonly string[];
  readonly fields?: Readonly<Record<string, Shape>>;
  /** Of the elements of a list. */
  readonly items?: Shape;
  /** Of all values of a map. */
  readonly values?: Shape;
  /** The value is a resource quantity, equal by amount. */
  readonly quantity?: true;
  /** A map that others write to: their keys stay, ours go when we drop them (B3.2, B3.3). A function says which keys they may write. */
  readonly shared?: true | ((key: string) => boolean);
  /** A list that others write to: elements are told apart by this key and their order does not count. */
  readonly sharedBy?: (element: Json) => string;
}

export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Empty text, list and object: the server makes no difference between them and absence. */
export function isEmpty(value: unknown): boolean {
  if (value === '' || value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** The default of a field, given what is desired around it. */
export function defaultOf(shape: Shape | undefined, field: string, around: Json): unknown {
  const found = shape?.defaults?.[field];
  return typeof found === 'function' ? (found as (around: Json) => unknown)(around) : found;
}

/** Whether others may write a key of a map. */
export const isShared = (shape: Shape | undefined, key: string): boolean =>
  typeof shape?.shared === 'function' ? shape.shared(key) : shape?.shared === true;
