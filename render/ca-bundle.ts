import type { PodTemplate } from '../api/types.ts';
import type { Context } from './children.ts';
import { addEnv, addMount, addVolume, changeInitContainer, directoryOf, findInitContainer, literalEnv } from './pod-spec.ts';

/** The ConfigMap that carries the bundle in the namespaces of services (R3.260). */
const COPY = 'global-ca-bundle';

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
  const configMap = ownConfigMap || (inSystemNamespace ? caBundleConfigMapName : COPY);
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
