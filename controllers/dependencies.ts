import { isDeepStrictEqual } from 'node:util';
import { EVERYWHERE, type Question } from '../api/inquiry.ts';
import type { Kind } from '../api/kinds.ts';
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
  /** Keys that asked anything about a kind: what they are told changes when the kind appears or goes (B3.21). */
  dependentsOfKind(kind: Kind): ReadonlySet<string>;
}

const kindKey = (kind: Kind): string => `${kind.apiVersion} ${kind.kind}`;
const objectKey = (kind: Kind, namespace: string | undefined, name: string): string =>
  `${kindKey(kind)} ${kind.namespaced ? (namespace ?? '') : ''}/${name}`;
/** Lists are filed under one of their labels, so that an object finds them by its own labels and no other list is looked at. */
const listKey = (kind: Kind, namespace: string | undefined, label?: readonly [string, string]): string =>
  `${kindKey(kind)} ${kind.namespaced ? (namespace ?? '') : ''}/*${label ? ` ${label[0]}=${label[1]}` : ''}`;

const servedKey = (kind: Kind): string => `${kindKey(kind)} served`;

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
  const add = (key: string, question: Question): void => {
    if (question.ask === 'get') note(key, objectKey(question.kind, question.namespace, question.name), {});
    if (question.ask === 'list') note(key, listKey(question.kind, question.namespace, Object.entries(question.labels)[0]), question.labels);
    if (question.ask === 'served') note(key, servedKey(question.kind), {});
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
    dependentsOfKind(kind) {
      const found = new Set<string>();
      for (const [target, keys] of askers) if (target.startsWith(`${kindKey(kind)} `)) for (const key of keys.keys()) found.add(key);
      return found;
    },
  };
}
