import type { X509Certificate } from 'node:crypto';
import { type Chain, covers, expiryOf, issuedAt, type Lifetimes, renewalOf } from './certificates.ts';

/** What to do about the certificates next. */
export type Step =
  /** Make everything anew. */
  | { readonly do: 'begin' }
  /** Make a new authority and tell the API server to trust it, too. */
  | { readonly do: 'renew authority' }
  /** Make a serving certificate by the current authority. */
  | { readonly do: 'renew certificate' }
  /** Tell the API server to trust the current authority only. */
  | { readonly do: 'forget authorities' }
  /** Look again at this time, in milliseconds since the epoch. */
  | { readonly do: 'wait'; readonly until: number };

/** What the decision depends on besides the certificates. */
export interface Circumstances {
  readonly now: number;
  /** DNS names and IP addresses to be served. */
  readonly names: readonly string[];
  /** How many authorities are trusted. */
  readonly authorities: number;
  /** Since when all configurations of the API server carry the current bundle; undefined while one does not. */
  readonly trustedSince: number | undefined;
  readonly lifetimes: Lifetimes;
}

/**
 * Decides what comes next. An authority is replaced in four steps that never leave the API server with a certificate it does not
 * trust: trust both; wait until that is known everywhere; serve a certificate of the new one; trust the new one only.
 *
 * @param chain certificates that fit together, or undefined when there are none
 */
export function planStep(chain: Chain | undefined, circumstances: Circumstances): Step {
  if (!chain) return { do: 'begin' };
  const { now, names, authorities, lifetimes } = circumstances;
  const { authority, issuer, certificate } = chain;
  if (now >= expiryOf(authority)) return { do: 'begin' };
  if (issuer !== authority) return replaceCertificate(certificate, circumstances);
  if (now >= renewalOf(authority, lifetimes)) return { do: 'renew authority' };
  if (now >= renewalOf(certificate, lifetimes) || !names.every((name) => covers(certificate, name))) return { do: 'renew certificate' };
  const renewal = Math.min(renewalOf(authority, lifetimes), renewalOf(certificate, lifetimes));
  if (authorities === 1) return { do: 'wait', until: renewal };
  const overlapEnds = issuedAt(certificate, lifetimes.backdateMs) + lifetimes.overlapMs;
  return now >= overlapEnds ? { do: 'forget authorities' } : { do: 'wait', until: Math.min(renewal, overlapEnds) };
}

/** The certificate is one of an earlier authority. It is replaced when the new one is trusted, or when it is of no use any more. */
function replaceCertificate(certificate: X509Certificate, { now, trustedSince, lifetimes }: Circumstances): Step {
  const lastMoment = expiryOf(certificate) - lifetimes.settleMs;
  const settled = trustedSince === undefined ? lastMoment : Math.min(lastMoment, trustedSince + lifetimes.settleMs);
  return now >= settled ? { do: 'renew certificate' } : { do: 'wait', until: settled };
}
