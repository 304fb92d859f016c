import type { Volume, VolumeMount } from '../api/kubernetes.ts';

const PREFIX = 'pvc://';

/**
 * Volume and read-only mount for files on a PersistentVolumeClaim: `pvc://<claim>[/<path>]` at `mountPath` (R3.214).
 * The path is taken as it stands, inner and trailing slashes included.
 */
export function claimVolume(uri: string, name: string, mountPath: string): { readonly volume: Volume; readonly mount: VolumeMount } {
  const source = uri.slice(PREFIX.length);
  const slash = source.indexOf('/');
  const claimName = slash < 0 ? source : source.slice(0, slash);
  const subPath = slash < 0 ? '' : source.slice(slash + 1);
  return {
    volume: { name, persistentVolumeClaim: { claimName } },
    mount: { name, mountPath, readOnly: true, ...(subPath === '' ? {} : { subPath }) },
  };
}
