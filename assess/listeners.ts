import type { Gateway, Listener } from '../api/gateway-api.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { ParentReference } from '../api/types.ts';

export type Scheme = 'http' | 'https';

/** A listener that can be reached by URL. */
export interface HttpListener extends Listener {
  readonly scheme: Scheme;
}

const schemes: Readonly<Record<string, Scheme>> = { HTTP: 'http', HTTPS: 'https', TLS: 'https' };

/**
 * The listeners through which a parent reference reaches a route (R5.54): the one it names, or all that speak HTTP in the order
 * preferred scheme, https, http; only those on its port if it states one (B5.15).
 *
 * @param preferredScheme `urlScheme` of the settings
 */
export function selectListeners(
  gateway: Gateway,
  { sectionName, port }: Pick<ParentReference, 'sectionName' | 'port'>,
  preferredScheme: string,
): HttpListener[] | Rejection {
  const key = `${gateway.metadata.namespace}/${gateway.metadata.name}`;
  const listeners = gateway.spec?.listeners ?? [];
  if (sectionName) {
    const named = listeners.find((listener) => listener.name === sectionName);
    if (!named) return reject('ListenerNotFound', `listener "${sectionName}" not found in gateway ${key}`);
    const scheme = schemes[named.protocol];
    if (!scheme) return reject('ListenerUnsupported', `listener "${sectionName}" uses unsupported protocol ${named.protocol} for HTTP routing`);
    return [{ ...named, scheme }];
  }
  const capable = listeners.flatMap((listener) => {
    const scheme = schemes[listener.protocol];
    return scheme ? [{ ...listener, scheme }] : [];
  });
  if (capable.length === 0) return reject('ListenerNotFound', `no HTTP-capable listener found in gateway ${key}`);
  const reached = port ? capable.filter((listener) => listener.port === port) : capable;
  if (reached.length === 0) return reject('ListenerNotFound', `no HTTP-capable listener on port ${port} found in gateway ${key}`);
  const rank = ({ scheme }: HttpListener): number => (scheme === preferredScheme ? 0 : scheme === 'https' ? 1 : 2);
  return reached.sort((a, b) => rank(a) - rank(b));
}
