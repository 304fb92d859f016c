import type { Question } from '../api/inquiry.ts';
import type { Kind } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';

/**
 * Which reconcile keys asked about which objects. A pass records the questions it asked, so an event on any of these objects,
 * also on one that did not exist then, wakes exactly the keys that would get another answer. No list is scanned (R5.130 - R5.132).
 */
export interface Dependencies {
  /** Replaces what is known about a key. */
  record(key: string, questions: Iterable<Question>): void;
  forget(key: string): void;
  /** Keys whose answers the object takes part in; of an update both versions have to be looked up. */
  dependents(kind: Kind, object: KubeObject): ReadonlySet<string>;
}

const kindKey = (kind: Kind): string => `${kind.apiVersion} ${kind.kind}`;
const objectKey = (kind: Kind, namespace: string | undefined, name: string): string =>
  `${kindKey(kind)} ${kind.namespaced ? (namespace ?? '') : ''}/${name}`;
const listKey = (kind: Kind, namespace: string | undefined): string => `${kindKey(kind)} ${kind.namespaced ? (namespace ?? '') : ''}/*`;

type Labels = Readonly<Record<string, string>>;
const matches = (labels: Labels, object: KubeObject): boolean => Object.entries(labels).every(([k, v]) => object.metadata.labels?.[k] === v);

export function createDependencies(): Dependencies {
  /** Object or list → key → label selectors (one empty selector for a named object). */
  const askers = new Map<string, Map<string, Labels[]>>();
  const asked = new Map<string, Set<string>>();

  const forget = (key: string): void => {
    for (const target of asked.get(key) ?? []) {
      const keys = askers.get(target);
      keys?.delete(key);
      if (keys?.size === 0) askers.delete(target);
    }
    asked.delete(key);
  };
  const add = (key: string, target: string, labels: Labels): void => {
    const keys = askers.get(target) ?? new Map<string, Labels[]>();
    askers.set(target, keys);
    keys.set(key, [...(keys.get(key) ?? []), labels]);
    const targets = asked.get(key) ?? new Set();
    asked.set(key, targets.add(target));
  };

  return {
    record(key, questions) {
      forget(key);
      for (const question of questions) {
        if (question.ask === 'get') add(key, objectKey(question.kind, question.namespace, question.name), {});
        if (question.ask === 'list') add(key, listKey(question.kind, question.namespace), question.labels);
      }
    },
    forget,
    dependents(kind, object) {
      const { namespace, name = '' } = object.metadata;
      const found = new Set<string>(askers.get(objectKey(kind, namespace, name))?.keys());
      for (const [key, selectors] of askers.get(listKey(kind, namespace)) ?? []) {
        if (selectors.some((labels) => matches(labels, object))) found.add(key);
      }
      return found;
    },
  };
}
