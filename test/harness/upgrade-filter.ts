import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

/** A proxy that refuses to upgrade to WebSockets, and passes all other requests on. */
export interface UpgradeFilter {
  readonly url: string;
  /** Lets WebSockets through from now on, or no longer. */
  allow(isAllowed: boolean): void;
  /** Refuses the path `/events` too, as a server without a stream does. */
  hideEvents(): void;
  /** Breaks all connections. */
  cut(): void;
  /** Number of upgrades that were asked for. */
  readonly upgrades: number;
  close(): Promise<void>;
}

const answer = (status: string): string => `HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;

export async function startUpgradeFilter(target: number): Promise<UpgradeFilter> {
  const sockets = new Set<Socket>();
  let isAllowed = false;
  let hidesEvents = false;
  let upgrades = 0;

  /** Returns the answer in place of the server's, if there is one. */
  function refusalOf(head: string): string | undefined {
    if (hidesEvents && head.startsWith('GET /events')) return answer('404 Not Found');
    if (!/^upgrade: *websocket/im.test(head)) return undefined;
    upgrades += 1;
    return isAllowed ? undefined : answer('403 Forbidden');
  }

  const server = createServer((client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => {});
    const upstream = dial(target, '127.0.0.1');
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    upstream.pipe(client);
    client.on('data', (chunk: Buffer) => {
      // Requests of a test are small: a head is one chunk. A frame of a WebSocket is none.
      const refusal = refusalOf(chunk.toString('latin1'));
      if (refusal === undefined) upstream.write(chunk);
      else client.end(refusal);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    allow: (allowed) => {
      isAllowed = allowed;
    },
    hideEvents: () => {
      hidesEvents = true;
    },
    cut,
    get upgrades() {
      return upgrades;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
