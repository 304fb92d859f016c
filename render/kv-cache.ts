import type { Container, Volume, VolumeMount } from '../api/kubernetes.ts';
import { addQuantities } from '../api/quantity.ts';
import type { FileSystemTierSpec, KVCacheOffloadingSpec, PodTemplate } from '../api/types.ts';
import { addMount, addVolume, changeContainer, containers } from './pod-spec.ts';

/**
 * Secondary tiers of the KV cache: a volume each, mounted on `main` (R3.90). A tier without a file system is skipped, and keeps
 * its index. What goes to a node's disk is added to the ephemeral storage the container requests.
 */
export function addKvCacheTiers(podSpec: PodTemplate, offloading: KVCacheOffloadingSpec | undefined): PodTemplate {
  return (offloading?.secondary ?? []).reduce((result, { fileSystem }, index) => {
    const source = fileSystem === undefined ? undefined : volumeSource(fileSystem);
    if (source === undefined) return result;
    const name = `kv-cache-secondary-${index}`;
    const path = fileSystem?.pvc?.spec === undefined ? fileSystem?.pvc?.ref?.path : undefined;
    const mount: VolumeMount = { name, mountPath: `/mnt/kv-cache-${index}`, ...(path ? { subPath: path } : {}) };
    const mounted = changeContainer(result, containers.main, (main) => addMount(requestDisk(main, fileSystem), mount));
    return addVolume(mounted, { name, ...source });
  }, podSpec);
}

function volumeSource({ emptyDir, pvc }: FileSystemTierSpec): Omit<Volume, 'name'> | undefined {
  if (emptyDir !== undefined) return { emptyDir: { sizeLimit: String(emptyDir.size) } };
  if (pvc?.spec !== undefined) return { ephemeral: { volumeClaimTemplate: { spec: pvc.spec } } };
  return pvc?.ref === undefined ? undefined : { persistentVolumeClaim: { claimName: pvc.ref.name } };
}

function requestDisk(container: Container, fileSystem: FileSystemTierSpec | undefined): Container {
  const size = fileSystem?.emptyDir?.size;
  if (size === undefined) return container;
  const { requests = {} } = container.resources ?? {};
  const total = addQuantities(requests['ephemeral-storage'] ?? '0', size);
  return { ...container, resources: { ...container.resources, requests: { ...requests, 'ephemeral-storage': total } } };
}
