import { createServer } from 'node:net';

/** Below the ranges from which Linux and macOS take ports for outgoing connections, so that a port stays free while nobody listens. */
const FIRST = 20_000;
const COUNT = 10_000;

/**
 * A TCP port on 127.0.0.1 that nobody listens on. Another process may still take it before its user does: whoever uses the port has
 * to be ready to ask for another one.
 */
export async function chooseFreePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
