import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Transform } from 'node:stream';
import type { Access } from '../../controllers/runtime/access.ts';

/** A request on its way to the API server. */
export interface Passing {
  readonly method: string;
  readonly url: URL;
  readonly isWatch: boolean;
}

/** What to do with a request besides passing it on: answer it, break its connection, send it elsewhere, or change the lines of the answer. */
export interface Interference {
  /** Breaks the connection before the server hears of the request, or after it has done what was asked. */
  readonly broken?: 'before' | 'after';
  /** Keeps the connection and never sends an answer, or only the beginning of one. The server hears of the request in the second case. */
  readonly stalled?: 'before' | 'within';
  readonly answer?: { readonly code: number; readonly headers?: Record<string, string>; readonly body?: unknown };
  readonly url?: URL;
  readonly lines?: (line: string) => readonly string[];
}

/** A reverse proxy in front of a real API server, to do to its clients what networks and busy servers do. */
export interface ApiProxy {
  readonly access: Access;
  /** The requests so far, as `GET /path?query`. */
  readonly requests: string[];
  /** Decides about every request from now on. */
  interfere(decide: ((passing: Passing) => Interference | undefined) | undefined): void;
  /** Cuts all connections without a word. */
  cut(): void;
  /** Nothing comes any more through the watches that are open, which stay open. */
  silenceWatches(): void;
  /** While paused, connections are refused. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export async function startApiProxy(target: Access): Promise<ApiProxy> {
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const watches = new Set<() => void>();
  let decide: ((passing: Passing) => Interference | undefined) | undefined;
  const { tls } = await target.credentials();

  function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const url = new URL(incoming.url ?? '/', target.server);
    const method = incoming.method ?? 'GET';
    requests.push(`${method} ${url.pathname}${url.search}`);
    const isWatch = url.searchParams.get('watch') === 'true';
    const does = decide?.({ method, url, isWatch }) ?? {};
    if (does.answer) {
      outgoing.writeHead(does.answer.code, { 'content-type': 'application/json', ...does.answer.headers });
      outgoing.end(`${JSON.stringify(does.answer.body ?? {})}\n`);
      return;
    }
    if (does.broken === 'before') {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (does.stalled === 'before') {
      incoming.resume();
      return;
    }
    const upstream = request(does.url ?? url, { method, headers: { ...incoming.headers, host: url.host }, ...tls, agent: false }, (answer) => {
      if (does.broken === 'after') {
        answer.resume();
        answer.on('end', () => incoming.socket.resetAndDestroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.on('error', () => outgoing.destroy());
      if (does.stalled === 'within') {
        answer.once('data', (chunk: Buffer) => outgoing.write(chunk.subarray(0, chunk.length / 2)));
        return;
      }
      if (isWatch) {
        const silence = () => answer.unpipe().resume();
        watches.add(silence);
        outgoing.on('close', () => watches.delete(silence));
      }
      const lines = does.lines;
      if (lines) answer.pipe(rewriting(lines)).pipe(outgoing);
      else answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  }

  const server = createServer(pass);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }
  async function pause(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    cut();
    await closed;
  }
  return {
    access: {
      server: `http://127.0.0.1:${port}`,
      credentials: async () => ({ headers: (await target.credentials()).headers, tls: {} }),
    },
    requests,
    interfere(next) {
      decide = next;
    },
    cut,
    silenceWatches() {
      for (const silence of watches) silence();
    },
    pause,
    resume: () => listen(port),
    close: async () => {
      if (server.listening) await pause();
    },
  };
}

/** Hands whole lines to `lines`, and on what it makes of them. */
function rewriting(lines: (line: string) => readonly string[]): Transform {
  let rest = '';
  return new Transform({
    transform(chunk, _encoding, done) {
      const pieces = (rest + String(chunk)).split('\n');
      rest = pieces.pop() ?? '';
      done(
        null,
        pieces
          .flatMap((piece) => lines(piece))
          .map((line) => `${line}\n`)
          .join(''),
      );
    },
  });
}
