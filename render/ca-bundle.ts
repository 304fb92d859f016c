import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { ConfigMap, KubeObject } from '../api/kubernetes.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { PodTemplate } from '../api/types.ts';
import type { Context } from './children.ts';
import { addEnv, addMount, addVolume, changeInitContainer, directoryOf, findInitContainer, literalEnv } from './pod-spec.ts';

/** The ConfigMap that carries the bundle in the namespaces of services, and the key it is under (R3.260). */
export const CA_BUNDLE = { configMap: 'global-ca-bundle', key: 'cabundle.crt' } as const;

const VOLUME = 'cabundle-cert';
const DEFAULT_PATH = '/etc/ssl/custom-certs';

/**
 * Gives an init container the CA bundle to trust (R3.261): the installation's, or the one that S3 settings among its
 * environment name. Without either the pod spec stays as it is.
 */
export function injectCaBundle({ service, settings, options }: Context, podSpec: PodTemplate, initContainer: string): PodTemplate {
  const { caBundleConfigMapName, caBundleVolumeMountPath } = settings.storage;
  const container = findInitContainer(podSpec, initContainer);
  const ownConfigMap = literalEnv(container, 'AWS_CA_BUNDLE_CONFIGMAP');
  const ownFile = literalEnv(container, 'AWS_CA_BUNDLE');
  if (caBundleConfigMapName === '' && ownConfigMap === undefined) return podSpec;

  const inSystemNamespace = service.metadata.namespace === options.systemNamespace;
  const configMap = ownConfigMap || (inSystemNamespace ? caBundleConfigMapName : CA_BUNDLE.configMap);
  const mountPath = ownFile ? directoryOf(ownFile) : caBundleVolumeMountPath || DEFAULT_PATH;
  const injected = changeInitContainer(podSpec, initContainer, (found) =>
    addMount(addEnv(found, { name: 'CA_BUNDLE_CONFIGMAP_NAME', value: configMap }, { name: 'CA_BUNDLE_VOLUME_MOUNT_POINT', value: mountPath }), {
      name: VOLUME,
      mountPath,
      readOnly: true,
    }),
  );
  return addVolume(injected, { name: VOLUME, configMap: { name: configMap } });
}

/**
 * The ConfigMap to write so that the service's namespace has the installation's CA bundle, or undefined when none is configured
 * or the copy is up to date (R3.260). It belongs to no service, carries no labels, and is there for stopped services, too.
 */
export function* renderCaBundleCopy({
  service,
  settings,
  options,
}: Pick<Context, 'service' | 'settings' | 'options'>): Inquiry<KubeObject | undefined | Rejection> {
  const source = settings.storage.caBundleConfigMapName;
  if (source === '') return undefined;
  const { namespace } = service.metadata;
  const found = yield* get<ConfigMap>(kinds.configMap, options.systemNamespace, source, { fresh: true });
  if (found === undefined) return reject('CaBundleNotFound', `failed to get configmap ${source} from the cluster`);
  const bundle = found.data?.[CA_BUNDLE.key];
  if (!bundle) return reject('CaBundleNotFound', `specified cabundle file ${CA_BUNDLE.key} not found in cabundle configmap ${source}`);
  const copy = yield* get<ConfigMap>(kinds.configMap, namespace, CA_BUNDLE.configMap, { fresh: true });
  if (copy?.data?.[CA_BUNDLE.key] === bundle) return undefined;
  const { apiVersion, kind } = kinds.configMap;
  return { apiVersion, kind, metadata: { name: CA_BUNDLE.configMap, namespace }, data: { [CA_BUNDLE.key]: bundle } };
}
