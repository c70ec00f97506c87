import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Config } from '../config.ts';

/** Connections that may wait for the start; what comes beyond them is cut off. */
const maxEarly = 1_000;

/** A port that this process has, and does not serve yet. */
export interface HeldPort {
  readonly port: number;
  /** Serves it, those first who came before. */
  serveWith(server: Server): Promise<void>;
  /** Gives it up, if nobody serves it. */
  release(): Promise<void>;
}

/**
 * Begins to listen, before anything is written: a start whose port is taken must change nothing. Connections that come
 * before the server is ready wait for it. @throws where the port can't be had
 */
export async function holdPort({ port, host }: Pick<Config, 'port' | 'host'>): Promise<HeldPort> {
  const early = new Set<Socket>();
  let isServed = false;
  const door = createServer({ pauseOnConnect: true }, (socket) => {
    if (early.size >= maxEarly) {
      socket.destroy();
      return;
    }
    early.add(socket);
    socket.on('error', ignore);
  });
  door.listen(port, host);
  await once(door, 'listening');

  return {
    port: (door.address() as AddressInfo).port,
    serveWith: async (server) => {
      isServed = true;
      // They share one handle from now on, and the server closes it.
      server.listen(door);
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
      const closed = once(door, 'close');
      door.close();
      for (const socket of early) socket.destroy();
      await closed;
    },
  };
}

const ignore = (): void => {};
