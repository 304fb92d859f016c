import { type Answer, answer, EVERYWHERE, type Inquiry, type Question } from '../../api/inquiry.ts';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';

/** Answers questions from a list of objects, as a cluster would that holds exactly these. Certificates are not among them. */
export function answersFrom(objects: readonly object[], options: { notServed?: readonly Kind[] } = {}): (question: Question) => Answer {
  const all = objects as readonly KubeObject[];
  const isOfKind = (object: KubeObject, kind: Kind): boolean => object.apiVersion === kind.apiVersion && object.kind === kind.kind;
  return (question) => {
    switch (question.ask) {
      case 'served':
        return !(options.notServed ?? []).some((kind) => kind === question.kind);
      case 'get': {
        const { kind, namespace, name } = question;
        return all.find((o) => isOfKind(o, kind) && o.metadata.name === name && (!kind.namespaced || o.metadata.namespace === namespace));
      }
      case 'list': {
        const { kind, namespace, labels } = question;
        const carries = (o: KubeObject): boolean => Object.entries(labels).every(([key, value]) => o.metadata.labels?.[key] === value);
        return all
          .filter((o) => isOfKind(o, kind) && (namespace === EVERYWHERE || o.metadata.namespace === namespace) && carries(o))
          .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
      }
      case 'certificate':
        throw new Error('a list of objects issues no certificates');
    }
  };
}

/** Runs an inquiry against a list of objects. */
export function ask<T>(inquiry: Inquiry<T>, objects: readonly object[] = [], options: { notServed?: readonly Kind[] } = {}): T {
  return answer(inquiry, answersFrom(objects, options));
}
