import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { Transform, Writable } from 'node:stream';

export type Peer = 'server' | 'client';

/** A network between a client and a server, that fails on demand. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection, with a reset. */
  cut(): void;
  /** Resets the next connection after this peer has received `bytes` bytes. Resolves when it has. */
  cutAfter(bytes: number, received: Peer): Promise<void>;
  /** Bytes that each peer has received over the newest connection. */
  received(): Record<Peer, number>;
  /** Holds all bytes back silently, in both directions and on new connections too. */
  stall(): void;
  /** Passes the held bytes on. */
  resume(): void;
  /** Delays every chunk, by milliseconds. */
  delay(ms: number): void;
  /** Sends new connections to another port. Open ones stay. */
  moveTo(port: number): void;
  /** Refuses connections, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

/** Passes TCP on to a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let stalled = false;
  let towards = target;
  let delayMs = 0;
  let nextLimit: { readonly bytes: number; readonly received: Peer; readonly onBroken: () => void } | undefined;
  let received = (): Record<Peer, number> => ({ server: 0, client: 0 });

  const passage = (): Transform =>
    new Transform({
      transform(chunk, _, done) {
        const pass = (): void => {
          const go = (): void => done(null, chunk);
          if (delayMs > 0) setTimeout(go, delayMs);
          else go();
        };
        if (stalled) held.push(pass);
        else pass();
      },
    });

  /** Passes on a number of bytes, drops all later ones, and calls back when they are written. */
  const limited = (to: Socket, bytes: number, onSpent: () => void): Writable => {
    let left = bytes;
    return new Writable({
      write(chunk: Buffer, _, done) {
        const some = chunk.subarray(0, left);
        left -= some.length;
        to.write(some, left > 0 ? done : onSpent);
      },
    });
  };

  const server = createServer((client) => {
    const upstream = dial({ port: towards, host: '127.0.0.1', noDelay: true });
    const limit = nextLimit;
    nextLimit = undefined;
    received = () => ({ server: upstream.bytesWritten, client: client.bytesWritten });
    client.setNoDelay(true);
    const onSpent = (): void => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
      limit?.onBroken();
    };
    for (const [socket, other, peer] of [
      [client, upstream, 'server'],
      [upstream, client, 'client'],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        // While it stalls, the other peer must not notice the end.
        if (stalled) held.push(() => other.destroy());
        else other.end();
      });
      const isLimited = limit?.received === peer;
      socket.pipe(passage()).pipe(isLimited ? limited(other, limit.bytes, onSpent) : other);
    }
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const down = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    cut();
    await once(server, 'close');
  };

  return {
    port,
    cut,
    cutAfter: (bytes, peer) =>
      new Promise((resolve) => {
        nextLimit = { bytes, received: peer, onBroken: resolve };
      }),
    received: () => received(),
    stall: () => {
      stalled = true;
    },
    resume: () => {
      stalled = false;
      for (const pass of held.splice(0)) pass();
    },
    moveTo: (port) => {
      towards = port;
    },
    delay: (ms) => {
      delayMs = ms;
    },
    down,
    up: () => listen(port),
    close: down,
  };
}
