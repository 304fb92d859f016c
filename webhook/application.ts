import type { IncomingMessage, OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { CONVERSION_PATH } from '../api/webhooks.ts';
import { ApiError } from '../controllers/runtime/api-error.ts';
import type { Log } from '../controllers/runtime/log.ts';
import { type AdmissionRequest, answerReview, deny, readReview, type Verdict } from './admission-review.ts';
import { convertReview } from './conversion-review.ts';

/** Decides about one request. A thrown error becomes a denial: an ApiError with its Status, any other with code 500 (R1.50). */
export type AdmissionHandler = (request: AdmissionRequest) => Promise<Verdict> | Verdict;

export interface ApplicationOptions {
  /** By path. */
  readonly handlers: ReadonlyMap<string, AdmissionHandler>;
  readonly log: Log;
  /** Milliseconds that a body may take to arrive. */
  readonly requestTimeout: number;
}

/** Admission: R1.47. */
const REVIEW_LIMIT = 7 * 1024 * 1024;
/** A list is converted in one request, with all its objects; v1alpha1 clients have to be able to list thousands of services. */
const CONVERSION_LIMIT = 128 * 1024 * 1024;

/** Answers reviews: admission at the paths of the handlers, and conversion. Whatever else comes is refused, and logged. */
export function application({ handlers, log, requestTimeout }: ApplicationOptions): RequestListener {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const handler = handlers.get(path);
    if (handler) {
      const body = await readBody(request, REVIEW_LIMIT, requestTimeout);
      return sendJson(response, await admit({ path, body, contentType: request.headers['content-type'] }, handler, log));
    }
    const refuse = (status: number, text: string, headers: OutgoingHttpHeaders = {}): void => {
      log.warn({ method: request.method, path, status }, text);
      sendText(response, status, text, headers);
    };
    if (path !== CONVERSION_PATH) return refuse(404, `no such path: ${path}`);
    if (request.method !== 'POST') return refuse(405, 'only POST is answered', { allow: 'POST' });
    const body = await readBody(request, CONVERSION_LIMIT, requestTimeout);
    const converted = convert(body, request.headers['content-type'], log);
    return 'refusal' in converted ? refuse(converted.status, converted.refusal) : sendJson(response, converted.review);
  }
  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A client that went away, or was too slow.
      log.warn({ err: error, path: pathOf(request) }, 'request failed');
      response.destroy();
    });
  };
}

/** Without the query, in which the API server states its time-out. */
const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0] ?? '';

interface Post {
  readonly path: string;
  readonly body: string | undefined;
  readonly contentType: string | undefined;
}

/** What is wrong with the request goes into the response, with HTTP status 200 (R1.47). */
async function admit({ path, body, contentType = '' }: Post, handler: AdmissionHandler, log: Log): Promise<object> {
  const refuse = (code: number, message: string): object => {
    log.warn({ path, code }, message);
    return answerReview(deny(code, message));
  };
  if (body === undefined) return refuse(413, `request entity is too large; limit is ${REVIEW_LIMIT} bytes`);
  if (contentType !== 'application/json') return refuse(400, `contentType=${contentType}, expected application/json`);
  const review = readReview(body);
  if (typeof review === 'string') return refuse(400, review);
  const verdict = await decide(review.request, handler, log, path);
  return answerReview(verdict, { apiVersion: review.apiVersion, uid: review.request.uid });
}

async function decide(request: AdmissionRequest, handler: AdmissionHandler, log: Log, path: string): Promise<Verdict> {
  try {
    return await handler(request);
  } catch (error) {
    const { uid, namespace, name } = request;
    log.error({ err: error, path, uid, namespace, name }, 'admission failed');
    if (error instanceof ApiError) return { allowed: false, status: { ...error.status, code: error.code } };
    return deny(500, `panic: ${error instanceof Error ? error.message : String(error)} [recovered]`);
  }
}

/** What is no conversion review is refused with an HTTP status, because there is no response to put a code into (R1.81). */
function convert(
  body: string | undefined,
  contentType: string | undefined,
  log: Log,
): { readonly review: object } | { readonly status: number; readonly refusal: string } {
  if (body === undefined) return { status: 413, refusal: `request entity is too large; limit is ${CONVERSION_LIMIT} bytes` };
  if (contentType && !/^application\/json\s*(;|$)/i.test(contentType)) {
    return { status: 415, refusal: `contentType=${contentType}, expected application/json` };
  }
  const review = convertReview(body, log);
  return typeof review === 'string' ? { status: 400, refusal: review } : { review };
}

/**
 * The body as text, or undefined when it is larger than the limit. Reads on to the end so that the client gets the answer.
 *
 * @throws when the client goes away, or takes longer than the time-out; Node has none of its own for HTTP/2
 */
function readBody(request: IncomingMessage, limit: number, timeout: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const deadline = setTimeout(() => request.destroy(new Error('the request took too long')), timeout);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else chunks = [];
    });
    request.once('end', () => {
      clearTimeout(deadline);
      resolve(size > limit ? undefined : Buffer.concat(chunks).toString('utf8'));
    });
    request.on('error', reject);
    request.once('close', () => {
      clearTimeout(deadline);
      reject(new Error('the client went away'));
    });
  });
}

function sendJson(response: ServerResponse, review: object): void {
  send(response, 200, JSON.stringify(review), { 'content-type': 'application/json; charset=utf-8' });
}

function sendText(response: ServerResponse, status: number, text: string, headers: OutgoingHttpHeaders): void {
  send(response, status, text, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
}

function send(response: ServerResponse, status: number, text: string, headers: OutgoingHttpHeaders): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
