import { getCiphers } from 'node:tls';
import { standardTls, type TlsSettings } from '../controllers/runtime/tls.ts';
import { readList } from './environment.ts';

/** The TLS flags as they were given (R1.91). */
export interface TlsFlags {
  readonly tlsMinVersion?: string;
  readonly tlsCipherSuites?: string;
  /** Undefined when it was not given. */
  readonly enableHttp2?: boolean;
}

const MIN_VERSIONS: Readonly<Record<string, TlsSettings['minVersion']>> = { '': 'TLSv1.2', VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' };

/** The cipher suites that the flag may name, in the words of IANA, and what OpenSSL calls them. Those of TLS 1.3 have one name. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
};

/**
 * How webhooks and metrics are to be served.
 *
 * @throws Error for a version or suite that is unknown, and for suites together with TLS 1.3, which has its own
 */
export function readTlsSettings({ tlsMinVersion = '', tlsCipherSuites = '', enableHttp2 }: TlsFlags): TlsSettings {
  if (tlsMinVersion === '' && tlsCipherSuites === '') return { ...standardTls, http2: enableHttp2 ?? standardTls.http2 };
  const minVersion = MIN_VERSIONS[tlsMinVersion.trim()];
  if (minVersion === undefined) throw new Error(`--tls-min-version=${tlsMinVersion}: VersionTLS12 or VersionTLS13 is needed`);
  if (tlsCipherSuites === '') return { ...standardTls, minVersion };
  const ciphers = opensslNames(tlsCipherSuites);
  if (minVersion === 'TLSv1.3') throw new Error('--tls-cipher-suites cannot be combined with VersionTLS13: the suites of TLS 1.3 are fixed');
  return { ...standardTls, minVersion, ciphers: ciphers.join(':') };
}

function opensslNames(text: string): string[] {
  const names = readList(text);
  if (names.length === 0) throw new Error(`--tls-cipher-suites=${text} names no cipher suite`);
  const available = new Set(getCiphers());
  return names.map((name) => {
    const found = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
    if (found === undefined) throw new Error(`--tls-cipher-suites: unknown cipher suite ${name}`);
    if (!available.has(found.toLowerCase())) throw new Error(`--tls-cipher-suites: this system does not offer ${name}`);
    return found;
  });
}
