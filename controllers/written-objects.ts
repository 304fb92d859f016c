import type { KubeObject } from '../api/kubernetes.ts';
import { compareVersions } from './runtime/store.ts';

/**
 * The newest state of objects this process has written itself. A cache follows a write only some moments later; a pass that
 * starts from what is older would write the same again.
 */
export interface WrittenObjects<T extends KubeObject> {
  observe(object: T): void;
  /** The cached object, or what was written since. */
  newest(cached: T): T;
  forget(uid: string): void;
}

export function createWrittenObjects<T extends KubeObject>(): WrittenObjects<T> {
  const byUid = new Map<string, T>();
  return {
    observe: (object) => {
      if (object.metadata.uid) byUid.set(object.metadata.uid, object);
    },
    newest(cached) {
      const uid = cached.metadata.uid ?? '';
      const own = byUid.get(uid);
      if (!own) return cached;
      if (compareVersions(own.metadata.resourceVersion, cached.metadata.resourceVersion) > 0) return own;
      byUid.delete(uid);
      return cached;
    },
    forget: (uid) => {
      byUid.delete(uid);
    },
  };
}
