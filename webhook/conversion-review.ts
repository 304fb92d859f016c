import { convertObject } from '../api/convert.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { isRejection } from '../api/rejection.ts';
import type { Log } from '../controllers/runtime/log.ts';

interface ConversionReview {
  apiVersion: string;
  kind: string;
  request?: { uid: string; desiredAPIVersion: string; objects?: KubeObject[] };
}

/**
 * Answers a ConversionReview (R1.81). One object that cannot be converted fails the whole review.
 *
 * @param body the request body as it came
 * @returns the review with its response, or a sentence that says what is wrong with the request
 */
export function convertReview(body: string, log: Log): Record<string, unknown> | string {
  let review: ConversionReview;
  try {
    review = JSON.parse(body) as ConversionReview;
  } catch (error) {
    return `the request body is not JSON: ${(error as Error).message}`;
  }
  const request = review?.request;
  if (typeof request?.uid !== 'string' || typeof request.desiredAPIVersion !== 'string') return 'the ConversionReview has no request';
  const answer = (response: Record<string, unknown>): Record<string, unknown> => ({
    apiVersion: review.apiVersion,
    kind: review.kind,
    response: { uid: request.uid, ...response },
  });
  const failure = (message: string): Record<string, unknown> => {
    log.warn({ desired: request.desiredAPIVersion }, `conversion failed: ${message}`);
    return answer({ convertedObjects: [], result: { metadata: {}, status: 'Failure', message } });
  };
  try {
    const convertedObjects: KubeObject[] = [];
    for (const object of request.objects ?? []) {
      const converted = convertObject(object, request.desiredAPIVersion);
      if (isRejection(converted)) return failure(converted.message);
      convertedObjects.push(converted);
    }
    return answer({ convertedObjects, result: { metadata: {}, status: 'Success' } });
  } catch (error) {
    log.error({ err: error }, 'conversion failed');
    return failure('internal error occurred during conversion');
  }
}
