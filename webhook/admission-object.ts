import { errorBody, type FieldError } from '../api/field-error.ts';
import { type Kind, SERVING_GROUP } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { checkTypes, withoutNulls } from '../api/structure.ts';
import { deny, type Verdict } from './admission-review.ts';

/** What an object of a request has to be. */
export interface Expected {
  readonly kind: Kind;
  readonly version: 'v1alpha1' | 'v1alpha2';
}

/** The object, or the denial of a request whose object cannot be read (R1.50). */
export type Reading = { readonly object: KubeObject } | { readonly denial: Verdict };

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads an object of a request, so that what follows can rely on its types, in the free parts of the schema too (B6). Nulls that typed
 * clients write for absent fields are gone (R1.54). An object that does not name its kind is taken for the expected one. An object of
 * another kind, or with a field of the wrong type, is denied with code 400 and a message that names the fields. Such a denial has
 * neither reason nor causes: clients know them from the schema's own refusals only.
 */
export function readObject(given: unknown, { kind: { kind }, version }: Expected): Reading {
  const apiVersion = `${SERVING_GROUP}/${version}`;
  if (given === undefined || given === null) return undecodable('there is no content to decode');
  if (!isObject(given)) return undecodable(`expected an object of kind ${kind}`);
  const { apiVersion: givenVersion = apiVersion, kind: givenKind = kind, metadata = {} } = given;
  if (givenVersion !== apiVersion || givenKind !== kind) {
    return undecodable(`expected ${apiVersion}, Kind=${kind}, got ${String(givenVersion)}, Kind=${String(givenKind)}`);
  }
  const object: KubeObject = withoutNulls({ ...given, apiVersion, kind, metadata: withoutEmpty(metadata) });
  const wrong = [...checkMetadata(metadata), ...checkTypes(object)];
  if (wrong.length === 0) return { object };
  return undecodable(`${kind} in version "${version}" cannot be handled as a ${kind}: ${wrong.map((e) => `${e.field}: ${errorBody(e)}`).join(', ')}`);
}

const undecodable = (message: string): Reading => ({ denial: deny(400, message) });

const withoutEmpty = (metadata: unknown): Fields =>
  isObject(metadata) ? Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null)) : {};

/** The parts of the metadata that decide something; the API server has checked all of it, others who ask may not have. */
const METADATA: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: isText,
  generateName: isText,
  namespace: isText,
  deletionTimestamp: isText,
  labels: isTextMap,
  annotations: isTextMap,
};

function checkMetadata(metadata: unknown): FieldError[] {
  if (metadata === null) return [];
  const wrong = (field: string, value: unknown): FieldError => ({ type: 'TypeInvalid', field, value, detail: 'unexpected type' });
  if (!isObject(metadata)) return [wrong('metadata', metadata)];
  return Object.entries(METADATA).flatMap(([field, fits]) => {
    const value = metadata[field] ?? undefined;
    return value === undefined || fits(value) ? [] : [wrong(`metadata.${field}`, value)];
  });
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isTextMap(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(isText);
}
