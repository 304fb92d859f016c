import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, type Dispatcher, ProxyAgent, request, Socks5ProxyAgent } from 'undici';
import type { Access, Credentials } from './access.ts';
import { errorFromBody } from './api-error.ts';

/** One request as it goes out. `path` is absolute and encoded. */
export interface RawRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** What to count the request as; method and path when left out. */
  readonly countAs?: { readonly verb: string; readonly kind: string };
}

/** What is told about every attempt: `code` is the HTTP status, or `error` when there was no answer. */
export interface RequestReport {
  readonly verb: string;
  readonly kind: string;
  readonly code: number | 'error';
  readonly seconds: number;
}

export interface TransportOptions {
  readonly userAgent: string;
  /** Longest wait for headers and between two parts of a body, in milliseconds; watches may be silent for as long as their reader lets them. */
  readonly timeoutMs?: number;
  readonly onRequest?: (report: RequestReport) => void;
}

export interface Transport {
  /** Sends, reads the whole JSON body. Throws ApiError for every code of 400 and above. */
  send(request: RawRequest): Promise<unknown>;
  /** Opens a response that goes on until either side ends it. */
  stream(request: RawRequest): Promise<AsyncIterable<Buffer>>;
  close(): Promise<void>;
}

/** A little longer than the API server gives a write (34 s), so that its own word on what took so long comes first. */
const DEFAULT_TIMEOUT_MS = 40_000;
const CONNECT_TIMEOUT_MS = 10_000;
const CREDENTIALS_FRESH_MS = 10_000;
const MAX_ATTEMPTS = 10;
const MAX_NETWORK_RETRIES = 2;
const MAX_RETRY_AFTER_S = 30;
/** Requests at the same time; further ones queue. Watches have their own connections. */
const CONNECTIONS = 32;

interface Line {
  readonly fingerprint: string;
  readonly requests: Dispatcher;
  readonly streams: Dispatcher;
}

/**
 * HTTP/1.1 over undici with the credentials of `access`. HTTP/2 is off: a watch that stalls must not hold up other requests.
 * A request the server put off (429, or 503 with Retry-After) is sent again after the time it names; a read whose connection
 * broke is repeated twice. One that got no answer in time is not: who asked has waited long enough, and decides. After `close`
 * nothing is sent any more, whoever still tries.
 */
export function createTransport(access: Access, options: TransportOptions): Transport {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  let line: Line | undefined;
  let closed = false;
  let known: { readonly credentials: Credentials; readonly at: number } | undefined;

  async function credentials(): Promise<Credentials> {
    if (!known || performance.now() - known.at > CREDENTIALS_FRESH_MS) {
      known = { credentials: await access.credentials(), at: performance.now() };
    }
    return known.credentials;
  }

  function dispatchers(current: Credentials): Line {
    const fingerprint = fingerprintOf(current);
    if (line?.fingerprint === fingerprint) return line;
    const old = line;
    line = { fingerprint, requests: dispatcherFor(current, timeoutMs, CONNECTIONS), streams: dispatcherFor(current, timeoutMs) };
    // What is in flight on the old connections may finish.
    if (old) for (const d of [old.requests, old.streams]) d.close().catch(() => undefined);
    return line;
  }

  async function once(raw: RawRequest, kind: 'requests' | 'streams'): Promise<Dispatcher.ResponseData> {
    const current = await credentials();
    if (closed) throw new Error('the client is closed');
    const started = performance.now();
    const { verb, kind: counted } = raw.countAs ?? { verb: raw.method.toLowerCase(), kind: raw.path };
    const report = (code: number | 'error') => options.onRequest?.({ verb, kind: counted, code, seconds: (performance.now() - started) / 1000 });
    try {
      const response = await request(access.server + raw.path + queryOf(raw.query), {
        method: raw.method,
        dispatcher: dispatchers(current)[kind],
        headers: {
          accept: raw.accept ?? 'application/json',
          'user-agent': options.userAgent,
          ...(raw.body === undefined ? {} : { 'content-type': raw.contentType ?? 'application/json' }),
          ...current.headers,
        },
        headersTimeout: timeoutMs,
        bodyTimeout: kind === 'streams' ? 0 : timeoutMs,
        ...(raw.body === undefined ? {} : { body: JSON.stringify(raw.body) }),
        ...(raw.signal === undefined ? {} : { signal: raw.signal }),
      });
      report(response.statusCode);
      return response;
    } catch (error) {
      report('error');
      throw error;
    }
  }

  async function open(raw: RawRequest, kind: 'requests' | 'streams'): Promise<Dispatcher.ResponseData> {
    let networkFailures = 0;
    let refreshed = false;
    for (let attempt = 1; ; attempt++) {
      let response: Dispatcher.ResponseData;
      try {
        response = await once(raw, kind);
      } catch (error) {
        if (closed || isTimeOut(error) || raw.method !== 'GET' || raw.signal?.aborted || kind === 'streams') throw error;
        if (++networkFailures > MAX_NETWORK_RETRIES) throw error;
        await delay(100 * networkFailures, undefined, signalOption(raw.signal));
        continue;
      }
      if (response.statusCode < 400) return response;
      const wait = retryAfterMs(response);
      if (wait !== undefined && attempt < MAX_ATTEMPTS) {
        await response.body.dump();
        await delay(wait, undefined, signalOption(raw.signal));
        continue;
      }
      if (response.statusCode === 401 && !refreshed) {
        refreshed = true;
        known = undefined;
        await response.body.dump();
        continue;
      }
      throw errorFromBody(response.statusCode, await response.body.text());
    }
  }

  return {
    async send(raw) {
      try {
        const response = await open(raw, 'requests');
        const text = await response.body.text();
        return text === '' ? undefined : (JSON.parse(text) as unknown);
      } catch (error) {
        throw explained(error, timeoutMs);
      }
    },
    async stream(raw) {
      try {
        return (await open(raw, 'streams')).body as AsyncIterable<Buffer>;
      } catch (error) {
        throw explained(error, timeoutMs);
      }
    },
    async close() {
      closed = true;
      if (line) await Promise.all([line.requests.destroy(), line.streams.destroy()]);
      line = undefined;
    },
  };
}

const TIME_OUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const isTimeOut = (error: unknown): boolean => error instanceof Error && TIME_OUTS.has(String((error as Error & { code?: unknown }).code));

/** For users, who read it in conditions and events. */
function explained(error: unknown, timeoutMs: number): unknown {
  return isTimeOut(error) ? new Error(`the API server did not answer within ${timeoutMs / 1000} s`, { cause: error }) : error;
}

const signalOption = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

/** How long the server asks to wait before the same request, in milliseconds; undefined when repeating it is no use. */
function retryAfterMs(response: Dispatcher.ResponseData): number | undefined {
  if (response.statusCode !== 429 && response.statusCode !== 503) return undefined;
  const header = Number(response.headers['retry-after'] ?? Number.NaN);
  if (!Number.isFinite(header)) return response.statusCode === 429 ? 1000 : undefined;
  return Math.min(Math.max(header, 0), MAX_RETRY_AFTER_S) * 1000;
}

function queryOf(query: RawRequest['query']): string {
  const entries = Object.entries(query ?? {}).flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[key, String(value)]]));
  return entries.length === 0 ? '' : `?${new URLSearchParams(entries).toString()}`;
}

function fingerprintOf({ tls, proxy }: Credentials): string {
  const hash = createHash('sha256').update(proxy ?? '');
  for (const [key, value] of Object.entries(tls)) hash.update(`\n${key}=`).update(Buffer.isBuffer(value) ? value : JSON.stringify(value ?? null));
  return hash.digest('hex');
}

function dispatcherFor({ tls, proxy }: Credentials, timeoutMs: number, connections?: number): Dispatcher {
  // Keep-alive probes after 30 s notice a peer that vanished without a word, below the idle limit of common load balancers.
  const timeout = Math.min(CONNECT_TIMEOUT_MS, timeoutMs);
  const connect = { ...(tls as Agent.Options['connect'] & object), keepAlive: true, keepAliveInitialDelay: 30_000, timeout };
  const limits = { allowH2: false, ...(connections === undefined ? {} : { connections }) };
  if (proxy?.startsWith('socks')) return new Socks5ProxyAgent(proxy, { requestTls: tls as object, ...limits });
  if (proxy) return new ProxyAgent({ uri: proxy, requestTls: connect, ...limits });
  return new Agent({ connect, ...limits });
}
