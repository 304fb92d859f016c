import type { IssuedCertificate } from '../api/inquiry.ts';
import { issueCertificate, type Names } from './certificates.ts';

/** Twelve years of 365 days. */
const VALID_MS = 12 * 365 * 24 * 60 * 60 * 1000;

/**
 * Issues the self-signed serving certificate of a service's pods (R3.283): ECDSA P-256, valid for twelve years from `now`.
 *
 * @param names DNS names and IP addresses the certificate is for
 * @param now milliseconds since the epoch
 * @returns key (PKCS#8) and certificate in PEM; `ca` equals the certificate
 */
export async function issueServingCertificate(names: Names, now: number): Promise<IssuedCertificate> {
  const about = { subject: 'O=Kserve Self Signed', notBefore: new Date(now), notAfter: new Date(now + VALID_MS) };
  const { certificate, key } = await issueCertificate(about, { server: names });
  return { key, certificate, ca: certificate };
}
