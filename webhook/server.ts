import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type Response } from 'express';
import { CONVERSION_PATH } from '../api/webhooks.ts';
import type { Log } from '../controllers/runtime/log.ts';
import { type AdmissionRequest, allow, answerReview, deny, isKnownOperation, readReview, type Verdict } from './admission-review.ts';
import { type CertificateSource, watchCertificate } from './certificate-files.ts';
import { type Connections, trackConnections } from './connections.ts';
import { convertReview } from './conversion-review.ts';

/** Decides about one request. A thrown error becomes a denial with code 500. */
export type AdmissionHandler = (request: AdmissionRequest) => Promise<Verdict> | Verdict;

export interface WebhookServerOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Directory with `tls.crt` and `tls.key`; a change of either is picked up (R1.92). */
  readonly certificateDirectory: string;
  readonly handlers: ReadonlyMap<string, AdmissionHandler>;
  readonly log: Log;
}

export interface WebhookServer {
  readonly port: number;
  stop(): Promise<void>;
}

const BODY_LIMIT = 7 * 1024 * 1024;
/** A client that takes longer than this to send a request is cut off; the API server's own limit is 30 s. */
const REQUEST_TIMEOUT = 30_000;

/**
 * Serves admission and conversion over HTTPS (R1.43 - R1.55). Every replica serves, leader or not.
 *
 * @throws when the certificate cannot be read or the port is taken
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { log } = options;
  const certificate = watchCertificate(options.certificateDirectory, log);
  let server: Server;
  let connections: Connections;
  try {
    server = createServer({ ...certificate.current(), minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] }, application(options));
    connections = trackConnections(server);
    server.requestTimeout = REQUEST_TIMEOUT;
    server.headersTimeout = REQUEST_TIMEOUT;
    certificate.onChange((pair) => server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' }));
    await listen(server, options.host, options.port);
  } catch (error) {
    certificate.stop();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  log.info({ host: options.host, port }, 'webhooks are served');
  return { port, stop: () => close(server, connections, certificate) };
}

function application({ handlers, log }: WebhookServerOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get(['/healthz', '/readyz'], (_request, response) => {
    response.type('text/plain').send('ok');
  });
  for (const [path, handler] of handlers) {
    app.post(path, async (request, response) => {
      response.json(await admit(request, handler, log));
    });
  }
  app.post(CONVERSION_PATH, async (request, response) => {
    await convert(request, response, log);
  });
  app.use((request: Request, response: Response) => {
    log.warn({ method: request.method, path: request.path }, 'no such path');
    response.status(404).type('text/plain').send(`no such path: ${request.path}`);
  });
  return app;
}

async function admit(request: Request, handler: AdmissionHandler, log: Log): Promise<Record<string, unknown>> {
  const refuse = (code: number, message: string): Record<string, unknown> => {
    log.warn({ path: request.path, code }, message);
    return answerReview('admission.k8s.io/v1', '', deny(code, message));
  };
  if (request.headers['content-type'] !== 'application/json') {
    return refuse(400, `contentType=${request.headers['content-type'] ?? ''}, expected application/json`);
  }
  const body = await readBody(request);
  if (body === undefined) return refuse(413, `request entity is too large; limit is ${BODY_LIMIT} bytes`);
  const review = readReview(body);
  if (typeof review === 'string') return refuse(400, review);
  return answerReview(review.apiVersion, review.request.uid, await decide(review.request, handler, request.path, log));
}

async function decide(request: AdmissionRequest, handler: AdmissionHandler, path: string, log: Log): Promise<Verdict> {
  if (!isKnownOperation(request.operation)) return deny(400, `unknown operation ${JSON.stringify(request.operation)}`);
  if (request.operation === 'CONNECT') return allow;
  try {
    return await handler(request);
  } catch (error) {
    log.error({ err: error, path, namespace: request.namespace, name: request.name }, 'admission failed');
    return deny(500, `panic: ${(error as Error).message} [recovered]`);
  }
}

async function convert(request: Request, response: Response, log: Log): Promise<void> {
  const body = await readBody(request);
  const result = body === undefined ? 'the request body is too large' : convertReview(body, log);
  if (typeof result === 'string') {
    log.warn({ path: request.path }, result);
    response.status(400).type('text/plain').send(result);
  } else {
    response.json(result);
  }
}

/** The body as text, or undefined when it is larger than the limit. Reads on to the end so that the client gets the answer. */
async function readBody(request: Request): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  return size > BODY_LIMIT ? undefined : Buffer.concat(chunks).toString('utf8');
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

function close(server: Server, connections: Connections, certificate: CertificateSource): Promise<void> {
  certificate.stop();
  return new Promise((resolve) => {
    server.close(() => resolve());
    connections.drain();
  });
}
