import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { readManifests } from '../cli/manifest-files.ts';
import { packagePath } from '../cli/package-files.ts';
import type { Client } from '../controllers/runtime/client.ts';

/** Services are spread over this many namespaces. */
const NAMESPACES = 5;
/** Users who create services at the same time. */
const USERS = 8;

/** Runs a task for every item, a few at a time. */
export async function forAll<T>(items: readonly T[], atOnce: number, task: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of rest) await task(item);
    }),
  );
}

/** `<prefix>-0` … ; all names of a prefix have the same length, and none is part of another. */
export const namespacesOf = (prefix: string): string[] => Array.from({ length: NAMESPACES }, (_, i) => `${prefix}-${i}`);

export async function createNamespaces(client: Client, prefix: string): Promise<void> {
  await forAll(namespacesOf(prefix), USERS, (name) =>
    client.create({ apiVersion: kinds.namespace.apiVersion, kind: kinds.namespace.kind, metadata: { name } }),
  );
}

/** Creates as many copies of the plain example, one GPU with gateway and scheduler, as fast as some users can. */
export async function createServices(client: Client, prefix: string, count: number): Promise<void> {
  const [example] = readManifests([packagePath('examples/qwen2.5-7b-single-gpu.yaml')]);
  if (!example) throw new Error('the example is gone');
  const namespaces = namespacesOf(prefix);
  const services = Array.from({ length: count }, (_, i): KubeObject => {
    const namespace = namespaces[i % NAMESPACES] ?? prefix;
    const name = `qwen-${String(i).padStart(5, '0')}`;
    const spec = example.object.spec as { model: object };
    // Models of their own: services that share a name are warned about each other all the time (R5.129).
    return { ...example.object, metadata: { name, namespace }, spec: { ...spec, model: { ...spec.model, name: `Qwen/${name}` } } };
  });
  await forAll(services, USERS, (service) => client.create(service));
}
