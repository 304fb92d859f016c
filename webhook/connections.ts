import type { Server } from 'node:https';
import type { Duplex } from 'node:stream';

/** Ends a server that was told to stop listening. */
export interface Connections {
  /** Lets requests that are being answered finish; every other connection is closed at once. */
  drain(): void;
}

/**
 * Keeps account of a server's connections. Node closes idle ones itself, but not those on which nothing was asked yet, and API servers
 * keep such connections in reserve: without this, a server ends only when they do.
 */
export function trackConnections(server: Server): Connections {
  const open = new Set<Duplex>();
  let answering = 0;
  let draining = false;
  const closeAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', (_request, response) => {
    answering++;
    if (draining) response.setHeader('connection', 'close');
    response.once('close', () => {
      answering--;
      if (draining && answering === 0) closeAll();
    });
  });
  return {
    drain() {
      draining = true;
      if (answering === 0) closeAll();
      else server.closeIdleConnections();
    },
  };
}
