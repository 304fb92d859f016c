import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import type { ApiClient } from './api-client.ts';

const CHECK_INTERVAL_MS = 25;
/** A busy machine takes long to compile schemas of this size. */
const TIMEOUT_MS = 120_000;

/** The directory with the CRDs of other projects that services of this one make use of. It is not copied to `dist/`. */
export const foreignDefinitions: string =
  ['crds', '../../control-plane/crds'].map((path) => join(import.meta.dirname, path)).find(existsSync) ?? 'control-plane/crds';

/** Reads all objects of the `*.yaml` files of a directory, in the order of the file names. (A trusted one: aliases are not limited.) */
export async function readManifests(directory: string): Promise<KubeObject[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS({ maxAliasCount: -1 }) as KubeObject | null))
    .filter((object) => object !== null);
}

/** Creates or updates CRDs and waits until the server serves all of them. Other objects are left out. */
export async function installDefinitions(client: ApiClient, objects: readonly KubeObject[]): Promise<void> {
  const definitions = objects.filter((object) => object.kind === kinds.customResourceDefinition.kind);
  await Promise.all(definitions.map((definition) => createOrReplace(client, definition)));
  await Promise.all(definitions.map((definition) => untilEstablished(client, definition.metadata.name ?? '')));
}

/** Not by server-side apply: that takes the server seconds for schemas of this size. */
async function createOrReplace(client: ApiClient, definition: KubeObject): Promise<void> {
  const { name = '' } = definition.metadata;
  const live = await client.get(kinds.customResourceDefinition, undefined, name);
  if (!live) {
    await client.create(definition);
    return;
  }
  const { resourceVersion = '' } = live.metadata;
  await client.update({ ...definition, metadata: { ...definition.metadata, resourceVersion } });
}

async function untilEstablished(client: ApiClient, name: string): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const found = await client.get(kinds.customResourceDefinition, undefined, name);
    const conditions = (found?.status as { conditions?: Condition[] } | undefined)?.conditions ?? [];
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return;
    const refused = conditions.find(({ type, status }) => type === 'NamesAccepted' && status === 'False');
    if (refused) throw new Error(`CRD ${name}: ${refused.message}`);
    if (performance.now() > deadline) throw new Error(`CRD ${name} is not served after ${TIMEOUT_MS / 1000} s`);
    await delay(CHECK_INTERVAL_MS);
  }
}
