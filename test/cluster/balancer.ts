/** A load balancer: round robin, without sticky sessions. It skips a node that does not listen. */
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startBalancer(targets: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let turn = 0;

  function keep(socket: Socket, onGone: () => void): void {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', onGone);
    socket.on('close', () => {
      sockets.delete(socket);
      onGone();
    });
  }

  async function dialled(): Promise<Socket | undefined> {
    for (const _ of targets) {
      turn += 1;
      const socket = dial({ port: targets[turn % targets.length]!, host: '127.0.0.1' });
      const open = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      if (open) return socket;
      socket.destroy();
    }
    return undefined;
  }

  const server = createServer(async (client) => {
    let upstream: Socket | undefined;
    keep(client, () => upstream?.destroy());
    upstream = await dialled();
    if (!upstream) return client.resetAndDestroy();
    keep(upstream, () => client.destroySoon());
    if (client.destroyed) return upstream.destroy();
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
