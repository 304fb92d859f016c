import { canonicalQuantity } from '../api/quantity.ts';
import type { MergeNode, MergeObject, MergeScalar } from '../api/schema/merge-schema.ts';
import { goNames } from './go-names.ts';
import type { Member, ScalarShape, Shape, StructShape } from './template/values.ts';
import { urlShape } from './template-url.ts';

/** Structs that are part of their parent: there even when the JSON leaves them out. Every other one is behind a pointer. */
const embedded: ReadonlySet<string> = new Set(['model', 'resources', 'selector', 'endpointPickerRef']);

/** Type names in messages, by field. */
const typeNames: Readonly<Record<string, string>> = {
  model: 'v1alpha2.ModelSpec',
  prefill: 'v1alpha2.WorkloadSpec',
  template: 'v1.PodSpec',
  worker: 'v1.PodSpec',
  containers: 'v1.Container',
  initContainers: 'v1.Container',
  volumes: 'v1.Volume',
  lora: 'v1alpha2.LoRASpec',
  kvCacheOffloading: 'v1alpha2.KVCacheOffloadingSpec',
};

const textShape: ScalarShape = { kind: 'scalar', type: 'string', pointer: false, zero: '' };
const scalarTypes = {
  string: { type: 'string', zero: '' },
  boolean: { type: 'bool', zero: false },
  number: { type: 'int32', zero: 0 },
  intOrString: { type: 'intstr.IntOrString', zero: 0 },
  quantity: { type: 'resource.Quantity', zero: '0' },
} as const;

/** The shape of a struct of the spec, with its fields under their Go names (R2.69). */
export function structShape(node: MergeObject, type: string, pointer: boolean): StructShape {
  const fields = new Map(Object.entries(node.fields).flatMap(([field, child]) => goNames(field).map((name) => [name, { field, child }] as const)));
  const members = new Map<string, Member>();
  const member = (name: string): Member | undefined => {
    const known = members.get(name);
    const found = fields.get(name);
    if (known !== undefined || found === undefined) return known;
    const made = { shape: fieldShape(found.field, found.child), read: readField(found.field) };
    members.set(name, made);
    return made;
  };
  return { kind: 'struct', type, pointer, member };
}

/** Reads a field of JSON data. */
export const readField =
  (field: string) =>
  (owner: unknown): unknown =>
    (owner as Readonly<Record<string, unknown>> | null | undefined)?.[field];

function fieldShape(field: string, node: MergeNode): Shape {
  if (field === 'uri') return urlShape;
  const type = typeNames[field] ?? `v1alpha2.${goNames(field)[0]}Spec`;
  switch (node.kind) {
    case 'object':
      return structShape(node, type, !embedded.has(field));
    case 'list':
      return { kind: 'list', type: `[]${typeOfItems(node.items, type)}`, items: itemShape(node.items, type) };
    case 'map':
      return { kind: 'map', type: 'map[string]string', values: node.values === 'quantity' ? scalarShape('quantity', false) : textShape };
    case 'scalar':
      return scalarShape(node.scalar, node.nullable);
    default:
      return { kind: 'opaque', type: '*runtime.RawExtension' };
  }
}

function typeOfItems(items: MergeNode, type: string): string {
  return items.kind === 'scalar' ? scalarTypes[items.scalar].type : type;
}

function itemShape(items: MergeNode, type: string): Shape {
  if (items.kind === 'object') return structShape(items, type, false);
  return items.kind === 'scalar' ? scalarShape(items.scalar, false) : { kind: 'opaque', type };
}

function scalarShape(scalar: MergeScalar['scalar'], pointer: boolean): ScalarShape {
  const shape: ScalarShape = { kind: 'scalar', pointer, ...scalarTypes[scalar] };
  return scalar === 'quantity' ? { ...shape, convert: (data) => canonicalQuantity(data as string | number) } : shape;
}
