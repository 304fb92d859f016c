import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import { type ApiClient, isNotFound } from './api-client.ts';

const CHECK_INTERVAL_MS = 25;
/** Whether its names are taken is read so seldom. */
const TRIES_PER_READING = 40;
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
  await Promise.all(definitions.map((definition) => untilServed(client, definition)));
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

/** Asks discovery most of the time: reading a CRD of a megabyte over and over keeps the server from serving it. */
async function untilServed(client: ApiClient, definition: KubeObject): Promise<void> {
  const { name = '' } = definition.metadata;
  const deadline = performance.now() + TIMEOUT_MS;
  for (let tries = 1; !(await isServed(client, definition)); tries++) {
    if (tries % TRIES_PER_READING === 0) await throwIfRefused(client, name);
    if (performance.now() > deadline) throw new Error(`CRD ${name} is not served after ${TIMEOUT_MS / 1000} s`);
    await delay(CHECK_INTERVAL_MS);
  }
}

/** Whether discovery lists the kind in all of its versions. */
async function isServed(client: ApiClient, { spec }: KubeObject): Promise<boolean> {
  const { group, names, versions } = spec as { group: string; names: { plural: string }; versions: { name: string; served: boolean }[] };
  const found = versions
    .filter(({ served }) => served)
    .map(async ({ name }) => {
      const { resources } = await client.request<{ resources: { name: string }[] }>({ method: 'GET', path: `/apis/${group}/${name}` });
      return resources.some((resource) => resource.name === names.plural);
    });
  try {
    return (await Promise.all(found)).every(Boolean);
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function throwIfRefused(client: ApiClient, name: string): Promise<void> {
  const found = await client.get(kinds.customResourceDefinition, undefined, name);
  const conditions = (found?.status as { conditions?: Condition[] } | undefined)?.conditions ?? [];
  const refused = conditions.find(({ type, status }) => type === 'NamesAccepted' && status === 'False');
  if (refused) throw new Error(`CRD ${name}: ${refused.message}`);
}
