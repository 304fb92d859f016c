/**
 * The language the schema source is written in: OpenAPI v3 keywords as a CustomResourceDefinition knows them, and a few of our
 * own that never reach a CRD but drive the merge, the TypeScript types and the offline checks.
 */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'boolean' | 'integer' | 'number';
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-validations'?: readonly Rule[];

  /** A quantity: string or integer on the wire. */
  readonly quantity?: true;
  /** A quantity whose pattern the CRD does not have (R1.13). */
  readonly patternless?: true;
  readonly intOrString?: true;
  /** A type of our own. Typed clients write what it requires and what is `alwaysWritten` even when it is empty; so does admission (R1.54). */
  readonly typed?: true;
  /** Read as it stands, whatever it is; that it is of the declared type is left to the API server. */
  readonly raw?: true;
  /** Absent and zero differ, so a zero value overrides in a merge (R2.32). */
  readonly pointer?: true;
  /** Key by which two lists are merged; without it a list is replaced as a whole (R2.36). */
  readonly mergeKey?: string;
  /** Fields a merge layer never drops, where they are not the `required` ones (R2.38). */
  readonly alwaysWritten?: readonly string[];
  /** The real shape of a node that is open in the CRD because its type is recursive. */
  readonly shape?: () => SchemaNode;
  /** How the node appears in api/types.ts. */
  readonly typescript?: TypeScriptHint;
}

export interface TypeScriptHint {
  /** Name of an interface of its own. */
  readonly name?: string;
  /** What the interface is, where the description of the node says what it is for. */
  readonly doc?: string;
  /** An interface whose fields the node includes. */
  readonly extends?: string;
  /** A type used as it stands. */
  readonly type?: string;
  /** Accepts fields that are not listed (`[field: string]: unknown`). */
  readonly open?: true;
  /** Fields that are always there, where they are not the `required` ones of the schema. */
  readonly required?: readonly string[];
}

/** A CEL rule, and beside it what it means. `holds` gets the node with defaults applied. Absent for rules only the API server checks. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly holds?: (self: never) => boolean;
}

/** A CEL rule of our own, written once for the API server and once for offline use. */
export const rule = <T>(text: string, message: string, holds: (self: T) => boolean): Rule => ({ rule: text, message, holds });

type Keywords = Omit<SchemaNode, 'type' | 'description' | 'properties' | 'items' | 'additionalProperties'>;

export const string = (description: string, keywords: Keywords = {}): SchemaNode => ({ type: 'string', description, ...keywords });
export const boolean = (description: string, keywords: Keywords = {}): SchemaNode => ({ type: 'boolean', description, ...keywords });
export const int32 = (description: string, keywords: Keywords = {}): SchemaNode => ({ type: 'integer', format: 'int32', description, ...keywords });
export const int64 = (description: string, keywords: Keywords = {}): SchemaNode => ({ type: 'integer', format: 'int64', description, ...keywords });
export const quantity = (description: string, keywords: Keywords = {}): SchemaNode => ({ quantity: true, description, ...keywords });
export const intOrString = (description: string, keywords: Keywords = {}): SchemaNode => ({ intOrString: true, description, ...keywords });
export const list = (description: string, items: SchemaNode, keywords: Keywords = {}): SchemaNode => ({
  type: 'array',
  description,
  items,
  ...keywords,
});
export const stringMap = (description: string): SchemaNode => ({ type: 'object', description, additionalProperties: { type: 'string' } });
export const object = (description: string, properties: Record<string, SchemaNode>, keywords: Keywords = {}): SchemaNode => ({
  type: 'object',
  description,
  properties,
  typed: true,
  ...keywords,
});

/** The same node for another place: with another description there, and with its own on its TypeScript interface. */
export function described(description: string, node: SchemaNode): SchemaNode {
  const { typescript, description: doc } = node;
  if (typescript?.name === undefined || doc === undefined) return { ...node, description };
  return { ...node, description, typescript: { doc, ...typescript } };
}

/** The node without some of its keywords. */
export function without(node: SchemaNode, ...keywords: (keyof SchemaNode)[]): SchemaNode {
  return Object.fromEntries(Object.entries(node).filter(([key]) => !keywords.includes(key as keyof SchemaNode)));
}

/** The node at a path of property names; `[]` steps into list items. An unknown path is a programming error. */
export function nodeAt(node: SchemaNode, path: string): SchemaNode {
  return path.split('.').reduce((at, step) => {
    const next = step === '[]' ? at.items : at.properties?.[step];
    if (next === undefined) throw new Error(`the schema has no ${path}`);
    return next;
  }, node);
}

/** The node with the one at `path` replaced. */
export function replaceAt(node: SchemaNode, path: string, change: (found: SchemaNode) => SchemaNode): SchemaNode {
  if (path === '') return change(node);
  const [step = '', ...rest] = path.split('.');
  const replace = (child: SchemaNode): SchemaNode => replaceAt(child, rest.join('.'), change);
  if (step === '[]') return { ...node, items: replace(nodeAt(node, step)) };
  return { ...node, properties: { ...node.properties, [step]: replace(nodeAt(node, step)) } };
}

/** The node after `change` was applied to it and to everything below it, from the leaves up. */
export function mapNodes(node: SchemaNode, change: (node: SchemaNode) => SchemaNode): SchemaNode {
  const { properties, items, additionalProperties } = node;
  return change({
    ...node,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, mapNodes(child, change)])) }),
    ...(items && { items: mapNodes(items, change) }),
    ...(additionalProperties && { additionalProperties: mapNodes(additionalProperties, change) }),
  });
}
