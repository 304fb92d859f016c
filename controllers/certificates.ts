import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A certificate and its private key (PKCS#8), as PEM. */
export interface KeyAndCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Who a certificate is about, and when it is valid. */
export interface Subject {
  readonly subject: string | JsonName;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What a server is reached at. */
export interface Names {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** What a certificate is used for: a TLS server under these names, or a TLS client. */
export type Usage = { readonly server: Names } | 'client';

function extensionsFor(usage: Usage): Extension[] {
  const isClient = usage === 'client';
  return [
    new KeyUsagesExtension(KeyUsageFlags.keyEncipherment | KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([isClient ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
    new BasicConstraintsExtension(false, undefined, true),
    ...(isClient ? [] : [alternativeNames(usage.server)]),
  ];
}

const alternativeNames = ({ dnsNames, ipAddresses }: Names): Extension =>
  new SubjectAlternativeNameExtension([
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...ipAddresses.map((value) => ({ type: 'ip', value }) as const),
  ]);

/** Issues a certificate for a new ECDSA P-256 key: signed by `issuer`, or by itself without one. */
export async function issueCertificate(about: Subject, usage: Usage, issuer?: KeyAndCertificate): Promise<KeyAndCertificate> {
  const { subject, notBefore, notAfter } = about;
  const extensions = extensionsFor(usage);
  const keys = await generateKeys();
  const common = { serialNumber: newSerialNumber(), notBefore, notAfter, signingAlgorithm: ALGORITHM };
  if (!issuer) {
    const certificate = await X509CertificateGenerator.createSelfSigned({ ...common, name: subject, keys, extensions });
    return toPem(certificate, keys.privateKey);
  }
  const authority = new X509Certificate(issuer.certificate);
  const certificate = await X509CertificateGenerator.create({
    ...common,
    subject,
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(issuer.key),
    extensions: [...extensions, await AuthorityKeyIdentifierExtension.create(authority.publicKey)],
  });
  return toPem(certificate, keys.privateKey);
}

/** Issues the certificate of a new authority, which can issue others. */
export async function issueAuthority(about: Subject): Promise<KeyAndCertificate> {
  const { subject, ...validity } = about;
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: subject,
    keys,
    serialNumber: newSerialNumber(),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return toPem(certificate, keys.privateKey);
}

const generateKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

function newSerialNumber(): string {
  const serial = randomBytes(16);
  // The first bit is cleared, because a serial number is positive, and the second one set, because it must not begin with zeros.
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return serial.toString('hex');
}

async function toPem(certificate: X509Certificate, key: webcrypto.CryptoKey): Promise<KeyAndCertificate> {
  return { certificate: pem('CERTIFICATE', certificate.rawData), key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key)) };
}

function pem(label: string, der: ArrayBuffer): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g);
  return [`-----BEGIN ${label}-----`, ...(lines ?? []), `-----END ${label}-----`, ''].join('\n');
}

function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}
