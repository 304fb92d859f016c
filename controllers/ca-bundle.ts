import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Options } from '../api/options.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { Settings } from '../assemble/settings.ts';
import type { Client } from './runtime/client.ts';

const COPY = 'global-ca-bundle';
const FILE = 'cabundle.crt';

type ConfigMap = KubeObject & { data?: Record<string, string> };

/**
 * Keeps the copy of the configured CA bundle in a service's namespace up to date (R3.260). Does nothing when none is configured.
 * Reads go directly to the API server: neither ConfigMap is cached.
 */
export async function syncCaBundle(client: Client, namespace: string, settings: Settings, options: Options): Promise<Rejection | undefined> {
  const source = settings.storage.caBundleConfigMapName;
  if (source === '') return undefined;
  const [original, copy] = await Promise.all([
    client.get<ConfigMap>(kinds.configMap, options.systemNamespace, source),
    client.get<ConfigMap>(kinds.configMap, namespace, COPY),
  ]);
  if (!original)
    return reject(
      'CaBundleMissing',
      `failed to get configmap ${source} from the cluster: it does not exist in namespace ${options.systemNamespace}`,
      { retry: true },
    );
  const bundle = original.data?.[FILE];
  if (!bundle)
    return reject('CaBundleMissing', `specified cabundle file ${FILE} not found in cabundle configmap ${options.systemNamespace}/${source}`, {
      retry: true,
    });
  if (!copy) {
    await client.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: COPY, namespace }, data: { [FILE]: bundle } });
  } else if (copy.data?.[FILE] !== bundle) {
    await client.update({ ...copy, data: { [FILE]: bundle } });
  }
  return undefined;
}
