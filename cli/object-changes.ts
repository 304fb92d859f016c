import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from 'diff';
import { Document } from 'yaml';
import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';

/** What becomes of one object. `patch` is a unified diff of its YAML. */
export interface ObjectChange {
  readonly action: 'created' | 'changed' | 'deleted';
  readonly object: KubeObject;
  readonly patch: string;
}

/** What differs between two sets of objects: those of the second in their order, then what only the first has. */
export function compareObjects(before: readonly KubeObject[], after: readonly KubeObject[]): ObjectChange[] {
  const old = new Map(before.map((object) => [keyOf(object), object]));
  const kept = new Set(after.map(keyOf));
  const changes = [
    ...after.map((object) => changeOf(old.get(keyOf(object)), object)),
    ...before.filter((object) => !kept.has(keyOf(object))).map((object) => changeOf(object, undefined)),
  ];
  return changes.filter((change) => change !== undefined);
}

const keyOf = ({ apiVersion, kind, metadata }: KubeObject): string => `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`;

/** `Deployment models/qwen-kserve (apps/v1)` */
export const titleOf = ({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name} (${apiVersion})`;

function changeOf(before: KubeObject | undefined, after: KubeObject | undefined): ObjectChange | undefined {
  const object = after ?? before;
  if (!object) return undefined;
  const [old, current] = withoutSecrets(before, after).map(textOf);
  if (old === current) return undefined;
  const title = titleOf(object);
  const patch = structuredPatch(before ? title : '/dev/null', after ? title : '/dev/null', old ?? '', current ?? '', undefined, undefined, {
    context: 3,
  });
  const action = !before ? 'created' : after ? 'changed' : 'deleted';
  return { action, object, patch: formatPatch(patch, FILE_HEADERS_ONLY) };
}

/** The order of keys means nothing. */
const textOf = (object: KubeObject | undefined): string =>
  object ? new Document(object, { aliasDuplicateObjects: false, sortMapEntries: true }).toString({ lineWidth: 0 }) : '';

type Data = Readonly<Record<string, string>>;

/** The same objects with values of Secrets replaced by marks that show only whether they differ. */
function withoutSecrets(before: KubeObject | undefined, after: KubeObject | undefined): [KubeObject | undefined, KubeObject | undefined] {
  if ((after ?? before)?.kind !== kinds.secret.kind) return [before, after];
  const hide = (object: KubeObject | undefined, other: KubeObject | undefined, mark: string): KubeObject | undefined => {
    if (!object) return undefined;
    const hidden = (['data', 'stringData'] as const).flatMap((field) => {
      const values = object[field] as Data | undefined;
      if (!values) return [];
      const others = other?.[field] as Data | undefined;
      const marks = Object.entries(values).map(([key, value]) => [
        key,
        others?.[key] === undefined || others[key] === value ? '***' : `*** (${mark})`,
      ]);
      return [[field, Object.fromEntries(marks)]];
    });
    return { ...object, ...Object.fromEntries(hidden) };
  };
  return [hide(before, after, 'before'), hide(after, before, 'after')];
}
