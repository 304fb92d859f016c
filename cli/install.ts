import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { kindOf, kinds } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import { loadAccess } from '../controllers/runtime/access.ts';
import { isNotFound, textOf } from '../controllers/runtime/api-error.ts';
import { type Client, createClient, pathOf } from '../controllers/runtime/client.ts';
import { type Installation, installation, type WebhookTarget } from './installation.ts';
import { packageVersion } from './package-files.ts';

const FIELD_MANAGER = 'llmisvc-install';
/** A CRD is served, and a new webhook or namespace is in force, within this time or something is wrong. */
const PATIENCE_MS = 60_000;

/** Server-side apply: says what we want of the object and leaves the rest to others. */
export async function applyObject(client: Client, object: KubeObject): Promise<void> {
  const kind = kindOf(object);
  if (!kind) throw new Error(`cannot install ${object.apiVersion} ${object.kind}: unknown kind`);
  const { namespace, name } = object.metadata;
  await client.request({
    method: 'PATCH',
    path: pathOf(kind, namespace, name),
    query: { fieldManager: FIELD_MANAGER, force: true },
    contentType: 'application/apply-patch+yaml',
    body: object,
    countAs: { verb: 'apply', kind: kind.kind },
  });
}

/** Applies an installation in order; running it again changes nothing or brings it up to date. */
export async function applyInstallation(client: Client, parts: Installation, tell: (line: string) => void): Promise<void> {
  for (const crd of parts.definitions) await applyObject(client, crd);
  for (const crd of parts.definitions) await untilServed(client, crd);
  tell(`CRDs: ${parts.definitions.length}`);
  for (const object of parts.base) await applyObject(client, object);
  tell(`namespace, permissions, settings: ${parts.base.length} objects`);
  for (const preset of parts.presets) await retryWhileStarting(() => applyObject(client, preset));
  tell(`presets: ${parts.presets.length}`);
  for (const configuration of parts.webhooks) await applyObject(client, configuration);
  tell(`webhook configurations: ${parts.webhooks.length}`);
}

async function untilServed(client: Client, { metadata: { name = '' } }: KubeObject): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const crd = await client.get(kinds.customResourceDefinition, undefined, name);
    const conditions = (crd?.status as { conditions?: Condition[] } | undefined)?.conditions ?? [];
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return;
    if (Date.now() > deadline) throw new Error(`the API server does not serve ${name}: ${JSON.stringify(conditions)}`);
    await delay(100);
  }
}

/** A kind that was just established answers 404 for some moments. */
async function retryWhileStarting(attempt: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!isNotFound(error) || Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

/** `llmisvc install` */
export async function install(options: { kubeconfig?: string; webhookUrl?: string; webhookCa?: string }): Promise<void> {
  const access = await loadAccess({ kubeconfig: options.kubeconfig, environment: process.env });
  const client = createClient(access, { version: packageVersion() });
  try {
    await applyInstallation(client, installation(targetOf(options)), (line) => console.log(line));
  } catch (error) {
    throw new Error(`cannot install into ${access.server}: ${textOf(error)}`);
  } finally {
    await client.close();
  }
}

function targetOf({ webhookUrl, webhookCa }: { webhookUrl?: string; webhookCa?: string }): WebhookTarget {
  const caBundle = webhookCa === undefined ? undefined : readFileSync(webhookCa).toString('base64');
  const trusted = caBundle === undefined ? {} : { caBundle };
  return webhookUrl === undefined ? { via: 'service', ...trusted } : { via: 'url', url: webhookUrl, ...trusted };
}
