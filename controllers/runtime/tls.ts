import type { RequestListener } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer, type Server } from 'node:https';

/** How HTTPS is served (R1.91, R1.92). */
export interface TlsSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL names, separated by colons; those of the runtime when left out. */
  readonly ciphers?: string;
  /** Whether clients are offered HTTP/2 before HTTP/1.1. */
  readonly http2: boolean;
}

export const standardTls: TlsSettings = { minVersion: 'TLSv1.2', http2: true };

/** Certificate and key in PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** What a context for TLS is made of; a server takes another one when its certificate is renewed. */
export function secureContext({ minVersion, ciphers }: TlsSettings, { cert, key }: KeyPair) {
  return { cert, key, minVersion, ...(ciphers === undefined ? {} : { ciphers }) };
}

const HANDSHAKE_TIMEOUT = 10_000;
/** A client may open so many HTTP/2 requests at once, as with Go's server. */
const MOST_STREAMS = 250;

/** What HTTPS servers have in common with and without HTTP/2: connections have to be closed one by one. */
export type TlsServer = Omit<Server, 'closeAllConnections' | 'closeIdleConnections'>;

/**
 * An HTTPS server, not yet listening. With HTTP/2 it is one that falls back to HTTP/1.1; the listener gets the objects of Node's
 * compatibility API.
 */
export function createTlsServer(settings: TlsSettings, pair: KeyPair, listener: RequestListener): TlsServer {
  const options = { ...secureContext(settings, pair), handshakeTimeout: HANDSHAKE_TIMEOUT };
  if (!settings.http2) return createServer({ ...options, ALPNProtocols: ['http/1.1'] }, listener);
  const both = createSecureServer({ ...options, allowHTTP1: true, settings: { maxConcurrentStreams: MOST_STREAMS } });
  return (both as unknown as Server).on('request', listener);
}
