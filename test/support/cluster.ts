import { kinds } from '../../api/kinds.ts';
import { findBinaries } from '../../control-plane/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { chooseWebhookAddress, type WebhookAddress } from './webhook-address.ts';

let shared: Promise<ControlPlane> | undefined;
let webhooks: Promise<WebhookAddress> | undefined;

/** Where the CRDs of the shared control plane have objects converted, and where its operator has to serve webhooks. */
export function sharedWebhooks(): Promise<WebhookAddress> {
  webhooks ??= chooseWebhookAddress();
  return webhooks;
}

/**
 * The control plane that all cluster tests of a run share, with the CRDs of this project and of those it works with. The first call
 * starts it; the root hooks stop it. Tests keep to namespaces of their own. Requests for v1alpha1 need the shared operator.
 */
export function cluster(): Promise<ControlPlane> {
  shared ??= startShared();
  return shared;
}

async function startShared(): Promise<ControlPlane> {
  const [binaries, foreign, { manifests }] = await Promise.all([findBinaries({ log }), readManifests(foreignDefinitions), sharedWebhooks()]);
  return startControlPlane({ binaries, definitions: [...foreign, ...manifests.definitions] });
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
