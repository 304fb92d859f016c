import { type Answer, EVERYWHERE, type IndexKeys, type Question } from '../api/inquiry.ts';
import { type Kind, kindOf, kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { labels } from '../api/metadata.ts';
import { BY_GATEWAY, BY_SERVICE, type Caches, gatewayLabels, sharedKey } from './caches.ts';
import type { DirectRead } from './direct-reads.ts';
import type { Client } from './runtime/client.ts';
import type { Informer } from './runtime/informer.ts';
import type { ServedKinds } from './runtime/served-kinds.ts';
import { compareVersions } from './runtime/store.ts';
import { issueServingCertificate } from './serving-certificate.ts';

/** Answers the questions of one pass and remembers what was asked. The API server is asked the same thing only once. */
export interface Answers {
  respond(question: Question): Promise<Answer>;
  /** Takes note of an object as the pass has just written it; the caches follow only some moments later. */
  note(object: KubeObject): void;
  asked(): readonly Question[];
}

export interface AnswerSources {
  readonly client: Client;
  readonly caches: Caches;
  readonly served: ServedKinds;
  readonly read: DirectRead;
}

type GetQuestion = Question & { ask: 'get' };
type ListQuestion = Question & { ask: 'list' };

const keyOf = (apiVersion: string, kind: string, namespace: string | undefined, name: string | undefined): string =>
  `${apiVersion} ${kind} ${namespace ?? ''}/${name ?? ''}`;

/**
 * From what the pass has written, from the caches where they know, else from the API server.
 *
 * @param onAsk told of each question before it is answered
 */
export function openAnswers(sources: AnswerSources, now: number, onAsk: (question: Question) => void = () => undefined): Answers {
  const { client, caches, served, read } = sources;
  const asked = new Map<string, Question>();
  const reads = new Map<string, Promise<KubeObject | undefined>>();
  const written = new Map<string, KubeObject>();

  function findObject(question: GetQuestion): Promise<KubeObject | undefined> | KubeObject | undefined {
    const { kind, name, fresh } = question;
    const namespace = kind.namespaced ? question.namespace : undefined;
    const key = keyOf(kind.apiVersion, kind.kind, namespace, name);
    const own = written.get(key);
    const cache = caches.of(kind);
    if (cache && (own || !fresh)) return newest(cache.get(namespace, name), own);
    if (own) return own;
    const reading = reads.get(key) ?? read(kind, namespace, name);
    reads.set(key, reading);
    return reading;
  }

  return {
    async respond(question) {
      const key = JSON.stringify(question);
      if (!asked.has(key)) onAsk(question);
      asked.set(key, question);
      switch (question.ask) {
        case 'get':
          return await findObject(question);
        case 'list':
          return listFromCache(caches, question, [...written.values()]);
        case 'served':
          return served.serves(question.kind) ?? (await client.serves(question.kind));
        case 'certificate':
          return await issueServingCertificate(question, now);
      }
    },
    note: (object) => {
      const { namespace, name } = object.metadata;
      written.set(keyOf(object.apiVersion, object.kind, namespace, name), object);
    },
    asked: () => [...asked.values()],
  };
}

function newest(cached: KubeObject | undefined, own: KubeObject | undefined): KubeObject | undefined {
  if (!cached || !own) return own ?? cached;
  return compareVersions(own.metadata.resourceVersion, cached.metadata.resourceVersion) > 0 ? own : cached;
}

/** The objects of a kind that a cache holds, filtered as asked, together with what was written since. */
export function listFromCache(
  caches: Caches,
  { kind, namespace, labels: wanted, indexed }: ListQuestion,
  written: readonly KubeObject[] = [],
): readonly KubeObject[] {
  const cache = caches.of(kind);
  if (!cache) throw new Error(`there is no cache of ${kind.kind} to list from`);
  const cached = indexed ? findIndexed(cache, namespace, indexed) : findCandidates(cache, kind, namespace, wanted);
  const isThere = (object: KubeObject): boolean => namespace === EVERYWHERE || object.metadata.namespace === namespace;
  const own = written.filter((object) => kindOf(object) === kind && isThere(object));
  const candidates = own.length === 0 ? cached : withOwn(cached, own);
  return candidates.filter((object) => isThere(object) && Object.entries(wanted).every(([key, value]) => object.metadata.labels?.[key] === value));
}

/** As few objects as an index can narrow it down to. */
function findCandidates(cache: Informer, kind: Kind, namespace: string, wanted: ListQuestion['labels']): readonly KubeObject[] {
  const service = wanted[labels.name];
  if (service !== undefined && kind !== kinds.service) return cache.byIndex(BY_SERVICE, `${namespace}/${service}`);
  const gatewayLabel = kind === kinds.coreService ? gatewayLabels.find((label) => wanted[label] !== undefined) : undefined;
  if (gatewayLabel !== undefined) return cache.byIndex(BY_GATEWAY, `${gatewayLabel}=${wanted[gatewayLabel]}`);
  return cache.list(namespace === EVERYWHERE ? undefined : namespace);
}

function findIndexed(cache: Informer, namespace: string, { by, keys }: IndexKeys): readonly KubeObject[] {
  const found = keys.flatMap((key) => cache.byIndex(by, sharedKey(namespace, key)));
  return [...new Set(found)].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

const placeOf = ({ metadata: { namespace = '', name = '' } }: KubeObject): string => `${namespace}/${name}`;

/** The newer of each object, sorted by namespace and name. */
function withOwn(cached: readonly KubeObject[], own: readonly KubeObject[]): readonly KubeObject[] {
  const byPlace = new Map(cached.map((object) => [placeOf(object), object]));
  for (const object of own) byPlace.set(placeOf(object), newest(byPlace.get(placeOf(object)), object) ?? object);
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
