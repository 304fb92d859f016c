import { groupOf, type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { admissionWebhooks, webhookConfigurations } from '../../api/webhooks.ts';
import { isNotFound, textOf } from '../../controllers/runtime/api-error.ts';
import type { Client } from '../../controllers/runtime/client.ts';
import { createInformer, type Informer } from '../../controllers/runtime/informer.ts';
import type { Log } from '../../controllers/runtime/log.ts';
import { createQueue } from '../../controllers/runtime/queue.ts';

interface Target {
  readonly kind: Kind;
  readonly name: string;
}

const webhookKinds: readonly Kind[] = [kinds.mutatingWebhookConfiguration, kinds.validatingWebhookConfiguration];

/** Every object that says whom the API server trusts when it calls our webhooks. CRDs come last: the server takes seconds to check one. */
export const targets: readonly Target[] = [
  ...webhookConfigurations(admissionWebhooks, { namespace: '' }).flatMap(({ kind, metadata }) =>
    webhookKinds.filter((candidate) => candidate.kind === kind).map((candidate) => ({ kind: candidate, name: metadata.name ?? '' })),
  ),
  ...[kinds.service, kinds.config].map((kind) => ({ kind: kinds.customResourceDefinition, name: `${kind.plural}.${groupOf(kind)}` })),
];

interface ClientConfig {
  readonly caBundle?: string;
}

interface Configuration extends KubeObject {
  /** Of webhook configurations. */
  readonly webhooks?: readonly { readonly clientConfig: ClientConfig }[];
  /** Of CRDs. */
  readonly spec?: { readonly conversion?: { readonly strategy?: string; readonly webhook?: { readonly clientConfig?: ClientConfig } } };
}

/**
 * The merge patch that makes an object trust a bundle, for the very version of it that was seen; undefined when it does already or
 * calls no webhook.
 *
 * @param bundle PEM
 */
export function trustPatch(object: Configuration, bundle: string): Record<string, unknown> | undefined {
  const caBundle = Buffer.from(bundle).toString('base64');
  const { resourceVersion } = object.metadata;
  if (object.kind === kinds.customResourceDefinition.kind) {
    const conversion = object.spec?.conversion;
    if (conversion?.strategy !== 'Webhook' || conversion.webhook?.clientConfig?.caBundle === caBundle) return undefined;
    return { metadata: { resourceVersion }, spec: { conversion: { webhook: { clientConfig: { caBundle } } } } };
  }
  const webhooks = object.webhooks ?? [];
  if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return undefined;
  return { metadata: { resourceVersion }, webhooks: webhooks.map((hook) => ({ ...hook, clientConfig: { ...hook.clientConfig, caBundle } })) };
}

export interface TrustOptions {
  readonly client: Client;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The bundle that this replica knows of. */
  readonly bundle: () => string;
  /** The bundle as it is stored now: another replica may have changed it. */
  readonly storedBundle: () => Promise<string>;
  /** All objects that exist trust the bundle now. */
  readonly onTrusted: () => void;
}

/** Keeps the API server's trust in the webhooks up to date, whoever changes its objects. */
export interface Trust {
  start(): void;
  stop(): Promise<void>;
  /** The bundle is another one now; `ours` when this replica has made it. */
  refresh(ours: boolean): void;
  /** Since when all objects that exist trust the bundle; undefined while one does not. */
  trustedSince(): number | undefined;
}

/** Two replicas of different opinions, or cert-manager next to us, must not keep each other busy. */
const REWRITE_MS = 5000;
/** The replica that made the bundle writes at once. The others wait this long, and up to twice as long, and then find nothing to do. */
const STEP_IN_MS = 1500;

export function createTrust(options: TrustOptions): Trust {
  const { client, log, now } = options;
  const informers = new Map(targets.map(({ kind, name }) => [name + kind.kind, informerOf(client, { kind, name }, log)]));
  const written = new Map<string, number>();
  let since: number | undefined;
  let isOurs = false;

  const look = (key: string): void => queue.addAfter(key, isOurs ? 0 : STEP_IN_MS * (1 + Math.random()));
  const objectOf = (key: string): Configuration | undefined => informers.get(key)?.list()[0];

  function reckon(): void {
    const all = [...informers.values()];
    const trusted = all.every((i) => i.hasSynced()) && all.flatMap((i) => i.list()).every((object) => !trustPatch(object, options.bundle()));
    if (!trusted) since = undefined;
    else if (since === undefined) {
      since = now();
      options.onTrusted();
    }
  }

  const queue = createQueue({
    async process(key) {
      const seen = objectOf(key);
      if (seen && trustPatch(seen, options.bundle())) {
        const patch = trustPatch(seen, await options.storedBundle());
        const wait = (written.get(key) ?? Number.NEGATIVE_INFINITY) + REWRITE_MS - now();
        if (patch && wait > 0) return { requeueAfterMs: wait };
        if (patch) await write(key, seen, patch);
      }
      reckon();
      return undefined;
    },
    onError: (key, error, retryInMs) => log.warn({ object: key, retryInMs }, `the API server could not be told whom to trust: ${textOf(error)}`),
    backoff: { firstMs: 50, maxMs: 60_000 },
  });

  async function write(key: string, { metadata: { name = '' } }: KubeObject, patch: Record<string, unknown>): Promise<void> {
    const kind = informers.get(key)?.kind;
    if (!kind) return;
    try {
      await client.patch(kind, undefined, name, patch);
      written.set(key, now());
      log.info({ kind: kind.kind, object: name }, 'the API server was told whom to trust');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const refresh = (ours: boolean): void => {
    since = undefined;
    isOurs = ours;
    for (const key of informers.keys()) {
      written.delete(key);
      look(key);
    }
  };

  return {
    start() {
      for (const [key, informer] of informers) {
        informer.onChange(() => look(key));
        informer.start();
        // An object that does not exist causes no event.
        void informer.waitForSync().then(() => look(key));
      }
      queue.start();
    },
    async stop() {
      await Promise.all([...informers.values()].map((informer) => informer.stop()));
      await queue.stop(1000);
    },
    refresh,
    trustedSince: () => since,
  };
}

/** One object of a kind: more must not be readable for it. Of a CRD, the schemas would only take up memory. */
function informerOf(client: Client, { kind, name }: Target, log: Log): Informer<Configuration> {
  return createInformer<Configuration>({
    client,
    kind,
    fieldSelector: `metadata.name=${name}`,
    log,
    transform: (object) =>
      object.spec === undefined ? object : { ...object, spec: object.spec.conversion ? { conversion: object.spec.conversion } : {} },
  });
}
