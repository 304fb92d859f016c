import type { Answer, Question } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import { listFromCache } from './answers.ts';
import type { Caches } from './caches.ts';
import type { ServedKinds } from './runtime/served-kinds.ts';

/** Stands where a pass would put key material. */
const NOT_ISSUED = '<issued when the service is reconciled>';

/**
 * Answers from the caches alone, for those who may not wait for the API server. A service account that no cache shows is taken to
 * exist, because only those of the operator are cached; other objects without a cache look absent.
 */
export function answerFromCaches({ caches, served }: { caches: Caches; served: ServedKinds }): (question: Question) => Answer {
  return (question) => {
    switch (question.ask) {
      case 'get': {
        const { kind, name } = question;
        const namespace = kind.namespaced ? question.namespace : undefined;
        const known = caches.of(kind)?.get(namespace, name);
        if (known !== undefined || kind !== kinds.serviceAccount) return known;
        return { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace: question.namespace } };
      }
      case 'list':
        return caches.of(question.kind) ? listFromCache(caches, question) : [];
      case 'served':
        return served.serves(question.kind) ?? true;
      case 'certificate':
        return { key: NOT_ISSUED, certificate: NOT_ISSUED, ca: NOT_ISSUED };
    }
  };
}
