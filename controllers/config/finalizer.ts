import { kinds } from '../../api/kinds.ts';
import { finalizers } from '../../api/metadata.ts';
import { isConflict, isNotFound } from '../runtime/api-error.ts';
import type { Client } from '../runtime/client.ts';
import type { StoredConfig } from './reconcile.ts';

/** Keeps configs from going while services use them (R2.111). */
export interface ConfigFinalizer {
  /** Whether the config has the finalizer. */
  isOn(config: StoredConfig): boolean;
  /** Adds the finalizer where it is missing. A config that is gone, or going without it, is left alone. */
  add(config: StoredConfig): Promise<void>;
  /** Removes it; a config that is gone is fine. */
  remove(config: StoredConfig): Promise<void>;
}

/**
 * Several may want the finalizer on at once: the pass over the config, and those over services that are about to use it (R3.120c).
 * One request serves them all.
 *
 * @param observe is given what was written
 */
export function createConfigFinalizer(client: Client, observe: (config: StoredConfig) => void): ConfigFinalizer {
  const underway = new Map<string, Promise<void>>();
  const isOn = ({ metadata }: StoredConfig): boolean => metadata.finalizers?.includes(finalizers.config) ?? false;

  async function write(config: StoredConfig): Promise<void> {
    if (config.metadata.deletionTimestamp !== undefined) return;
    try {
      observe(await client.patch<StoredConfig>(kinds.config, config.metadata.namespace, config.metadata.name, addition(config)));
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      const live = await client.get<StoredConfig>(kinds.config, config.metadata.namespace, config.metadata.name);
      if (live && !isOn(live)) await write(live);
    }
  }

  return {
    isOn,
    async add(config) {
      if (isOn(config)) return;
      const { uid } = config.metadata;
      const writing = underway.get(uid) ?? write(config).finally(() => underway.delete(uid));
      underway.set(uid, writing);
      await writing;
    },
    async remove({ metadata }) {
      const left = (metadata.finalizers ?? []).filter((f) => f !== finalizers.config);
      try {
        await client.patch(kinds.config, metadata.namespace, metadata.name, {
          metadata: { finalizers: left, resourceVersion: metadata.resourceVersion },
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  };
}

/**
 * The finalizer, and an empty model where there is none: the reference writes the whole typed object here, so its clients find
 * `spec.model.uri` in every config.
 */
const addition = ({ metadata, spec }: StoredConfig) => ({
  metadata: { finalizers: [...(metadata.finalizers ?? []), finalizers.config], resourceVersion: metadata.resourceVersion },
  ...(spec?.model ? {} : { spec: { model: { uri: '' } } }),
});
