import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Registry } from 'prom-client';
import { textOf } from './api-error.ts';
import type { AccessCode } from './delegated-access.ts';
import { createTlsServer, type KeyPair, type TlsServer, type TlsSettings } from './tls.ts';

/** A server that listens. */
export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Whether one part of the process is ready; an exception says why not. */
export type Check = () => boolean | Promise<boolean>;

export interface ProbeServer extends Listening {
  /** Adds a condition for `/readyz`. */
  readyWhen(name: string, check: Check): void;
}

/** Splits `:8081`, `127.0.0.1:8443` and `[::1]:8443`. Throws for anything without a port. */
export function parseAddress(address: string): { host: string | undefined; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw new Error(`not an address: "${address}" (expected host:port or :port)`);
  return { host: match[1] || match[2] || undefined, port };
}

/** Serves `/healthz` and `/readyz` in plain HTTP (R1.91). Alive as long as it answers; ready when every check says so. */
export async function serveProbes(address: string): Promise<ProbeServer> {
  const checks = new Map<string, Check>();
  const listening = await listen(
    createHttpServer((incoming, outgoing) => {
      const path = pathOf(incoming);
      if (path === '/healthz') reply(outgoing, 200, 'ok');
      else if (path === '/readyz') void ready(checks).then(([code, text]) => reply(outgoing, code, text));
      else reply(outgoing, 404, 'not found');
    }),
    address,
  );
  return { ...listening, readyWhen: (name, check) => void checks.set(name, check) };
}

async function ready(checks: ReadonlyMap<string, Check>): Promise<[number, string]> {
  const results = await Promise.all(
    [...checks].map(async ([name, check]): Promise<string | undefined> => {
      try {
        return (await check()) ? undefined : `${name}: not ready`;
      } catch (error) {
        return `${name}: ${textOf(error)}`;
      }
    }),
  );
  const missing = results.filter((result) => result !== undefined);
  return missing.length === 0 ? [200, 'ok'] : [503, missing.join('\n')];
}

export interface MetricsServerOptions {
  readonly registry: Registry;
  /** Plain HTTP without. */
  readonly tls?: { readonly settings: TlsSettings; readonly pair: KeyPair };
  /** Decides whether a request may read the metrics; everybody may when left out. */
  readonly authorize?: (incoming: IncomingMessage) => Promise<AccessCode>;
}

/** Serves `/metrics` in the Prometheus text format. */
export function serveMetrics(address: string, options: MetricsServerOptions): Promise<Listening> {
  const { registry, authorize, tls } = options;
  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (pathOf(incoming) !== '/metrics') return reply(outgoing, 404, 'not found');
    const code = authorize ? await authorize(incoming) : 200;
    if (code !== 200) return reply(outgoing, code, code === 401 ? 'unauthorized' : 'forbidden');
    return reply(outgoing, 200, await registry.metrics(), registry.contentType);
  }
  const listener: RequestListener = (incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => reply(outgoing, 500, textOf(error)));
  };
  return listen(tls ? createTlsServer(tls.settings, tls.pair, listener) : createHttpServer(listener), address);
}

const pathOf = (incoming: IncomingMessage): string => (incoming.url ?? '').split('?')[0] ?? '';

function reply(outgoing: ServerResponse, code: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  outgoing.writeHead(code, { 'content-type': contentType });
  outgoing.end(text);
}

/** Port 0 asks for a free one. */
async function listen(server: TlsServer | HttpServer, address: string): Promise<Listening> {
  const { host, port } = parseAddress(address);
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.destroy();
      }),
  };
}
