import type { Options } from '../../api/options.ts';
import { isWellKnown } from '../../assemble/preset-names.ts';
import type { Caches } from '../caches.ts';
import type { StoredService } from '../service/pass.ts';
import { isSubstantial, sameConfiguration } from '../service/watches.ts';
import { configNamesOf } from './references.ts';

export interface ConfigWatches {
  readonly caches: Caches;
  readonly options: Options;
  /** Asks for a pass over a config, by `namespace/name`; `afterMs` lets many requests become one. */
  enqueue(key: string, afterMs?: number): void;
}

/** Well-known configs list every service; services that come and go together are counted together (B33). */
const GATHER_MS = 500;

/** Wires configs, and the services that use them, to the config reconciler (R1.89, R2.115). */
export function watchForConfigs({ caches, options, enqueue }: ConfigWatches): void {
  caches.configs.onChange((before, after) => {
    const config = after ?? before;
    if (config && isSubstantial(before, after)) enqueue(`${config.metadata.namespace}/${config.metadata.name}`);
  });
  // What templates make of the settings may be another thing now (17.24 of chapter 02).
  caches.settings.onChange((before, after) => {
    if (sameConfiguration(before, after, options)) return;
    for (const { metadata } of caches.configs.list()) enqueue(`${metadata.namespace}/${metadata.name}`, GATHER_MS);
  });
  caches.services.onChange((before, after) => {
    const namespace = (after ?? before)?.metadata.namespace ?? '';
    for (const name of affectedNames(before, after)) {
      const afterMs = isWellKnown(name, options) ? GATHER_MS : undefined;
      for (const place of new Set([namespace, options.systemNamespace])) {
        if (caches.configs.get(place, name)) enqueue(`${place}/${name}`, afterMs);
      }
    }
  });
}

/** Configs whose list of users the change can alter: all when a service comes or goes, else those that are named on one side only. */
function affectedNames(before: StoredService | undefined, after: StoredService | undefined): Set<string> {
  const [old, current] = [before, after].map((service) => new Set(service ? configNamesOf(service) : []));
  const all = new Set([...(old ?? []), ...(current ?? [])]);
  if (!before || !after) return all;
  return new Set([...all].filter((name) => old?.has(name) !== current?.has(name)));
}
