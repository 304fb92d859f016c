import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { CONVERSION_PATH } from '../api/webhooks.ts';
import { ApiError } from '../controllers/runtime/api-error.ts';
import type { Log } from '../controllers/runtime/log.ts';
import { type AdmissionRequest, answerReview, deny, readReview, type Verdict } from './admission-review.ts';
import { watchCertificate } from './certificate-files.ts';
import type { CertificateSource } from './certificate-source.ts';
import { trackConnections } from './connections.ts';
import { convertReview } from './conversion-review.ts';

/** Decides about one request. A thrown error becomes a denial: an ApiError with its Status, any other with code 500 (R1.50). */
export type AdmissionHandler = (request: AdmissionRequest) => Promise<Verdict> | Verdict;

/** A directory with `tls.crt` and `tls.key`, in which a change of either is picked up (R1.92), or another source. */
type Certificate = { readonly certificateDirectory: string } | { readonly certificate: CertificateSource };

export type WebhookServerOptions = Certificate & {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly handlers: ReadonlyMap<string, AdmissionHandler>;
  readonly log: Log;
  /** As of the TLS flags (R1.91); TLS 1.2 and the ciphers of the runtime unless set. */
  readonly tls?: { readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'; readonly ciphers?: string };
  /** Milliseconds that `stop` waits for requests that are being answered, 10,000 unless set. */
  readonly drainTimeout?: number;
};

export interface WebhookServer {
  readonly port: number;
  /** Takes no more connections, lets running requests finish, and closes all connections. */
  stop(): Promise<void>;
}

/** Admission: R1.47. */
const REVIEW_LIMIT = 7 * 1024 * 1024;
/** A list is converted in one request, with all its objects; v1alpha1 clients have to be able to list thousands of services. */
const CONVERSION_LIMIT = 128 * 1024 * 1024;
/** The API server gives a webhook 30 s at most. */
const REQUEST_TIMEOUT = 30_000;
const HANDSHAKE_TIMEOUT = 10_000;
/** Longer than the 90 s after which the API server drops idle connections: a request must not meet a connection that is closing. */
const KEEP_ALIVE_TIMEOUT = 120_000;
const DRAIN_TIMEOUT = 10_000;

/**
 * Serves admission and conversion over HTTPS (R1.43 - R1.55). Every replica serves, leader or not.
 *
 * The certificate's source stops with the server, also with one that does not start.
 *
 * @throws when the certificate cannot be read or the port is taken
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { log, host, drainTimeout = DRAIN_TIMEOUT } = options;
  const tls = { minVersion: 'TLSv1.2', ...options.tls } as const;
  const certificate = 'certificate' in options ? options.certificate : watchCertificate(options.certificateDirectory, log);
  try {
    const server = createServer(
      { ...tls, ...certificate.current(), ALPNProtocols: ['http/1.1'], handshakeTimeout: HANDSHAKE_TIMEOUT },
      application(options),
    );
    server.requestTimeout = REQUEST_TIMEOUT;
    server.headersTimeout = REQUEST_TIMEOUT;
    server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT;
    certificate.onChange((pair) => server.setSecureContext({ ...tls, ...pair }));
    server.on('tlsClientError', (error, socket) => log.debug({ err: error, client: socket.remoteAddress }, 'no TLS connection'));
    const drain = trackConnections(server);
    await listen(server, host, options.port);
    const { port } = server.address() as AddressInfo;
    log.info({ host, port }, 'webhooks are served');
    return {
      port,
      async stop() {
        await certificate.stop();
        await drain(drainTimeout);
      },
    };
  } catch (error) {
    await certificate.stop();
    throw error;
  }
}

function application({ handlers, log }: WebhookServerOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  for (const [path, handler] of handlers) {
    app.all(path, async (request, response) => {
      response.json(await admit(request, handler, log));
    });
  }
  app.post(CONVERSION_PATH, async (request, response) => {
    await convert(request, response, log);
  });
  app.all(CONVERSION_PATH, (request: Request, response: Response) => {
    log.warn({ method: request.method, path: request.path }, 'only POST is answered');
    response.status(405).set('allow', 'POST').type('text/plain').send('only POST is answered');
  });
  app.use((request: Request, response: Response) => {
    log.warn({ method: request.method, path: request.path }, 'no such path');
    response.status(404).type('text/plain').send(`no such path: ${request.path}`);
  });
  // Express tells an error handler by its four parameters. What gets here is a client that went away, or sent no HTTP.
  const fail: ErrorRequestHandler = (error, request, response, _next) => {
    log.warn({ err: error, path: request.path }, 'request failed');
    if (!response.headersSent) response.status(500).type('text/plain').send('request failed');
  };
  app.use(fail);
  return app;
}

async function admit(request: Request, handler: AdmissionHandler, log: Log): Promise<object> {
  const refuse = (code: number, message: string): object => {
    log.warn({ path: request.path, code }, message);
    return answerReview(deny(code, message));
  };
  const body = await readBody(request, REVIEW_LIMIT);
  if (body === undefined) return refuse(413, `request entity is too large; limit is ${REVIEW_LIMIT} bytes`);
  const contentType = request.headers['content-type'];
  if (contentType !== 'application/json') return refuse(400, `contentType=${contentType ?? ''}, expected application/json`);
  const review = readReview(body);
  if (typeof review === 'string') return refuse(400, review);
  const verdict = await decide(review.request, handler, log.child({ path: request.path, uid: review.request.uid }));
  return answerReview(verdict, { apiVersion: review.apiVersion, uid: review.request.uid });
}

async function decide(request: AdmissionRequest, handler: AdmissionHandler, log: Log): Promise<Verdict> {
  try {
    return await handler(request);
  } catch (error) {
    log.error({ err: error, namespace: request.namespace, name: request.name }, 'admission failed');
    if (error instanceof ApiError) return { allowed: false, status: { ...error.status, code: error.code } };
    return deny(500, `panic: ${error instanceof Error ? error.message : String(error)} [recovered]`);
  }
}

/** What is no conversion review is refused with an HTTP status, because there is no response to put a code into. */
async function convert(request: Request, response: Response, log: Log): Promise<void> {
  const refuse = (status: number, message: string): void => {
    log.warn({ path: request.path, status }, message);
    response.status(status).type('text/plain').send(message);
  };
  const body = await readBody(request, CONVERSION_LIMIT);
  if (body === undefined) return refuse(413, `request entity is too large; limit is ${CONVERSION_LIMIT} bytes`);
  const contentType = request.headers['content-type'];
  if (contentType && !/^application\/json\s*(;|$)/i.test(contentType)) return refuse(415, `contentType=${contentType}, expected application/json`);
  const result = convertReview(body, log);
  if (typeof result === 'string') return refuse(400, result);
  response.json(result);
}

/** The body as text, or undefined when it is larger than the limit. Reads on to the end so that the client gets the answer. */
async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size > limit ? undefined : Buffer.concat(chunks).toString('utf8');
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
