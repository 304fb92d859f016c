import { isDeepStrictEqual } from 'node:util';
import { EVERYWHERE, type IndexKeys, type Question } from '../api/inquiry.ts';
import { type Kind, kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';

/**
 * Which reconcile keys asked about which objects. A pass records the questions it asked, so an event on any of these objects,
 * also on one that did not exist then, wakes exactly the keys that would get another answer. No list is scanned (R5.130 - R5.132).
 */
export interface Dependencies {
  /** Adds a question while it is being asked: a change that comes before the pass has ended must not be missed. */
  add(key: string, question: Question): void;
  /** Replaces what is known about a key by the questions of a finished pass. */
  record(key: string, questions: Iterable<Question>): void;
  forget(key: string): void;
  /** Keys whose answers the object takes part in; of an update both versions have to be looked up. */
  dependents(kind: Kind, object: KubeObject): ReadonlySet<string>;
  /** Keys that asked who is found by this key of an index, also when nobody was. */
  dependentsOnIndex(namespace: string, by: IndexKeys['by'], key: string): ReadonlySet<string>;
  /** Keys that asked anything about a kind: what they are told changes when the kind appears or goes (B3.21). */
  dependentsOfKind(kind: Kind): ReadonlySet<string>;
}

const kindKey = (kind: Kind): string => `${kind.apiVersion} ${kind.kind}`;
const objectKey = (kind: Kind, namespace: string | undefined, name: string): string =>
  `${kindKey(kind)} ${kind.namespaced ? (namespace ?? '') : ''}/${name}`;
/** Lists are filed under one of their labels, so that an object finds them by its own labels and no other list is looked at. */
const listKey = (kind: Kind, namespace: string | undefined, label?: readonly [string, string]): string =>
  `${kindKey(kind)} ${kind.namespaced ? (namespace ?? '') : ''}/*${label ? ` ${label[0]}=${label[1]}` : ''}`;

const indexKey = (namespace: string, by: IndexKeys['by'], key: string): string => `${kindKey(kinds.service)} ${by} ${namespace}/${key}`;

type Labels = Readonly<Record<string, string>>;
const matches = (labels: Labels, object: KubeObject): boolean => Object.entries(labels).every(([k, v]) => object.metadata.labels?.[k] === v);

export function createDependencies(): Dependencies {
  /** Object, list, index key or kind → reconcile key → label selectors (an empty one where there is nothing to select). */
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
  const add = (key: string, question: Question): void => {
    if (question.ask === 'certificate') return;
    const { kind } = question;
    note(key, kindKey(kind), {});
    if (question.ask === 'get') note(key, objectKey(kind, question.namespace, question.name), {});
    if (question.ask !== 'list') return;
    const { namespace, labels, indexed } = question;
    if (!indexed) note(key, listKey(kind, namespace, Object.entries(labels)[0]), labels);
    else for (const value of indexed.keys) note(key, indexKey(namespace, indexed.by, value), {});
  };
  const note = (key: string, target: string, labels: Labels): void => {
    const keys = askers.get(target) ?? new Map<string, Labels[]>();
    askers.set(target, keys);
    const selectors = keys.get(key) ?? [];
    if (!selectors.some((known) => isDeepStrictEqual(known, labels))) keys.set(key, [...selectors, labels]);
    const targets = asked.get(key) ?? new Set();
    asked.set(key, targets.add(target));
  };

  return {
    add,
    record(key, questions) {
      forget(key);
      for (const question of questions) add(key, question);
    },
    forget,
    dependents(kind, object) {
      const { namespace, name = '' } = object.metadata;
      const found = new Set<string>(askers.get(objectKey(kind, namespace, name))?.keys());
      const byLabel = [undefined, ...Object.entries(object.metadata.labels ?? {})];
      for (const target of [namespace, EVERYWHERE].flatMap((place) => byLabel.map((label) => listKey(kind, place, label)))) {
        for (const [key, selectors] of askers.get(target) ?? []) {
          if (selectors.some((labels) => matches(labels, object))) found.add(key);
        }
      }
      return found;
    },
    dependentsOnIndex: (namespace, by, key) => new Set(askers.get(indexKey(namespace, by, key))?.keys()),
    dependentsOfKind: (kind) => new Set(askers.get(kindKey(kind))?.keys()),
  };
}
