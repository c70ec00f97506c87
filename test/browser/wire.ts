import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

/** A connection between one browser and the server that can be cut. */
export interface Wire {
  readonly origin: string;
  /** Drops everything from the server from now on. Bytes from the browser pass. */
  deafen(): void;
  /** Holds back both directions and closes nothing, like a lost network. Held bytes pass after `restore`. */
  stall(): void;
  /** Closes every connection, and refuses new ones. */
  cut(): void;
  restore(): void;
  remove(): void;
}

export async function layWire(port: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isDeaf = false;
  let isStalled = false;
  const server = createServer((near) => {
    if (isCut) return void near.resetAndDestroy();
    const far = dial(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      if (isStalled) socket.pause();
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => isDeaf || near.write(bytes));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deafen: () => {
      isDeaf = true;
    },
    stall: () => {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    cut,
    restore: () => {
      isStalled = false;
      for (const socket of sockets) socket.resume();
      isCut = false;
      isDeaf = false;
    },
    remove: () => {
      cut();
      server.close();
    },
  };
}
