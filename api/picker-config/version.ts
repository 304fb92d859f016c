import { parseVersion, type Version } from '../version.ts';

/** Version of the endpoint picker that the presets run. */
export const SHIPPED_PICKER: Version = { numbers: [0, 10, 0], prerelease: [] };

/** The version that is stated for a picker; the shipped one where none is stated, or `0.0.0`, which stands for an unknown one. */
export function pickerVersion(stated: string | undefined): Version {
  const version = parseVersion(stated ?? '');
  return version === undefined || isUnknown(version) ? SHIPPED_PICKER : version;
}

/** Whether the version is the one that stands for a picker nobody said anything about (R4.40). */
export function isUnknown({ numbers }: Version): boolean {
  return numbers.every((n) => n === 0);
}
