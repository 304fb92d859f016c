import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { issueAuthority, issueCertificate } from '../../controllers/certificates.ts';

/** What the operator keeps to serve webhooks without cert-manager. All of it is PEM. */
export interface WebhookCertificates {
  /** Whom the API server shall trust. The first one issues; the others may have issued what is still served. */
  readonly authorities: readonly string[];
  /** The key of the first authority. */
  readonly authorityKey: string;
  readonly certificate: string;
  readonly key: string;
}

/** How long things are good for, in milliseconds. */
export interface Lifetimes {
  readonly authorityMs: number;
  readonly certificateMs: number;
  /** Certificates are valid from this long before they are made: clocks differ. */
  readonly backdateMs: number;
  /** Time that API servers get to hear of a new authority before anything it issued is served. */
  readonly settleMs: number;
  /** Time that replicas get to serve a new authority's certificate before the old authority is forgotten. */
  readonly overlapMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const standardLifetimes: Lifetimes = {
  authorityMs: 3650 * DAY_MS,
  certificateMs: 365 * DAY_MS,
  backdateMs: 60 * MINUTE_MS,
  settleMs: MINUTE_MS,
  overlapMs: 60 * MINUTE_MS,
};

/** A certificate is renewed when this share of its life is over. */
const RENEWED_AT = 2 / 3;

/** When a certificate is due for renewal, in milliseconds since the epoch. */
export function renewalOf(certificate: X509Certificate, { backdateMs }: Lifetimes): number {
  const issued = issuedAt(certificate, backdateMs);
  return issued + RENEWED_AT * (expiryOf(certificate) - issued);
}

export const expiryOf = (certificate: X509Certificate): number => Date.parse(certificate.validTo);
export const issuedAt = (certificate: X509Certificate, backdateMs: number): number => Date.parse(certificate.validFrom) + backdateMs;

/** The bundle for `caBundle` fields. */
export const bundleOf = ({ authorities }: WebhookCertificates): string => authorities.join('');

/** Splits a bundle into its certificates. */
export const certificatesIn = (bundle: string): string[] =>
  (bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((certificate) => `${certificate}\n`);

/** Whether a server's certificate is good for a DNS name or an IP address. */
export const covers = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name, { subject: 'never' })) !== undefined;

/** What certificates say, read. */
export interface Chain {
  readonly authority: X509Certificate;
  /** The authority that issued the serving certificate. */
  readonly issuer: X509Certificate;
  readonly certificate: X509Certificate;
}

/** Reads certificates that fit together; undefined when they do not, or are none. */
export function chainOf(certificates: WebhookCertificates): Chain | undefined {
  try {
    const authorities = certificates.authorities.map((authority) => new X509Certificate(authority));
    const [authority] = authorities;
    const certificate = new X509Certificate(certificates.certificate);
    const issuer = authorities.find((candidate) => certificate.checkIssued(candidate) && certificate.verify(candidate.publicKey));
    const keysFit =
      authority?.checkPrivateKey(createPrivateKey(certificates.authorityKey)) && certificate.checkPrivateKey(createPrivateKey(certificates.key));
    return authority && issuer && keysFit ? { authority, issuer, certificate } : undefined;
  } catch {
    // No PEM, or no certificate in it.
    return undefined;
  }
}

/** An authority of our own, and a certificate for these names. */
export async function beginCertificates(names: readonly string[], now: number, lifetimes: Lifetimes): Promise<WebhookCertificates> {
  const authority = await newAuthority(now, lifetimes);
  const issued = { authorities: [authority.certificate], authorityKey: authority.key, certificate: '', key: '' };
  return renewCertificate(issued, names, now, lifetimes);
}

/** A new authority in front of the old ones. The serving certificate stays until everybody trusts the new one. */
export async function renewAuthority(certificates: WebhookCertificates, now: number, lifetimes: Lifetimes): Promise<WebhookCertificates> {
  const authority = await newAuthority(now, lifetimes);
  return { ...certificates, authorities: [authority.certificate, ...certificates.authorities], authorityKey: authority.key };
}

/** A new serving certificate by the current authority, at the longest for as long as that is valid. */
export async function renewCertificate(
  certificates: WebhookCertificates,
  names: readonly string[],
  now: number,
  lifetimes: Lifetimes,
): Promise<WebhookCertificates> {
  const [authority = ''] = certificates.authorities;
  const notAfter = Math.min(now + lifetimes.certificateMs, expiryOf(new X509Certificate(authority)));
  const about = { subject: [{ CN: ['llmisvc-webhooks'] }], notBefore: new Date(now - lifetimes.backdateMs), notAfter: new Date(notAfter) };
  const server = { dnsNames: names.filter((name) => !isIP(name)), ipAddresses: names.filter((name) => isIP(name)) };
  const issued = await issueCertificate(about, { server }, { certificate: authority, key: certificates.authorityKey });
  return { ...certificates, certificate: issued.certificate, key: issued.key };
}

/** Trust in the current authority only. */
export const forgetAuthorities = (certificates: WebhookCertificates): WebhookCertificates => ({
  ...certificates,
  authorities: certificates.authorities.slice(0, 1),
});

/** Each authority has a name of its own, so that verifiers tell the old one from the new one. */
function newAuthority(now: number, { authorityMs, backdateMs }: Lifetimes) {
  return issueAuthority({
    subject: [{ CN: [`llmisvc-webhooks-ca-${new Date(now).toISOString()}`] }],
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(now + authorityMs),
  });
}
