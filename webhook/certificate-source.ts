import type { KeyPair } from '../controllers/runtime/tls.ts';

/** Where a server's certificate comes from; it may be renewed while the server runs. */
export interface CertificateSource {
  current(): KeyPair;
  /** Tells of a new pair. A listener that throws refuses it: the last one stays. */
  onChange(listener: (pair: KeyPair) => void): void;
  stop(): void | Promise<void>;
}
