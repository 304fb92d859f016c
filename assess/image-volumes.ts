import { conditionTypes } from '../api/conditions.ts';
import type { StorageSettings } from '../assemble/settings.ts';
import { type ConditionChange, clearCondition, markFalse } from './condition-change.ts';

/** What an API server says of itself at `/version`; the minor version may end in `+`. */
export interface ServerVersion {
  readonly major?: string;
  readonly minor?: string;
}

const TYPE = conditionTypes.ociImageVolumeCompatible;

/** What is missing below a minor version, oldest first. */
const gaps: readonly (readonly [below: number, reason: string, text: string])[] = [
  [31, 'ImageVolumeUnsupported', 'image volumes are not supported; they were introduced in 1.31'],
  [33, 'ImageVolumeSubPathUnsupported', 'subPath not supported for image volumes; it needs 1.33 or newer'],
  [35, 'ImageVolumeAlpha', 'image volumes need the feature gate ImageVolume on the API server and on every kubelet'],
];

/**
 * The advice whether pods with image volumes can run, while the installation mounts OCI models that way (R3.245). Nothing is said in
 * any other mode, on a cluster that is new enough, and of a version that is unknown.
 */
export function assessImageVolumes(mode: StorageSettings['configuredOciMode'], version: ServerVersion | undefined): ConditionChange {
  const minor = version?.minor?.replace(/\+$/, '') ?? '';
  const gap = mode === 'native' && /^\d+$/.test(minor) ? gaps.find(([below]) => Number(minor) < below) : undefined;
  if (gap === undefined) return clearCondition(TYPE);
  const [, reason, text] = gap;
  return markFalse(TYPE, reason, `Cluster K8s ${version?.major}.${minor}: ${text}`);
}
