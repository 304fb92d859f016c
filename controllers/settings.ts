import { isDeepStrictEqual } from 'node:util';
import type { EventText } from '../api/event-text.ts';
import { kinds } from '../api/kinds.ts';
import type { ConfigMap, KubeObject } from '../api/kubernetes.ts';
import { SETTINGS_CONFIG_MAP } from '../api/metadata.ts';
import type { Options } from '../api/options.ts';
import { readSettingsData, type SettingsProblem, type SettingsReading, settingsKeys } from '../assemble/parse-settings.ts';
import type { Caches } from './caches.ts';
import type { Client } from './runtime/client.ts';
import type { EventRecorder } from './runtime/events.ts';
import type { Log } from './runtime/log.ts';

/** The operator's own ConfigMap. */
export interface SettingsReader {
  /**
   * The ConfigMap as it is now, from the cache once that is filled, else from the API server (R3.17a). A miss in the cache is not
   * believed: right after a write it may lag (R2.1).
   */
  configMap(): Promise<ConfigMap | undefined>;
  /** What it says, as far as it can be read; undefined when it does not exist. It is parsed once per content. */
  read(): Promise<SettingsReading | undefined>;
}

export interface SettingsSources {
  readonly client: Client;
  readonly caches: Pick<Caches, 'settings'>;
  readonly options: Pick<Options, 'systemNamespace'>;
  readonly events: EventRecorder;
  readonly log: Log;
  /** Told of each key whether it can be read, whenever the content changes. */
  readonly onKey?: ((key: string, readable: boolean) => void) | undefined;
}

/** Reads the ConfigMap also when it changes, so that the last good value of a key is known on every replica (B38 of chapter 1). */
export function createSettingsReader({ client, caches, options, events, log, onKey }: SettingsSources): SettingsReader {
  const { systemNamespace } = options;
  let known: { readonly version: string; readonly reading: SettingsReading } | undefined;

  function readingOf(stored: KubeObject): SettingsReading {
    const version = `${stored.metadata.uid}/${stored.metadata.resourceVersion}`;
    if (known?.version === version) return known.reading;
    const before = known?.reading;
    const reading = readSettingsData((stored.data ?? {}) as Record<string, string>, systemNamespace, before);
    known = { version, reading };
    report(stored, reading, before);
    return reading;
  }

  function report(stored: KubeObject, { problems, advice }: SettingsReading, before: SettingsReading | undefined): void {
    const broken = new Set(problems.map(({ key }) => key));
    for (const key of settingsKeys) onKey?.(key, !broken.has(key));
    const messages = [...problems.map(problemText), ...advice];
    if (messages.length === 0 || (before && isDeepStrictEqual(messages, [...before.problems.map(problemText), ...before.advice]))) return;
    const texts = messages.map((message): EventText => ({ type: 'Warning', reason: 'SettingsInvalid', message }));
    for (const message of messages) log.warn(message);
    events.record({ apiVersion: kinds.configMap.apiVersion, kind: kinds.configMap.kind, metadata: stored.metadata }, texts);
  }

  async function find(): Promise<KubeObject | undefined> {
    const cached = caches.settings.hasSynced() ? caches.settings.get(systemNamespace, SETTINGS_CONFIG_MAP) : undefined;
    return cached ?? (await client.get(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP));
  }

  caches.settings.onChange((_, after) => {
    if (after) readingOf(after);
  });
  return {
    configMap: async () => (await find()) as ConfigMap | undefined,
    async read() {
      const found = await find();
      return found && readingOf(found);
    },
  };
}

/** What is wrong with a key, and what that means, for people. */
export function problemText({ key, message, replaced }: SettingsProblem): string {
  const consequence = replaced ? 'the last value that could be read stays in use' : 'services that need it are not reconciled';
  return `key ${JSON.stringify(key)} of ConfigMap ${SETTINGS_CONFIG_MAP} cannot be read, ${consequence}: ${message}`;
}
