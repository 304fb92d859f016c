import { type Answer, answerAsync, get, type Question } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Options } from '../api/options.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { Settings } from '../assemble/settings.ts';
import { isAlreadyExists, isConflict } from './runtime/api-error.ts';
import type { Client } from './runtime/client.ts';

const COPY = 'global-ca-bundle';
const FILE = 'cabundle.crt';

type ConfigMap = KubeObject & { data?: Record<string, string> };

/** Where the bundle is copied to, and how. */
export interface BundleCopy {
  readonly client: Client;
  readonly namespace: string;
  readonly settings: Settings;
  readonly options: Options;
  /** Answers with live reads, and takes note of what was asked: a change of either ConfigMap wakes the service. */
  respond(question: Question): Promise<Answer>;
}

/**
 * Keeps the copy of the configured CA bundle in a service's namespace up to date (R3.260). Does nothing when none is configured.
 *
 * @returns why there is no bundle to copy; nothing is written then
 * @throws when the API server refuses the copy
 */
export async function syncCaBundle({ client, namespace, settings, options, respond }: BundleCopy): Promise<Rejection | undefined> {
  const source = settings.storage.caBundleConfigMapName;
  if (source === '') return undefined;
  const read = (where: string, name: string) => answerAsync(get<ConfigMap>(kinds.configMap, where, name, { fresh: true }), respond);
  const [original, copy] = await Promise.all([read(options.systemNamespace, source), read(namespace, COPY)]);
  const place = `${options.systemNamespace}/${source}`;
  if (!original) {
    const message = `failed to get configmap ${source} from the cluster: configmaps "${source}" not found in namespace ${options.systemNamespace}`;
    return reject('CaBundleMissing', message);
  }
  const bundle = original.data?.[FILE];
  if (!bundle) return reject('CaBundleMissing', `specified cabundle file ${FILE} not found in cabundle configmap ${place}`);
  if (copy?.data?.[FILE] !== bundle) await write(client, namespace, copy, bundle);
  return undefined;
}

/** Another pass may copy at the same moment; the event of its write wakes this service, which then looks again. */
async function write(client: Client, namespace: string, copy: ConfigMap | undefined, bundle: string): Promise<void> {
  const data = { [FILE]: bundle };
  try {
    if (copy) await client.update({ ...copy, data });
    else await client.create({ apiVersion: kinds.configMap.apiVersion, kind: kinds.configMap.kind, metadata: { name: COPY, namespace }, data });
  } catch (error) {
    if (!isAlreadyExists(error) && !isConflict(error)) throw error;
  }
}
