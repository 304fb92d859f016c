import type { AddressInfo } from 'node:net';
import type { Log } from '../controllers/runtime/log.ts';
import { createTlsServer, secureContext, standardTls, type TlsServer, type TlsSettings } from '../controllers/runtime/tls.ts';
import { type AdmissionHandler, application } from './application.ts';
import { watchCertificate } from './certificate-files.ts';
import type { CertificateSource } from './certificate-source.ts';
import { trackConnections } from './connections.ts';

/** A directory with `tls.crt` and `tls.key`, in which a change of either is picked up (R1.92), or another source. */
type Certificate = { readonly certificateDirectory: string } | { readonly certificate: CertificateSource };

export type WebhookServerOptions = Certificate & {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly handlers: ReadonlyMap<string, AdmissionHandler>;
  readonly log: Log;
  /** `standardTls` unless set. */
  readonly tls?: TlsSettings;
  /** Milliseconds that a request may take to arrive, 30,000 unless set: no API server waits longer for a webhook. */
  readonly requestTimeout?: number;
  /** Milliseconds that `stop` waits for requests that are being answered, 10,000 unless set. */
  readonly drainTimeout?: number;
};

export interface WebhookServer {
  readonly port: number;
  /** Takes no more connections, lets running requests finish, and closes all connections. */
  stop(): Promise<void>;
}

const REQUEST_TIMEOUT = 30_000;
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
  const { log, host, handlers, tls = standardTls, requestTimeout = REQUEST_TIMEOUT, drainTimeout = DRAIN_TIMEOUT } = options;
  const certificate = 'certificate' in options ? options.certificate : watchCertificate(options.certificateDirectory, log);
  try {
    const server = createTlsServer(tls, certificate.current(), application({ handlers, log, requestTimeout }));
    server.requestTimeout = requestTimeout;
    server.headersTimeout = requestTimeout;
    server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT;
    // Of HTTP/2, this ends connections without requests.
    server.timeout = KEEP_ALIVE_TIMEOUT;
    certificate.onChange((pair) => server.setSecureContext(secureContext(tls, pair)));
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

function listen(server: TlsServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
