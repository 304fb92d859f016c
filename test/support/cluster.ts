import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../../api/kinds.ts';
import { findBinaries } from '../../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';

const ownDefinitions = join(import.meta.dirname, '..', '..', 'crds');

let shared: Promise<ControlPlane> | undefined;

/**
 * The control plane that all cluster tests of a run share, with the CRDs of this project and of those it works with. The first call
 * starts it; the root hooks stop it. Tests keep to namespaces of their own.
 */
export function cluster(): Promise<ControlPlane> {
  shared ??= startShared();
  return shared;
}

async function startShared(): Promise<ControlPlane> {
  const [binaries, foreign, own] = await Promise.all([
    findBinaries({ log }),
    readManifests(foreignDefinitions),
    existsSync(ownDefinitions) ? readManifests(ownDefinitions) : [],
  ]);
  return startControlPlane({ binaries, definitions: [...foreign, ...own] });
}

/** Ends the shared control plane, if a test has started it. */
export async function stopCluster(): Promise<void> {
  const running = shared;
  shared = undefined;
  // One that did not start has told its test why.
  const controlPlane = await running?.catch(() => undefined);
  await controlPlane?.stop();
}

let count = 0;

/** Creates a namespace that no other test has, and returns its name. It goes away with the cluster. */
export async function namespace(prefix: string): Promise<string> {
  const { admin } = await cluster();
  const name = `${prefix}-${++count}`;
  await admin.create({ apiVersion: kinds.namespace.apiVersion, kind: kinds.namespace.kind, metadata: { name } });
  return name;
}

/** For what takes minutes on the first run: where the control plane comes from. */
export const log = (line: string): void => void process.stderr.write(`${line}\n`);
