import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../controllers/runtime/log.ts';
import type { KeyPair } from '../controllers/runtime/tls.ts';
import type { CertificateSource } from './certificate-source.ts';

/** Writers replace certificate and key one after the other; both are read when it has been quiet for this long. */
const SETTLE_MS = 200;
/** File systems may fail to tell of a change; a certificate that ran out would stop all writes. */
const RECHECK_MS = 60_000;

/**
 * Reads `tls.crt` and `tls.key` from a directory and again when they change. Kubernetes replaces a mounted Secret by moving a
 * link in the directory, so the directory is watched, not the files. A pair that cannot be read leaves the last good one in use.
 *
 * @throws when there is no good pair at first
 */
export function watchCertificate(directory: string, log: Log): CertificateSource {
  let pair = readPair(directory);
  const listeners: ((pair: KeyPair) => void)[] = [];
  const reload = (): void => {
    try {
      const next = readPair(directory);
      if (next.cert === pair.cert && next.key === pair.key) return;
      for (const listener of listeners) listener(next);
      pair = next;
      log.info({ directory }, 'certificate reloaded');
    } catch (error) {
      log.error({ err: error, directory }, 'certificate could not be reloaded; the last good one stays in use');
    }
  };
  const stopWatching = watchDirectory(directory, reload, log);
  return { current: () => pair, onChange: (listener) => listeners.push(listener), stop: stopWatching };
}

/** Node takes a certificate without its key, and then serves nobody; so the two are checked here. */
function readPair(directory: string): KeyPair {
  const cert = readFileSync(join(directory, 'tls.crt'), 'utf8');
  const key = readFileSync(join(directory, 'tls.key'), 'utf8');
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) throw new Error('tls.key is not the key of tls.crt');
  return { cert, key };
}

/** Calls back some time after changes in the directory, and now and then without one. Keeps no process alive. */
function watchDirectory(directory: string, callBack: () => void, log: Log): () => void {
  let settling: NodeJS.Timeout | undefined;
  const recheck = setInterval(callBack, RECHECK_MS).unref();
  const watcher = tryToWatch(directory, log);
  watcher?.on('change', () => {
    clearTimeout(settling);
    settling = setTimeout(callBack, SETTLE_MS).unref();
  });
  return () => {
    clearInterval(recheck);
    clearTimeout(settling);
    watcher?.close();
  };
}

/** Nodes have a limit on watches. Beyond it, rechecking has to do. */
function tryToWatch(directory: string, log: Log): FSWatcher | undefined {
  const complain = (error: unknown): void => log.warn({ err: error, directory }, 'certificate directory is not watched, only rechecked');
  try {
    return watch(directory, { persistent: false }).on('error', complain);
  } catch (error) {
    complain(error);
    return undefined;
  }
}
