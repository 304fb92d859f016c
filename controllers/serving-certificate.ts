import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { IssuedCertificate } from '../api/inquiry.ts';

x509.cryptoProvider.set(webcrypto);

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Twelve years of 365 days. */
const VALID_MS = 12 * 365 * 24 * 60 * 60 * 1000;

const pem = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END ${label}-----\n`;

/**
 * Issues the self-signed serving certificate of a service's pods (R3.283): ECDSA P-256, valid for twelve years from `now`.
 *
 * @param names DNS names and IP addresses the certificate is for
 * @param now milliseconds since the epoch
 * @returns key (PKCS#8) and certificate in PEM; `ca` equals the certificate
 */
export async function issueServingCertificate(
  names: { dnsNames: readonly string[]; ipAddresses: readonly string[] },
  now: number,
): Promise<IssuedCertificate> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const notBefore = new Date(now);
  const notAfter = new Date(now + VALID_MS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('hex'),
    name: 'O=Kserve Self Signed',
    notBefore,
    notAfter,
    keys,
    signingAlgorithm: KEY_ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension([
        ...names.dnsNames.map((value) => ({ type: 'dns', value }) as const),
        ...names.ipAddresses.map((value) => ({ type: 'ip', value }) as const),
      ]),
    ],
  });
  const text = pem('CERTIFICATE', certificate.rawData);
  return { key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)), certificate: text, ca: text };
}
