import type { KubeObject } from '../../api/kubernetes.ts';

/** Functions from an object to the keys it is found under, by the name of the index. */
export type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** A change of one object: before, after. */
export type Change<T> = readonly [T | undefined, T | undefined];

/** The content of a cache. Writes return what really changed, so that repeated and outdated events fall silent. */
export interface Store<T> {
  get(namespace: string | undefined, name: string): T | undefined;
  list(namespace?: string): readonly T[];
  byIndex(index: string, key: string): readonly T[];
  /** The newest resourceVersion seen; undefined before the first list. */
  resourceVersion(): string | undefined;
  /** Takes over a full list: what is not in it is gone, also when its deletion was never heard of. */
  replace(objects: readonly T[], resourceVersion: string | undefined): readonly Change<T>[];
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): readonly Change<T>[];
  bookmark(resourceVersion: string | undefined): void;
}

const keyOf = (namespace: string | undefined, name: string | undefined): string => `${namespace ?? ''}/${name ?? ''}`;
const keyOfObject = (object: KubeObject): string => keyOf(object.metadata.namespace, object.metadata.name);

/**
 * Compares two resourceVersions: negative when `a` is older. Versions of one kind are numbers that grow (Kubernetes guarantees it
 * since 1.35 and has never done otherwise); anything else compares as equal.
 */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  if (a === b || !a || !b || !/^\d+$/.test(a) || !/^\d+$/.test(b)) return 0;
  return a.length === b.length ? (a < b ? -1 : 1) : a.length - b.length;
}

export function createStore<T extends KubeObject>(indexes: Indexes<T>): Store<T> {
  let objects = new Map<string, T>();
  let byNamespace = new Map<string, Set<string>>();
  let indexed = emptyIndexes(indexes);
  let version: string | undefined;

  const valuesOf = (object: T, name: string): readonly string[] => indexes[name]?.(object) ?? [];

  function put(key: string, object: T): void {
    take(key);
    objects.set(key, object);
    into(byNamespace, object.metadata.namespace ?? '', key);
    for (const [name, index] of indexed) for (const value of valuesOf(object, name)) into(index, value, key);
  }

  function take(key: string): void {
    const old = objects.get(key);
    if (!old) return;
    objects.delete(key);
    outOf(byNamespace, old.metadata.namespace ?? '', key);
    for (const [name, index] of indexed) for (const value of valuesOf(old, name)) outOf(index, value, key);
  }

  const sorted = (keys: Iterable<string>): readonly T[] => [...keys].sort().flatMap((key) => objects.get(key) ?? []);

  return {
    get: (namespace, name) => objects.get(keyOf(namespace, name)),
    list: (namespace) => sorted(namespace === undefined ? objects.keys() : (byNamespace.get(namespace) ?? [])),
    byIndex(name, key) {
      const index = indexed.get(name);
      if (!index) throw new Error(`there is no index ${name}`);
      return sorted(index.get(key) ?? []);
    },
    resourceVersion: () => version,

    replace(list, resourceVersion) {
      const before = objects;
      objects = new Map();
      byNamespace = new Map();
      indexed = emptyIndexes(indexes);
      version = resourceVersion;
      for (const object of list) put(keyOfObject(object), object);
      const changes: Change<T>[] = [];
      for (const [key, old] of before) if (!objects.has(key)) changes.push([old, undefined]);
      for (const [key, object] of objects) changes.push(...difference(before.get(key), object));
      return changes;
    },

    apply(type, object) {
      const key = keyOfObject(object);
      const old = objects.get(key);
      if (compareVersions(version, object.metadata.resourceVersion) < 0) version = object.metadata.resourceVersion;
      if (old && compareVersions(object.metadata.resourceVersion, old.metadata.resourceVersion) < 0) return [];
      if (type === 'DELETED') {
        take(key);
        // The last state comes with the event; it may differ from the one we knew.
        return old ? [[old, undefined]] : [];
      }
      const changes = difference(old, object);
      if (changes.length > 0) put(key, object);
      return changes;
    },

    bookmark(resourceVersion) {
      if (compareVersions(version, resourceVersion) < 0) version = resourceVersion;
    },
  };
}

/** A new uid under the same name is a deletion and a creation, whose events were missed. */
function difference<T extends KubeObject>(old: T | undefined, object: T): Change<T>[] {
  if (!old) return [[undefined, object]];
  if (old.metadata.uid !== object.metadata.uid) {
    return [
      [old, undefined],
      [undefined, object],
    ];
  }
  return old.metadata.resourceVersion === object.metadata.resourceVersion ? [] : [[old, object]];
}

const emptyIndexes = <T>(indexes: Indexes<T>) => new Map(Object.keys(indexes).map((name) => [name, new Map<string, Set<string>>()]));

function into(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  if (keys) keys.add(key);
  else index.set(value, new Set([key]));
}

function outOf(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value);
  keys?.delete(key);
  if (keys?.size === 0) index.delete(value);
}
