import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 24 * 60 * 60 * 1000;
/** A control plane lives for hours; a long demo must not end because of its certificates. */
const VALIDITY_MS = 365 * DAY_MS;
/** Clocks of containers and their hosts differ. */
const BACKDATING_MS = DAY_MS;

/** A certificate and its private key (PKCS#8), as PEM. */
export interface KeyAndCertificate {
  readonly certificate: string;
  readonly key: string;
}

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
  const keys = await generateKeys();
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    ...serialAndValidity(),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
    ],
  });

  async function issue(subject: { CN?: string[]; O?: string[] }[], extensions: Extension[]): Promise<KeyAndCertificate> {
    const own = await generateKeys();
    const certificate = await X509CertificateGenerator.create({
      subject,
      issuer: authority.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      ...serialAndValidity(),
      extensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true), ...extensions],
    });
    return { certificate: pemOf(certificate), key: await pemOfKey(own.privateKey) };
  }

  return {
    certificate: pemOf(authority),
    issueServer: (commonName, { dns, ip }) =>
      issue(
        [{ CN: [commonName] }],
        [
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([
            ...dns.map((value) => ({ type: 'dns' as const, value })),
            ...ip.map((value) => ({ type: 'ip' as const, value })),
          ]),
        ],
      ),
    issueClient: (user, groups = []) =>
      issue([...groups.map((group) => ({ O: [group] })), { CN: [user] }], [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
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

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function serialAndValidity() {
  const now = Date.now();
  // The first bit is cleared: a serial number is positive.
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return { serialNumber: serial.toString('hex'), notBefore: new Date(now - BACKDATING_MS), notAfter: new Date(now + VALIDITY_MS) };
}

const pemOf = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`;

async function pemOfKey(key: webcrypto.CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}
