import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Client } from './client.ts';

export interface DelegatedAccessOptions {
  readonly client: Pick<Client, 'request'>;
  /** What the client wants to do, as in a rule of a ClusterRole: `{ path: '/metrics', verb: 'get' }`. */
  readonly attributes: { readonly path: string; readonly verb: string };
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}

interface SubjectAccessReview {
  readonly status?: { readonly allowed?: boolean };
}

export type AccessCode = 200 | 401 | 403;

/** A verdict is used again for this long: scrapers come every few seconds, and a token that was taken back must not stay good for long. */
const KEEP_MS = 60_000;
/** Of clients; those who try tokens must not fill the memory. */
const MOST_VERDICTS = 100;

/**
 * Asks the API server whether a client may do something: who it is by its bearer token (TokenReview), and then what it may (SubjectAccessReview).
 *
 * @returns 401 for an unknown client, 403 for one without the permission; throws what the API server answers when it cannot be asked
 */
export function createDelegatedAccess({
  client,
  attributes,
  now = Date.now,
}: DelegatedAccessOptions): (incoming: IncomingMessage) => Promise<AccessCode> {
  const verdicts = new Map<string, { readonly code: Promise<AccessCode>; readonly until: number }>();

  async function review(token: string): Promise<AccessCode> {
    const { status } = await ask<TokenReview>('authentication.k8s.io/v1', 'TokenReview', { token });
    if (!status?.authenticated || !status.user) return 401;
    const { username, ...rest } = status.user;
    const access = await ask<SubjectAccessReview>('authorization.k8s.io/v1', 'SubjectAccessReview', {
      user: username,
      ...rest,
      nonResourceAttributes: attributes,
    });
    return access.status?.allowed ? 200 : 403;
  }

  const ask = <T>(apiVersion: string, kind: string, spec: object): Promise<T> =>
    client.request<T>({
      method: 'POST',
      path: `/apis/${apiVersion}/${kind.toLowerCase()}s`,
      body: { apiVersion, kind, spec },
      countAs: { verb: 'create', kind },
    });

  return ({ headers }) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    if (token === undefined) return Promise.resolve(401);
    const key = createHash('sha256').update(token).digest('base64');
    const known = verdicts.get(key);
    if (known && now() < known.until) return known.code;
    verdicts.delete(key);
    const [oldest] = verdicts.keys();
    if (oldest !== undefined && verdicts.size >= MOST_VERDICTS) verdicts.delete(oldest);
    const code = review(token);
    verdicts.set(key, { code, until: now() + KEEP_MS });
    // What failed is asked again.
    code.catch(() => verdicts.delete(key));
    return code;
  };
}
