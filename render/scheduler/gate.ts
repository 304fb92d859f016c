import { annotations } from '../../api/metadata.ts';
import { type Rejection, reject } from '../../api/rejection.ts';
import { parseVersion, type Version } from '../../api/version.ts';

/** Which release of the endpoint picker a pod runs, as far as the operator can tell (R4.40). */
export interface Gate {
  readonly version: Version;
  /** Whether the version comes from the annotation; a guess from the image must not touch what nobody asked to change (B4.5). */
  readonly annotated: boolean;
  /** Set when annotation and image tell different stories (B4.24). */
  readonly disagreement?: string;
}

const unknown: Version = { numbers: [0, 0, 0], prerelease: [] };

/**
 * The version gate: the pod's version annotation, which also counts when it is empty, else the tag of the image when that is
 * a version, else `0.0.0` (R4.40, B4.24).
 */
export function pickerGate(podAnnotations: Readonly<Record<string, string>>, image: string | undefined): Gate | Rejection {
  const stated = podAnnotations[annotations.version];
  const tag = versionOfImage(image);
  if (stated === undefined) return { version: tag?.version ?? unknown, annotated: false };
  if (stated === '') return { version: unknown, annotated: false };
  const version = parseVersion(stated);
  if (version === undefined) return reject('InvalidSchedulerVersion', `failed to parse version "${stated}"`);
  if (tag === undefined || sameRelease(version, tag.version)) return { version, annotated: true };
  return { version, annotated: true, disagreement: `annotation ${annotations.version} says ${stated}, the image is tagged ${tag.text}` };
}

function versionOfImage(image = ''): { text: string; version: Version } | undefined {
  const text = /:([^/:@]+)(?:@.*)?$/.exec(image)?.[1];
  const version = text === undefined ? undefined : parseVersion(text.replace(/^v/, ''));
  return text === undefined || version === undefined ? undefined : { text, version };
}

/** Patches and pre-releases of one minor version behave alike. */
function sameRelease(a: Version, b: Version): boolean {
  return a.numbers[0] === b.numbers[0] && a.numbers[1] === b.numbers[1];
}
