import type { MergeObject } from '../../api/schema/merge-schema.ts';

/** Fields of which a value has one; `marks` are those by which a type with the union is recognised. */
interface Union {
  readonly marks: readonly string[];
  /** All fields but `except` when not given. */
  readonly members?: readonly string[];
  readonly except?: readonly string[];
}

/**
 * Unions in which the higher layer's member replaces the lower one's. With both members the object would be refused by the API
 * server long after the merge (R2.39). Unions of the spec that admission checks itself (`http.refs` and `http.spec`, `wva` and
 * `keda`, ...) are left alone: there the user reads which two fields exclude each other. So is `pool`, whose ref wins anyway.
 */
const unions: readonly Union[] = [
  { marks: ['exec', 'httpGet', 'tcpSocket'], members: ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] },
  { marks: ['name', 'value', 'valueFrom'], members: ['value', 'valueFrom'] },
  { marks: ['configMapKeyRef', 'fieldRef', 'secretKeyRef'] },
  { marks: ['name', 'emptyDir', 'persistentVolumeClaim'], except: ['name'] },
  { marks: ['resourceClaimName', 'resourceClaimTemplateName'], members: ['resourceClaimName', 'resourceClaimTemplateName'] },
  { marks: ['inline', 'ref'] },
];

const known = new WeakMap<MergeObject, readonly string[]>();

/** Fields of a type of which a higher layer's one replaces a lower layer's other one; empty for most types. */
export function unionMembers(node: MergeObject): readonly string[] {
  const cached = known.get(node);
  if (cached !== undefined) return cached;
  const union = unions.find(({ marks }) => marks.every((mark) => Object.hasOwn(node.fields, mark)));
  const members = union === undefined ? [] : (union.members ?? Object.keys(node.fields).filter((field) => !union.except?.includes(field)));
  known.set(node, members);
  return members;
}
