import type { Rule, SchemaNode } from './node.ts';

/** A schema as it stands in a CustomResourceDefinition. */
export interface OpenApiSchema {
  readonly [keyword: string]: unknown;
}

/** What makes a string a quantity, in the words of the API server. */
export const QUANTITY_PATTERN =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

const INTEGER_OR_STRING = { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
const OWN_KEYWORDS = ['quantity', 'patternless', 'intOrString', 'typed', 'raw', 'pointer', 'mergeKey', 'alwaysWritten', 'shape', 'typescript'];

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);
const mapValues = (map: Readonly<Record<string, SchemaNode>>): OpenApiSchema =>
  Object.fromEntries(
    Object.entries(map)
      .map(([name, node]): [string, unknown] => [name, openApi(node)])
      .sort(byKey),
  );

/** The structural schema of a node, keywords and properties in alphabetical order. */
export function openApi(node: SchemaNode): OpenApiSchema {
  const { properties, items, additionalProperties, required, 'x-kubernetes-validations': rules, ...keywords } = node;
  const result = {
    ...Object.fromEntries(Object.entries(keywords).filter(([key]) => !OWN_KEYWORDS.includes(key))),
    ...(node.quantity && { ...INTEGER_OR_STRING, ...(!node.patternless && { pattern: QUANTITY_PATTERN }) }),
    ...(node.intOrString && INTEGER_OR_STRING),
    ...(properties && { properties: mapValues(properties) }),
    ...(items && { items: openApi(items) }),
    ...(additionalProperties && { additionalProperties: openApi(additionalProperties) }),
    ...(required?.length && { required: [...required].sort() }),
    ...(rules?.length && { 'x-kubernetes-validations': rules.map(ruleText) }),
  };
  return Object.fromEntries(Object.entries(result).sort(byKey));
}

const ruleText = ({ rule, message }: Rule): OpenApiSchema => ({ message, rule });
