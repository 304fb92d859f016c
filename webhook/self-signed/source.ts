import { kinds } from '../../api/kinds.ts';
import { WEBHOOK_SECRET } from '../../api/webhooks.ts';
import { isAlreadyExists, isConflict, isNotFound, textOf } from '../../controllers/runtime/api-error.ts';
import type { Client } from '../../controllers/runtime/client.ts';
import { createInformer } from '../../controllers/runtime/informer.ts';
import type { Log } from '../../controllers/runtime/log.ts';
import { createQueue, type Requeue } from '../../controllers/runtime/queue.ts';
import type { KeyPair } from '../../controllers/runtime/tls.ts';
import type { CertificateSource } from '../certificate-source.ts';
import {
  beginCertificates,
  bundleOf,
  chainOf,
  expiryOf,
  forgetAuthorities,
  type Lifetimes,
  renewAuthority,
  renewCertificate,
  standardLifetimes,
  type WebhookCertificates,
} from './certificates.ts';
import { planStep, type Step } from './plan.ts';
import { isOurs, readSecret, secretWith } from './secret.ts';
import { createTrust } from './trust.ts';

export interface SelfSignedOptions {
  readonly client: Client;
  /** The system namespace, where the Secret is. */
  readonly namespace: string;
  /** DNS names and IP addresses at which the API server reaches the webhooks. */
  readonly names: readonly string[];
  readonly log: Log;
  readonly lifetimes?: Lifetimes;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** There is a Secret of that name, and it is somebody else's. */
export class ForeignSecretError extends Error {
  override readonly name = 'ForeignSecretError';
}

const KEY = 'certificates';

/**
 * A certificate that the operator issues itself. It is kept in a Secret that all replicas share, is renewed long before it runs
 * out, and the API server is told whom to trust. Resolves when there is one to serve with.
 *
 * @throws ForeignSecretError, ApiError, or a network error
 */
export async function openSelfSignedCertificate(options: SelfSignedOptions): Promise<CertificateSource> {
  const { client, namespace, names, log, lifetimes = standardLifetimes, now = Date.now } = options;
  const listeners: ((pair: KeyPair) => void)[] = [];
  let certificates: WebhookCertificates | undefined;

  async function readStored() {
    const secret = await client.get(kinds.secret, namespace, WEBHOOK_SECRET);
    if (secret && !isOurs(secret)) {
      throw new ForeignSecretError(
        `Secret ${namespace}/${WEBHOOK_SECRET} was not made by the operator: mount it and use --webhook-cert-mode=files, or delete it`,
      );
    }
    return { secret, stored: secret && readSecret(secret) };
  }

  /** What to store next. A Secret that was deleted or damaged comes back as it was: the API server trusts that already. */
  function carryOut(
    step: Exclude<Step, { do: 'wait' }>,
    stored: WebhookCertificates | undefined,
  ): Promise<WebhookCertificates> | WebhookCertificates {
    const known = certificates && chainOf(certificates);
    if (step.do === 'begin' || !stored) {
      return certificates && known && now() < expiryOf(known.certificate) ? certificates : beginCertificates(names, now(), lifetimes);
    }
    if (step.do === 'renew authority') return renewAuthority(stored, now(), lifetimes);
    if (step.do === 'renew certificate') return renewCertificate(stored, names, now(), lifetimes);
    return forgetAuthorities(stored);
  }

  /** One step; the wait until the next one when there is nothing to do. When another replica is faster, its step counts. */
  async function takeStep(): Promise<Requeue | undefined> {
    const { secret, stored } = await readStored();
    const chain = stored && chainOf(stored);
    if (stored && chain) adopt(stored, false);
    const authorities = stored?.authorities.length ?? 0;
    const step = planStep(chain, { now: now(), names, authorities, trustedSince: trust.trustedSince(), lifetimes });
    if (step.do === 'wait') return { requeueAfterMs: Math.max(step.until - now(), 1) };
    const next = await carryOut(step, stored);
    try {
      const object = secretWith(next, namespace, secret);
      await (secret ? client.update(object) : client.create(object));
      adopt(next, true);
      log.info({ secret: WEBHOOK_SECRET, step: step.do }, 'webhook certificate stored');
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error) && !(secret && isNotFound(error))) throw error;
    }
    return undefined;
  }

  /** Takes steps until there is nothing to do but wait. */
  async function work(): Promise<Requeue> {
    for (;;) {
      const requeue = await takeStep();
      if (requeue) return requeue;
    }
  }

  function adopt(next: WebhookCertificates, ours: boolean): void {
    const before = certificates;
    certificates = next;
    if (before && (before.certificate !== next.certificate || before.key !== next.key)) {
      for (const listener of listeners) listener(pairOf(next));
      log.info('webhook certificate replaced');
    }
    if (!before || bundleOf(before) !== bundleOf(next)) trust.refresh(ours);
  }

  const bundle = (): string => (certificates ? bundleOf(certificates) : '');
  const trust = createTrust({
    client,
    log,
    now,
    bundle,
    storedBundle: async () => {
      const { stored } = await readStored();
      return stored && chainOf(stored) ? bundleOf(stored) : bundle();
    },
    onTrusted: () => queue.add(KEY),
  });
  const queue = createQueue({
    process: work,
    onError: (_, error, retryInMs) => log.error({ retryInMs }, `webhook certificate cannot be kept up to date: ${textOf(error)}`),
    backoff: { firstMs: 100, maxMs: 60_000 },
  });
  const secrets = createInformer({ client, kind: kinds.secret, namespace, fieldSelector: `metadata.name=${WEBHOOK_SECRET}`, log });

  queue.addAfter(KEY, (await work()).requeueAfterMs);
  secrets.onChange(() => queue.add(KEY));
  secrets.start();
  trust.start();
  queue.start();
  return {
    current: () => pairOf(certificates),
    onChange: (listener) => listeners.push(listener),
    async stop() {
      await Promise.all([secrets.stop(), trust.stop(), queue.stop(1000)]);
    },
  };
}

const pairOf = (certificates: WebhookCertificates | undefined): KeyPair => ({ cert: certificates?.certificate ?? '', key: certificates?.key ?? '' });
