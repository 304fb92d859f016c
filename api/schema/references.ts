import { object, type SchemaNode, string } from './node.ts';

/** Reference to an object in the same namespace, by name (R1.10). */
export const localObjectReference: SchemaNode = object(
  'Reference to an object in the same namespace.',
  { name: string('Name of the object.', { default: '' }) },
  { 'x-kubernetes-map-type': 'atomic', typescript: { name: 'LocalObjectReference' } },
);

const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
const DNS_SUBDOMAIN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';

/** Fields of references, bounded as in Gateway API v1. */
export const objectName = (description: string): SchemaNode => string(description, { minLength: 1, maxLength: 253 });
export const namespaceName = (description: string): SchemaNode => string(description, { minLength: 1, maxLength: 63, pattern: DNS_LABEL });
export const sectionName = (description: string): SchemaNode => string(description, { minLength: 1, maxLength: 253, pattern: DNS_SUBDOMAIN });

/** Fields of a Gateway API ObjectReference; `group` may be empty for the core group. */
export const objectReferenceFields: Readonly<Record<string, SchemaNode>> = {
  group: string('API group of the object; empty for the core group.', { maxLength: 253, pattern: `^$|${DNS_SUBDOMAIN}` }),
  kind: string('Kind of the object.', { minLength: 1, maxLength: 63, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' }),
  name: objectName('Name of the object.'),
  namespace: namespaceName('Namespace of the object; the one of the service when it is absent.'),
};

export const objectReference: SchemaNode = object('Reference to an object of any kind.', objectReferenceFields, {
  required: ['group', 'kind', 'name'],
  typescript: { name: 'GatewayObjectReference' },
});
