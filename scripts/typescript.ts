import type { SchemaNode } from '../api/schema/node.ts';

/**
 * The TypeScript side of the schemas: one exported interface per named node, in the order in which they are first met. Nodes without
 * a name are written in place. Enums are plain strings, since configs may hold templates until they are rendered.
 */
export function typescriptOf(roots: readonly SchemaNode[]): string {
  const named = namedNodes(roots);
  return [...named.values()].map((node) => interfaceOf(node, named)).join('\n');
}

/** The named nodes in and below the roots, by name; of several with one name the first. */
function namedNodes(roots: readonly SchemaNode[]): ReadonlyMap<string, SchemaNode> {
  const found = new Map<string, SchemaNode>();
  const visit = (node: SchemaNode): void => {
    const { name, type } = node.typescript ?? {};
    if (type !== undefined || (name !== undefined && found.has(name))) return;
    if (name !== undefined) found.set(name, node);
    for (const child of childrenOf(node)) visit(child);
  };
  for (const root of roots) visit(root);
  return found;
}

function childrenOf(node: SchemaNode): SchemaNode[] {
  const items = node.shape?.() ?? node.items;
  return [...Object.values(node.properties ?? {}), ...(items ? [items] : [])];
}

function interfaceOf(node: SchemaNode, named: ReadonlyMap<string, SchemaNode>): string {
  const { name = '', extends: base } = node.typescript ?? {};
  const inherited = (base !== undefined && named.get(base)?.properties) || {};
  const own = Object.fromEntries(Object.entries(node.properties ?? {}).filter(([field]) => !(field in inherited)));
  return `${comment(node.typescript?.doc ?? node.description)}export interface ${name}${base === undefined ? '' : ` extends ${base}`} ${fields({ ...node, properties: own })}\n`;
}

function comment(text: string | undefined): string {
  return text === undefined ? '' : `/** ${text} */\n`;
}

function fields(node: SchemaNode): string {
  const required = node.typescript?.required ?? node.required ?? [];
  const lines = Object.entries(node.properties ?? {}).map(
    ([name, child]) => `${comment(child.description)}${name}${required.includes(name) ? '' : '?'}: ${typeOf(child)};`,
  );
  return `{\n${[...lines, ...(node.typescript?.open ? ['[field: string]: unknown;'] : [])].join('\n')}\n}`;
}

function typeOf(node: SchemaNode): string {
  const { type, name } = node.typescript ?? {};
  if (type !== undefined || name !== undefined) return type ?? name ?? '';
  if (node.shape !== undefined) return typeOf(node.shape());
  if (node.items !== undefined) return arrayOf(typeOf(node.items));
  if (node.properties !== undefined) return fields(node);
  if (node.additionalProperties !== undefined) return `Record<string, ${typeOf(node.additionalProperties)}>`;
  return scalarType(node);
}

const arrayOf = (item: string): string => (item.includes("' | '") ? `(${item})[]` : `${item}[]`);

function scalarType(node: SchemaNode): string {
  if (node.quantity) return 'Quantity';
  if (node.intOrString) return 'IntOrString';
  if (node.type === 'integer' || node.type === 'number') return 'number';
  return node.type === 'string' || node.type === 'boolean' ? node.type : 'unknown';
}
