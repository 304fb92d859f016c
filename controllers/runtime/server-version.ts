import type { ServerVersion } from '../../assess/image-volumes.ts';
import { textOf } from './api-error.ts';
import type { Client } from './client.ts';
import type { Log } from './log.ts';

/** A cluster that is upgraded goes on under the same address. */
const FRESH_MS = 10 * 60 * 1000;

/**
 * Asks the API server for its version, at most every ten minutes however many ask.
 *
 * @returns a function that resolves to undefined when the server cannot be asked
 */
export function createServerVersion(client: Client, log: Log, now: () => number): () => Promise<ServerVersion | undefined> {
  let known: { readonly version: Promise<ServerVersion>; readonly at: number } | undefined;
  return async () => {
    if (!known || now() - known.at >= FRESH_MS) {
      const version = client.request<ServerVersion>({ method: 'GET', path: '/version', countAs: { verb: 'discover', kind: '' } });
      known = { version, at: now() };
    }
    const { version } = known;
    try {
      return await version;
    } catch (error) {
      if (known.version === version) known = undefined;
      log.warn({ err: textOf(error) }, 'the version of the API server could not be read');
      return undefined;
    }
  };
}
