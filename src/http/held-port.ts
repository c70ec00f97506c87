import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Config } from '../config.ts';

/** Connections that may wait for the start. Further ones are cut off. */
const maxEarly = 1_000;

/** A port that this process has bound, and does not serve yet. */
export interface HeldPort {
  readonly port: number;
  /** Serves the port, beginning with the connections that wait. */
  serveWith(server: Server): Promise<void>;
  /** Closes the port, unless a server serves it. */
  release(): Promise<void>;
}

/**
 * Binds a port before anything is written: a start whose port is taken must change nothing. Connections that come
 * before the server is ready wait for it. @throws if the port cannot be bound
 */
export async function holdPort({ port, host }: Pick<Config, 'port' | 'host'>): Promise<HeldPort> {
  const early = new Set<Socket>();
  let isServed = false;
  const holder = createServer({ pauseOnConnect: true }, (socket) => {
    if (early.size >= maxEarly) {
      socket.destroy();
      return;
    }
    early.add(socket);
    socket.on('error', ignore);
  });
  holder.listen(port, host);
  await once(holder, 'listening');

  return {
    port: (holder.address() as AddressInfo).port,
    serveWith: async (server) => {
      isServed = true;
      // Both share one handle from now on, and the server closes it.
      server.listen(holder);
      await once(server, 'listening');
      for (const socket of early) {
        socket.off('error', ignore);
        server.emit('connection', socket);
        socket.resume();
      }
      early.clear();
    },
    release: async () => {
      if (isServed) return;
      const closed = once(holder, 'close');
      holder.close();
      for (const socket of early) socket.destroy();
      await closed;
    },
  };
}

const ignore = (): void => {};
