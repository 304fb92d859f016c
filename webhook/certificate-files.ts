import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../controllers/runtime/log.ts';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A serving certificate that lives in files and may be renewed there. */
export interface CertificateSource {
  current(): KeyPair;
  onChange(listener: (pair: KeyPair) => void): void;
  stop(): void;
}

/** Writers replace certificate and key one after the other; both are read when it has been quiet for this long. */
const SETTLE_MS = 200;

/**
 * Reads `tls.crt` and `tls.key` from a directory and again when they change. Kubernetes replaces a mounted Secret by moving a
 * link in the directory, so the directory is watched, not the files. A pair that cannot be read leaves the last good one in use.
 *
 * @throws when the files cannot be read at first
 */
export function watchCertificate(directory: string, log: Log): CertificateSource {
  const read = (): KeyPair => ({
    cert: readFileSync(join(directory, 'tls.crt'), 'utf8'),
    key: readFileSync(join(directory, 'tls.key'), 'utf8'),
  });
  let pair = read();
  const listeners: ((pair: KeyPair) => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const reload = (): void => {
    try {
      const next = read();
      if (next.cert === pair.cert && next.key === pair.key) return;
      for (const listener of listeners) listener(next);
      pair = next;
      log.info({ directory }, 'certificate reloaded');
    } catch (error) {
      log.error({ err: error, directory }, 'certificate could not be reloaded; the last good one stays in use');
    }
  };
  const watcher: FSWatcher = watch(directory, () => {
    clearTimeout(timer);
    timer = setTimeout(reload, SETTLE_MS);
  });
  watcher.unref();
  return {
    current: () => pair,
    onChange: (listener) => listeners.push(listener),
    stop: () => {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
