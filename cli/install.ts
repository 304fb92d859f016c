import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { groupOf, kindOf, kinds } from '../api/kinds.ts';
import type { Condition, KubeObject } from '../api/kubernetes.ts';
import { loadAccess } from '../controllers/runtime/access.ts';
import { isKindNotServed, isNotFound, textOf } from '../controllers/runtime/api-error.ts';
import { type Client, createClient, pathOf } from '../controllers/runtime/client.ts';
import { CA_INJECTION, type Installation, installation, type WebhookTarget } from './installation.ts';
import { packageVersion } from './package-files.ts';

const FIELD_MANAGER = 'llmisvc-install';
/** A CRD is served, and a new webhook or namespace is in force, within this time or something is wrong. */
const PATIENCE_MS = 180_000;
/** How long the API server may take to answer: CRDs of this size are hard work for it. */
export const ANSWER_MS = 120_000;

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
  const base = applyInOrder(client, parts.base);
  await Promise.all([...parts.definitions.map((crd) => installDefinition(client, crd)), base]);
  tell(`CRDs: ${parts.definitions.length}`);
  tell(`namespace, permissions, settings: ${parts.base.length} objects`);
  await Promise.all(parts.presets.map((preset) => retryWhileStarting(() => installPreset(client, preset))));
  tell(`presets: ${parts.presets.length}`);
  await applyInOrder(client, parts.webhooks);
  tell(`webhook configurations: ${parts.webhooks.length}`);
}

/** A preset that is up to date is not written: its webhook may have nobody to answer it while nothing runs. */
async function installPreset(client: Client, preset: KubeObject): Promise<void> {
  const { namespace, name = '' } = preset.metadata;
  if (!agrees(await client.get(kinds.config, namespace, name), preset)) await applyObject(client, preset);
}

async function applyInOrder(client: Client, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) await applyObject(client, object);
}

/**
 * Creates a CRD or brings it up to date, and waits until it is served. Not by server-side apply, and not at all when it is up to date
 * already: schemas of this size keep an API server busy for seconds with every write.
 */
async function installDefinition(client: Client, crd: KubeObject): Promise<void> {
  const { name = '' } = crd.metadata;
  const live = await client.get(kinds.customResourceDefinition, undefined, name);
  const change = changeOf(crd);
  if (!live) await client.create(crd);
  else if (!agrees(live, change)) await client.patch(kinds.customResourceDefinition, undefined, name, change);
  await untilServed(client, crd);
}

/** A merge patch that makes any older state of the CRD agree, whoever its webhook address and CA came from. */
function changeOf({ metadata, spec }: KubeObject): Record<string, unknown> {
  const { conversion, ...rest } = spec as { conversion: { webhook: { clientConfig: object } } };
  const webhook = { ...conversion.webhook, clientConfig: { url: null, service: null, ...conversion.webhook.clientConfig } };
  return {
    metadata: { annotations: { [CA_INJECTION]: null, ...metadata.annotations } },
    spec: { ...rest, conversion: { ...conversion, webhook } },
  };
}

/** Whether everything a merge patch says holds already. */
export function agrees(live: unknown, wanted: unknown): boolean {
  if (wanted === null || wanted === undefined) return live === null || live === undefined;
  if (Array.isArray(wanted)) return Array.isArray(live) && live.length === wanted.length && wanted.every((item, i) => agrees(live[i], item));
  if (typeof wanted !== 'object') return live === wanted;
  const found = typeof live === 'object' && live !== null ? (live as Record<string, unknown>) : undefined;
  return found !== undefined && Object.entries(wanted).every(([key, value]) => agrees(found[key], value));
}

/** Asks discovery, not for the CRD: reading one of this size over and over keeps the server from serving it. */
async function untilServed(client: Client, { metadata: { name = '' } }: KubeObject): Promise<void> {
  const kind = Object.values(kinds).find((known) => `${known.plural}.${groupOf(known)}` === name);
  if (!kind) throw new Error(`cannot install the CRD ${name}: unknown kind`);
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await client.serves(kind))) {
    if (Date.now() > deadline) throw new Error(`the API server does not serve ${name}: ${await conditionsOf(client, name)}`);
    await delay(100);
  }
}

async function conditionsOf(client: Client, name: string): Promise<string> {
  const crd = await client.get(kinds.customResourceDefinition, undefined, name);
  const conditions = (crd?.status as { conditions?: Condition[] } | undefined)?.conditions ?? [];
  return conditions.map(({ type, status, message }) => `${type} is ${status}: ${message}`).join('; ') || 'it has not looked at the CRD yet';
}

/** A kind that was just established answers 404 for some moments. */
async function retryWhileStarting(attempt: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!(isNotFound(error) || isKindNotServed(error)) || Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

/** `llmisvc install` */
export async function install(options: { kubeconfig?: string; webhookUrl?: string; webhookCa?: string }): Promise<void> {
  const target = targetOf(options);
  const access = await loadAccess({ kubeconfig: options.kubeconfig, environment: process.env });
  const client = createClient(access, { version: packageVersion(), timeoutMs: ANSWER_MS });
  try {
    await applyInstallation(client, installation(target), (line) => console.log(line));
  } catch (error) {
    throw new Error(`cannot install into ${access.server}: ${textOf(error)}`);
  } finally {
    await client.close();
  }
}

function targetOf({ webhookUrl, webhookCa }: { webhookUrl?: string; webhookCa?: string }): WebhookTarget {
  const trusted = webhookCa === undefined ? {} : { caBundle: readAuthority(webhookCa) };
  if (webhookUrl === undefined) return { via: 'service', ...trusted };
  if (!webhookUrl.startsWith('https://')) throw new Error(`--webhook-url must start with https://: ${webhookUrl}`);
  return { via: 'url', url: webhookUrl, ...trusted };
}

/** The certificates of a PEM file, in base64 as webhook configurations hold them. */
function readAuthority(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`--webhook-ca cannot be read: ${(error as Error).message}`);
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`--webhook-ca: no certificate in ${file} (PEM is expected)`);
  return Buffer.from(text).toString('base64');
}
