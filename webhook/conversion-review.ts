import { convertObject } from '../api/convert.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection } from '../api/rejection.ts';
import type { Log } from '../controllers/runtime/log.ts';

interface ConversionReview {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly request: { readonly uid?: unknown; readonly desiredAPIVersion?: unknown; readonly objects?: unknown };
}

/**
 * Answers a ConversionReview (R1.81). One object that cannot be converted fails the whole review.
 *
 * @param body the request body as it came
 * @returns the review with its response, or a sentence that says what is wrong with the request
 */
export function convertReview(body: string, log: Log): object | string {
  const review = readReview(body);
  if (typeof review === 'string') return review;
  const { apiVersion, kind, request } = review;
  const answer = (response: object): object => ({ apiVersion, kind, response: { uid: request.uid ?? '', ...response } });
  const failure = (message: string): object => {
    log.warn({ uid: request.uid, desired: request.desiredAPIVersion }, `conversion failed: ${message}`);
    return answer({ convertedObjects: [], result: { metadata: {}, status: 'Failure', message } });
  };
  try {
    const convertedObjects: KubeObject[] = [];
    for (const object of (request.objects ?? []) as KubeObject[]) {
      const converted = convertObject(object, String(request.desiredAPIVersion ?? ''));
      if (isRejection(converted)) return failure(converted.message);
      convertedObjects.push(converted);
    }
    return answer({ convertedObjects, result: { metadata: {}, status: 'Success' } });
  } catch (error) {
    log.error({ err: error }, 'conversion failed');
    return failure('internal error occurred during conversion');
  }
}

const KIND = 'ConversionReview';

function readReview(body: string): ConversionReview | string {
  let review: Partial<ConversionReview> | null;
  try {
    review = JSON.parse(body) as Partial<ConversionReview> | null;
  } catch (error) {
    return `the request body is not JSON: ${(error as Error).message}`;
  }
  const { kind = KIND, request } = (review ?? {}) as { kind?: unknown; request?: unknown };
  if (kind !== KIND) return `expected a ${KIND}, got ${JSON.stringify(kind)}`;
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return 'the ConversionReview has no request';
  return { ...review, request };
}
