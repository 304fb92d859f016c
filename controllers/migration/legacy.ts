import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { labels, PART_OF } from '../../api/metadata.ts';
import { isKindNotServed, isNotFound, textOf } from '../runtime/api-error.ts';
import type { Client } from '../runtime/client.ts';
import type { Log } from '../runtime/log.ts';
import type { Part } from '../runtime/manager.ts';
import { type Clock, systemClock } from './retry.ts';

/** Made by older control planes to scale variants; nothing reads them any more. */
export const variantAutoscaling: Kind = {
  apiVersion: 'llmd.ai/v1alpha1',
  kind: 'VariantAutoscaling',
  plural: 'variantautoscalings',
  namespaced: true,
  typeName: 'v1alpha1.VariantAutoscaling',
};

/** Waits between the three tries to list (R1.99). */
const WAITS_MS = [1000, 2000];

export interface LegacyCleanUpOptions {
  readonly client: Client;
  readonly log: Log;
  readonly clock?: Clock;
}

/** Removes what older control planes left behind, next to the controllers. It never fails (R1.99). */
export function createLegacyCleanUp(options: LegacyCleanUpOptions): Part {
  const abort = new AbortController();
  let running: Promise<void> | undefined;
  return {
    name: 'legacy clean-up',
    start() {
      running = removeVariantAutoscalings(options, abort.signal);
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}

/** Deletes the VariantAutoscalings of this product in all namespaces. What goes wrong is logged. */
export async function removeVariantAutoscalings(options: LegacyCleanUpOptions, signal: AbortSignal): Promise<void> {
  const { client, log } = options;
  for (const { metadata } of await listLeftovers(options, signal)) {
    const { namespace, name = '' } = metadata;
    if (signal.aborted) return;
    try {
      await client.delete(variantAutoscaling, namespace, name, { signal });
      log.info({ object: `${namespace}/${name}` }, 'left-over VariantAutoscaling deleted');
    } catch (error) {
      if (!isNotFound(error)) log.warn({ object: `${namespace}/${name}` }, `left-over VariantAutoscaling not deleted: ${textOf(error)}`);
    }
  }
}

async function listLeftovers({ client, log, clock = systemClock }: LegacyCleanUpOptions, signal: AbortSignal): Promise<readonly KubeObject[]> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return (await client.list(variantAutoscaling, { labelSelector: `${labels.partOf}=${PART_OF}`, metadataOnly: true, signal })).items;
    } catch (error) {
      if (isKindNotServed(error)) return [];
      const wait = WAITS_MS[attempt];
      if (wait === undefined) {
        log.warn(`left-over VariantAutoscalings were not looked for: ${textOf(error)}`);
        return [];
      }
      await clock.sleep(wait, signal);
    }
  }
  return [];
}
