import { kinds } from '../api/kinds.ts';
import type { ConfigMap } from '../api/kubernetes.ts';
import { SETTINGS_CONFIG_MAP } from '../api/metadata.ts';
import type { Caches } from './caches.ts';
import type { Client } from './runtime/client.ts';

/**
 * The operator's ConfigMap as it is now, from the cache once that is filled, else from the API server (R3.17a). A miss in the
 * cache is not believed: right after a write it may lag (R2.1).
 */
export async function readSettings(client: Client, caches: Caches, systemNamespace: string): Promise<ConfigMap | undefined> {
  const cached = caches.settings.hasSynced() ? caches.settings.get(systemNamespace, SETTINGS_CONFIG_MAP) : undefined;
  return (cached ?? (await client.get(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP))) as ConfigMap | undefined;
}
