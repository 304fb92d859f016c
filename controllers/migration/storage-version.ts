import { groupOf, type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { ApiError, isConflict, isKindNotServed, isNotFound, textOf } from '../runtime/api-error.ts';
import type { Client } from '../runtime/client.ts';
import { isAboutTheObject } from './retry.ts';

/** An object that the server would not take in the storage version, and why. */
export interface Refused {
  readonly object: KubeObject;
  readonly text: string;
}

interface Definition extends KubeObject {
  readonly spec: { readonly versions: readonly { readonly name: string; readonly storage: boolean }[] };
  readonly status?: { readonly storedVersions?: readonly string[] };
}

const PAGE_SIZE = 250;

/** `<resource>.<group>`: the name of a kind's CRD. */
export const definitionNameOf = (kind: Kind): string => `${kind.plural}.${groupOf(kind)}`;

/** The version that objects of a kind have to be moved to, or undefined when all of them are there (R1.97). */
export function storageVersionToReach(definition: Pick<Definition, 'spec' | 'status'>): string | undefined {
  const storage = definition.spec.versions.find((version) => version.storage)?.name;
  const stored = definition.status?.storedVersions ?? [];
  return stored.length === 1 && stored[0] === storage ? undefined : storage;
}

/**
 * Moves all objects of a kind to the storage version: an empty patch makes the server write an object as it would write it today.
 * The CRD says so afterwards, unless an object was refused (R1.97, B37).
 *
 * @returns the objects that were refused
 * @throws ApiError, or a network error
 */
export async function migrateKind(client: Client, kind: Kind, signal: AbortSignal): Promise<Refused[]> {
  const version = storageVersionToReach(await readDefinition(client, kind));
  if (version === undefined) return [];
  const stored: Kind = { ...kind, apiVersion: `${groupOf(kind)}/${version}` };
  const refused: Refused[] = [];
  let token: string | undefined;
  do {
    const page = await client.list(stored, { metadataOnly: true, limit: PAGE_SIZE, signal, ...(token === undefined ? {} : { continue: token }) });
    refused.push(...(await rewrite(client, page.items, stored, signal)));
    token = page.metadata.continue || undefined;
  } while (token !== undefined);
  if (refused.length === 0) await declareMigrated(client, kind, version, signal);
  return refused;
}

/** Tries objects again that were refused before, and completes the migration when none is left. */
export async function migrateRefused(client: Client, kind: Kind, before: readonly Refused[], signal: AbortSignal): Promise<Refused[]> {
  const version = storageVersionToReach(await readDefinition(client, kind));
  if (version === undefined) return [];
  const stored: Kind = { ...kind, apiVersion: `${groupOf(kind)}/${version}` };
  const objects = before.map(({ object }) => object);
  const refused = await rewrite(client, objects, stored, signal);
  if (refused.length === 0) await declareMigrated(client, kind, version, signal);
  return refused;
}

async function rewrite(client: Client, objects: readonly KubeObject[], kind: Kind, signal: AbortSignal): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (const object of objects) {
    signal.throwIfAborted();
    const { namespace, name = '' } = object.metadata;
    try {
      await client.patch(kind, namespace, name, {}, { signal });
    } catch (error) {
      if (isAboutTheObject(error)) refused.push({ object, text: textOf(error) });
      // Whatever is gone needs not be moved.
      else if (!isNotFound(error) || isKindNotServed(error)) throw error;
    }
  }
  return refused;
}

async function readDefinition(client: Client, kind: Kind): Promise<Definition> {
  const { plural, apiVersion } = kinds.customResourceDefinition;
  const name = definitionNameOf(kind);
  const definition = await client.get<Definition>(kinds.customResourceDefinition, undefined, name);
  if (definition) return definition;
  const message = `${plural}.${groupOf({ apiVersion })} "${name}" not found`;
  throw new ApiError(404, { kind: 'Status', code: 404, reason: 'NotFound', message });
}

/** A storage version that was changed meanwhile makes it a conflict, and everything begins again. */
async function declareMigrated(client: Client, kind: Kind, version: string, signal: AbortSignal): Promise<void> {
  const definition = await readDefinition(client, kind);
  if (storageVersionToReach(definition) === undefined) return;
  const { resourceVersion, name = '' } = definition.metadata;
  const message = `the storage version is no longer ${version}`;
  if (storageVersionToReach(definition) !== version) throw new ApiError(409, { kind: 'Status', code: 409, reason: 'Conflict', message });
  const body = { metadata: { resourceVersion }, status: { storedVersions: [version] } };
  try {
    await client.patch(kinds.customResourceDefinition, undefined, name, body, { subresource: 'status', signal });
  } catch (error) {
    // Only the server's own controllers and CA injectors touch a CRD at this time; what was read is out of date, that is all.
    if (!isConflict(error)) throw error;
    await declareMigrated(client, kind, version, signal);
  }
}
