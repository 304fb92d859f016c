import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TlsServer } from '../controllers/runtime/tls.ts';

/**
 * Keeps track of a server's connections and running requests, so that it can be closed for good. Node's own `close` waits for clients that
 * never finish their handshake or their request, and for connections that API servers keep in reserve.
 *
 * @returns closes the server; requests get that many milliseconds to be answered, connections without one get none
 */
export function trackConnections(server: TlsServer): (timeout: number) => Promise<void> {
  // A connection is a plain socket here and an encrypted one for a request; only the address is the same.
  const address = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  const sockets = new Map<Socket, string>();
  const running = new Set<ServerResponse>();
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, address(socket));
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (_request, response) => {
    running.add(response);
    response.once('close', () => running.delete(response));
  });
  return (timeout) =>
    new Promise((resolve) => {
      const closeAll = (spared: ReadonlySet<string>): void => {
        for (const [socket, from] of sockets) if (!spared.has(from)) socket.destroy();
      };
      const deadline = setTimeout(closeAll, timeout, new Set());
      server.close(() => {
        clearTimeout(deadline);
        resolve();
      });
      // Node closes the connection after the answer. Destroying it then could lose the answer.
      for (const response of running) response.shouldKeepAlive = false;
      closeAll(new Set([...running].map(({ req }) => address(req.socket))));
    });
}
