import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

/** A connection between one browser and the server that can be cut. */
export interface Wire {
  readonly origin: string;
  /** Keeps to itself what the server says from now on; what the browser says goes through. */
  deafen(): void;
  /** Lets nothing through any more and ends nothing, as where the network is gone. Held bytes go on after the repair. */
  stall(): void;
  /** Ends every connection, and lets none come about. */
  cut(): void;
  mend(): void;
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
    mend: () => {
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
