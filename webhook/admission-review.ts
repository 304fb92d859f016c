import type { KubeObject } from '../api/kubernetes.ts';

/** What the API server asks about one write. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly name: string;
  readonly namespace: string;
  readonly dryRun: boolean;
  /** The new object; absent on DELETE. */
  readonly object?: KubeObject;
  /** The stored object; absent on CREATE. */
  readonly oldObject?: KubeObject;
}

export type JsonPatch = readonly { op: 'add' | 'remove' | 'replace'; path: string; value?: unknown }[];

/** The verdict on a request. `status` of a denial is a Kubernetes Status, complete or just code, reason and message. */
export type Verdict =
  | { readonly allowed: true; readonly warnings?: readonly string[]; readonly patch?: JsonPatch }
  | { readonly allowed: false; readonly warnings?: readonly string[]; readonly status: Record<string, unknown> };

export const allow: Verdict = { allowed: true };

/** A denial that is not about single fields (R1.50). */
export function deny(code: number, message: string, reason?: string): Verdict {
  return { allowed: false, status: { metadata: {}, status: 'Failure', code, message, ...(reason ? { reason } : {}) } };
}

interface Review {
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: AdmissionRequest;
}

const reviewVersions = new Set(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']);
const operations = new Set(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);

/**
 * Reads an AdmissionReview (R1.47).
 *
 * @param body the request body as it came
 * @returns the review, or a sentence that says what is wrong with it
 */
export function readReview(body: string): Review | string {
  if (body.trim() === '') return 'the request body is empty';
  let review: Partial<Review>;
  try {
    review = JSON.parse(body) as Partial<Review>;
  } catch (error) {
    return `the request body is not JSON: ${(error as Error).message}`;
  }
  if (typeof review !== 'object' || review === null || !reviewVersions.has(review.apiVersion ?? '') || review.kind !== 'AdmissionReview') {
    return `expected an AdmissionReview of ${[...reviewVersions].join(' or ')}`;
  }
  const request = review.request as AdmissionRequest | undefined;
  if (typeof request !== 'object' || request === null || typeof request.uid !== 'string') return 'the AdmissionReview has no request';
  return { apiVersion: review.apiVersion ?? '', kind: 'AdmissionReview', request: { ...request, dryRun: request.dryRun === true } };
}

/** Whether the operation is one the API knows; others are refused with code 400 (R1.53). */
export const isKnownOperation = (operation: string): boolean => operations.has(operation);

/** The answer to a review, in the version of the question. */
export function answerReview(apiVersion: string, uid: string, verdict: Verdict): Record<string, unknown> {
  const response: Record<string, unknown> = { uid, allowed: verdict.allowed };
  if (verdict.warnings?.length) response.warnings = verdict.warnings;
  if (!verdict.allowed) response.status = verdict.status;
  else if (verdict.patch?.length) {
    response.patchType = 'JSONPatch';
    response.patch = Buffer.from(JSON.stringify(verdict.patch)).toString('base64');
  }
  return { apiVersion, kind: 'AdmissionReview', response };
}
