import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** A network between a client and a server, that fails on demand. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection, with a reset. */
  cut(): void;
  /** Nothing comes through any more, in either direction, and nobody is told. New connections fare the same. */
  stall(): void;
  /** What was held back comes through. */
  resume(): void;
  /** So long every piece takes, in milliseconds. */
  delay(ms: number): void;
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
  let delayMs = 0;

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

  const server = createServer((client) => {
    const upstream = dial({ port: target, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        // While it stalls, the other side hears nothing of it.
        if (stalled) held.push(() => other.destroy());
        else other.end();
      });
      socket.pipe(passage()).pipe(other);
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
    stall: () => {
      stalled = true;
    },
    resume: () => {
      stalled = false;
      for (const pass of held.splice(0)) pass();
    },
    delay: (ms) => {
      delayMs = ms;
    },
    down,
    up: () => listen(port),
    close: down,
  };
}
