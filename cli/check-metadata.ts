import { type FieldError, forbidden, invalid, required } from '../api/field-error.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { similarName } from '../api/similar.ts';

/** What the API server checks of the metadata of every object (R1.9), without an API server. */

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LONGEST_SUBDOMAIN = 253;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const QUALIFIED_NAME = /^([a-z0-9][-a-z0-9.]*[a-z0-9]\/|[a-z0-9]\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

const known = [
  'name',
  'generateName',
  'namespace',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
];

/** Errors in `metadata`: unknown fields, names, labels and annotations. */
export function checkMetadata({ metadata }: KubeObject): FieldError[] {
  const unknown = Object.keys(metadata).filter((field) => !known.includes(field));
  return [
    ...unknown.map((field) => {
      const similar = similarName(field, known);
      return forbidden(`metadata.${field}`, `unknown field "metadata.${field}"${similar ? `, did you mean "${similar}"?` : ''}`);
    }),
    ...checkName(metadata),
    ...checkTexts('metadata.labels', metadata.labels, (value) => LABEL_VALUE.test(value)),
    ...checkTexts('metadata.annotations', metadata.annotations, () => true),
  ];
}

function checkName({ name, generateName }: { name?: unknown; generateName?: unknown }): FieldError[] {
  if (name === undefined || name === null || name === '') return generateName ? [] : [required('metadata.name', 'name or generateName is required')];
  if (typeof name !== 'string') return [notText('metadata.name', name)];
  if (name.length <= LONGEST_SUBDOMAIN && SUBDOMAIN.test(name)) return [];
  const rule = `at most ${LONGEST_SUBDOMAIN} lower case letters, digits, "-" and ".", starting and ending with a letter or digit`;
  return [invalid('metadata.name', name, rule)];
}

/** YAML reads `true`, `yes`, `n` and `7` as something else than text. */
const notText = (field: string, value: unknown): FieldError => invalid(field, value, 'must be text: put it in quotes');

function checkTexts(path: string, values: unknown, isValid: (value: string) => boolean): FieldError[] {
  if (values === undefined || values === null) return [];
  if (typeof values !== 'object' || Array.isArray(values)) return [invalid(path, values, 'must be a map of names to texts')];
  return Object.entries(values).flatMap(([key, value]: [string, unknown]): FieldError[] => {
    const field = `${path}[${key}]`;
    if (!QUALIFIED_NAME.test(key))
      return [invalid(field, key, 'the key must be a name of at most 63 letters, digits, "-", "_" and ".", perhaps after DOMAIN/')];
    if (typeof value !== 'string') return [notText(field, value)];
    return isValid(value)
      ? []
      : [invalid(field, value, 'must be at most 63 letters, digits, "-", "_" and ".", starting and ending with a letter or digit')];
  });
}
