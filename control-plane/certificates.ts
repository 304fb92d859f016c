import { generateKeyPairSync } from 'node:crypto';
import { issueAuthority, issueCertificate, type KeyAndCertificate } from '../controllers/certificates.ts';

export type { KeyAndCertificate };

const DAY_MS = 24 * 60 * 60 * 1000;
/** A control plane lives for hours; a long demo must not end because of its certificates. */
const VALIDITY_MS = 365 * DAY_MS;
/** Clocks of containers and their hosts differ. */
const BACKDATING_MS = DAY_MS;

/** Issues certificates; `certificate` is its own one, which verifies them. */
export interface CertificateAuthority {
  readonly certificate: string;
  /** For a TLS server under these DNS names and IP addresses. */
  issueServer(name: string, addresses: { readonly dns: readonly string[]; readonly ip: readonly string[] }): Promise<KeyAndCertificate>;
  /** For a client; Kubernetes takes the name as the user's, and the groups as the user's groups. */
  issueClient(name: string, groups?: readonly string[]): Promise<KeyAndCertificate>;
}

/** Makes a new certificate authority; its key never leaves memory. */
export async function createAuthority(name: string): Promise<CertificateAuthority> {
  const authority = await issueAuthority({ subject: [{ CN: [name] }], ...validity() });
  return {
    certificate: authority.certificate,
    issueServer: (commonName, { dns, ip }) =>
      issueCertificate({ subject: [{ CN: [commonName] }], ...validity() }, { server: { dnsNames: dns, ipAddresses: ip } }, authority),
    issueClient: (user, groups = []) =>
      issueCertificate({ subject: [...groups.map((group) => ({ O: [group] })), { CN: [user] }], ...validity() }, 'client', authority),
  };
}

/** The key pair that signs and verifies service account tokens, as PEM. */
export function createTokenKeys(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - BACKDATING_MS), notAfter: new Date(now + VALIDITY_MS) };
}
