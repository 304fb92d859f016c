import type { Rejection } from '../api/rejection.ts';

/** What the API server asks about one write. What it sends is not trusted: handlers read the objects with `readObject`. */
export interface AdmissionRequest {
  readonly uid: string;
  /** CREATE, UPDATE, DELETE or CONNECT. */
  readonly operation: string;
  readonly name: string;
  readonly namespace: string;
  /** The new object; absent on DELETE. */
  readonly object?: unknown;
  /** The stored object; absent on CREATE. */
  readonly oldObject?: unknown;
}

export type JsonPatch = readonly { op: 'add' | 'remove' | 'replace'; path: string; value?: unknown }[];

/** The verdict on a request. `status` of a denial is a Kubernetes Status, complete or just code, reason and message. */
export type Verdict =
  | { readonly allowed: true; readonly warnings?: readonly string[]; readonly patch?: JsonPatch }
  | { readonly allowed: false; readonly warnings?: readonly string[]; readonly status: object };

export const allow: Verdict = { allowed: true };

/** A denial that is not about single fields (R1.50). */
export function deny(code: number, message: string, reason?: string): Verdict {
  return { allowed: false, status: { metadata: {}, status: 'Failure', code, message, ...(reason ? { reason } : {}) } };
}

/** A denial with code 403, for what is refused on purpose (R1.50). */
export const forbid = ({ message }: Pick<Rejection, 'message'>): Verdict => deny(403, message, 'Forbidden');

interface Review {
  readonly apiVersion: string;
  readonly request: AdmissionRequest;
}

const V1 = 'admission.k8s.io/v1';
const reviewVersions: ReadonlySet<unknown> = new Set([V1, 'admission.k8s.io/v1beta1']);

/**
 * Reads an AdmissionReview (R1.47). One that does not name its version is taken for v1.
 *
 * @param body the request body as it came
 * @returns the review, or a sentence that says what is wrong with it
 */
export function readReview(body: string): Review | string {
  if (body.trim() === '') return 'the request body is empty';
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch (error) {
    return `the request body is not JSON: ${(error as Error).message}`;
  }
  if (!isObject(review)) return 'the request body is not a JSON object';
  const { apiVersion = V1, kind = 'AdmissionReview', request } = review;
  if (!reviewVersions.has(apiVersion) || kind !== 'AdmissionReview') {
    return `expected an AdmissionReview of ${[...reviewVersions].join(' or ')}`;
  }
  if (!isObject(request)) return 'the AdmissionReview has no request';
  const { uid, operation, name, namespace, object, oldObject } = request;
  return {
    apiVersion: String(apiVersion),
    request: { uid: text(uid), operation: text(operation), name: text(name), namespace: text(namespace), object, oldObject },
  };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The answer to a review, in the version of the question. */
export function answerReview(verdict: Verdict, { apiVersion = V1, uid = '' }: { apiVersion?: string; uid?: string } = {}): object {
  const { allowed, warnings = [] } = verdict;
  return {
    apiVersion,
    kind: 'AdmissionReview',
    response: { uid, allowed, ...(warnings.length > 0 ? { warnings } : {}), ...(verdict.allowed ? patchOf(verdict) : { status: verdict.status }) },
  };
}

function patchOf({ patch = [] }: { patch?: JsonPatch }): object {
  return patch.length > 0 ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') } : {};
}
