import type { SchemaNode } from './node.ts';
import { serviceSpec } from './service.ts';

/**
 * What a merge has to know about a field (R2.31 - R2.38).
 *
 * - scalar: `nullable` says that zero, `false` and `""` count as set (R2.32).
 * - object: `required` fields are never dropped from a layer (R2.38).
 * - map: string keys that merge one by one; values are never dropped (R2.32a, R2.34).
 * - list: with a `key` elements merge by it, without one the list is replaced as a whole (R2.36).
 * - free: content without types; never pruned (R2.32a).
 *
 * The tree is cyclic where the type is recursive (LoRA adapters are models).
 */
export type MergeNode = MergeScalar | MergeObject | MergeMap | MergeList | MergeFree;

export interface MergeScalar {
  readonly kind: 'scalar';
  readonly scalar: 'string' | 'boolean' | 'number' | 'quantity' | 'intOrString';
  readonly nullable: boolean;
}
export interface MergeObject {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, MergeNode>>;
  readonly required: readonly string[];
}
export interface MergeMap {
  readonly kind: 'map';
  readonly values: 'string' | 'quantity';
}
export interface MergeList {
  readonly kind: 'list';
  readonly key?: string;
  readonly items: MergeNode;
}
export interface MergeFree {
  readonly kind: 'free';
}

const built = new Map<SchemaNode, MergeNode>();

function mergeNode(node: SchemaNode): MergeNode {
  const source = node.shape?.() ?? node;
  const known = built.get(source);
  if (known !== undefined) return known;
  if (source.properties === undefined) return mergeLeaf(source);
  const fields: Record<string, MergeNode> = {};
  const result: MergeObject = { kind: 'object', fields, required: source.alwaysWritten ?? source.required ?? [] };
  built.set(source, result);
  for (const [name, child] of Object.entries(source.properties)) fields[name] = mergeNode(child);
  return result;
}

function mergeLeaf(node: SchemaNode): MergeNode {
  if (node.items !== undefined) return { kind: 'list', ...(node.mergeKey !== undefined && { key: node.mergeKey }), items: mergeNode(node.items) };
  if (node.additionalProperties !== undefined) return { kind: 'map', values: node.additionalProperties.quantity ? 'quantity' : 'string' };
  const scalar = scalarOf(node);
  return scalar === undefined ? { kind: 'free' } : { kind: 'scalar', scalar, nullable: node.pointer ?? false };
}

function scalarOf(node: SchemaNode): MergeScalar['scalar'] | undefined {
  if (node.quantity) return 'quantity';
  if (node.intOrString) return 'intOrString';
  if (node.type === 'string' || node.type === 'boolean') return node.type;
  return node.type === 'integer' || node.type === 'number' ? 'number' : undefined;
}

/** The merge schema of the spec that services and configs share, in the hub version. */
export const specMergeSchema: MergeNode = mergeNode(serviceSpec('v1alpha2'));
