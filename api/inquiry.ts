import { type Kind, kinds } from './kinds.ts';
import type { KubeObject } from './kubernetes.ts';
import type { LLMInferenceService } from './types.ts';

/**
 * The pure core decides what it needs to know while it works: which config a baseRef names, which Secret a service account
 * lists. It says so by yielding a question, and goes on with the answer. Whoever runs it answers from the caches and the API
 * server (controllers), from files (CLI) or from a list of objects (tests); see docs/decisions/0001-inquiries.md.
 */
export type Question =
  | { readonly ask: 'get'; readonly kind: Kind; readonly namespace: string; readonly name: string; readonly fresh: boolean }
  | {
      readonly ask: 'list';
      readonly kind: Kind;
      readonly namespace: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly indexed?: IndexKeys;
    }
  | { readonly ask: 'served'; readonly kind: Kind }
  | { readonly ask: 'certificate'; readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] };

/**
 * What services of a namespace can be found by: the routing group they are in, or a qualified model name they claim. Who has the
 * index looks at no other services (B5.27); who has none may answer with all of the namespace, so the one who asks sorts out.
 */
export interface IndexKeys {
  readonly by: 'group' | 'model';
  readonly keys: readonly string[];
}

/** Key and certificate in PEM. */
export interface IssuedCertificate {
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

export type Answer = KubeObject | readonly KubeObject[] | boolean | IssuedCertificate | undefined;

/** A computation that may ask questions before it returns its result. */
export type Inquiry<T> = Generator<Question, T, Answer>;

/**
 * The object, or undefined when it does not exist. `fresh` asks for a direct read instead of a cached one, for objects that
 * are not cached or whose cache may lag behind the event that caused this pass.
 */
export function* get<T = KubeObject>(kind: Kind, namespace: string, name: string, options: { fresh?: boolean } = {}): Inquiry<T | undefined> {
  return (yield { ask: 'get', kind, namespace, name, fresh: options.fresh ?? false }) as T | undefined;
}

/** The object as it is now: what no cache shows may have been created just before, and is read directly (R3.60, R3.106). */
export function* getLive<T = KubeObject>(kind: Kind, namespace: string, name: string): Inquiry<T | undefined> {
  return (yield* get<T>(kind, namespace, name)) ?? (yield* get<T>(kind, namespace, name, { fresh: true }));
}

/** In place of a namespace: all of them. Only for lists by a label that an index knows. */
export const EVERYWHERE = '';

/** The objects of a kind in a namespace (or `EVERYWHERE`) that carry all the labels, sorted by namespace and name. */
export function* list<T = KubeObject>(kind: Kind, namespace: string, labels: Readonly<Record<string, string>> = {}): Inquiry<readonly T[]> {
  return (yield { ask: 'list', kind, namespace, labels }) as readonly T[];
}

/** Services of a namespace, sorted by name: at least those that are found by one of the keys. */
export function* findServices(namespace: string, indexed: IndexKeys): Inquiry<readonly LLMInferenceService[]> {
  return (yield { ask: 'list', kind: kinds.service, namespace, labels: {}, indexed }) as readonly (LLMInferenceService & KubeObject)[];
}

/** Whether the API server serves the kind (its CRD may be missing). */
export function* served(kind: Kind): Inquiry<boolean> {
  return (yield { ask: 'served', kind }) as boolean;
}

/** A new self-signed serving certificate (R3.283). */
export function* certificate(dnsNames: readonly string[], ipAddresses: readonly string[]): Inquiry<IssuedCertificate> {
  return (yield { ask: 'certificate', dnsNames, ipAddresses }) as IssuedCertificate;
}

/** Runs an inquiry with answers that are at hand. */
export function answer<T>(inquiry: Inquiry<T>, respond: (question: Question) => Answer): T {
  let step = inquiry.next();
  while (!step.done) step = inquiry.next(respond(step.value));
  return step.value;
}

/** Runs an inquiry with answers that have to be fetched. An error of `respond` ends it and is passed on. */
export async function answerAsync<T>(inquiry: Inquiry<T>, respond: (question: Question) => Promise<Answer>): Promise<T> {
  let step = inquiry.next();
  while (!step.done) step = inquiry.next(await respond(step.value));
  return step.value;
}
