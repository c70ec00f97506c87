import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, connect as dial, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

/** Both ends of one WebSocket connection over a real TCP socket. */
export interface SocketPair {
  readonly client: WebSocket;
  /** The server's end, and the socket below it. */
  readonly webSocket: WebSocket;
  readonly socket: Socket;
}

/** Connects a client to its own server. Both end with the test. */
export async function openSocketPair(): Promise<SocketPair> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const webSockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
  });
  const opened = once(client, 'open');
  const [incoming, socket, head] = (await once(server, 'upgrade')) as [never, Socket, Buffer];
  const webSocket = await new Promise<WebSocket>((resolve) =>
    webSockets.handleUpgrade(incoming, socket, head, resolve),
  );
  await opened;
  onTestFinished(() => {
    client.terminate();
    socket.destroy();
    server.close();
  });
  return { client, webSocket, socket };
}

/** Connects two bare sockets. The server's end stays open when the client ends its own, as those of HTTP do. */
export async function openTcpPair(): Promise<{ readonly client: Socket; readonly socket: Socket }> {
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = dial({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  await once(client, 'connect');
  const [socket] = (await accepted) as [Socket];
  for (const end of [client, socket]) end.on('error', () => {});
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return { client, socket };
}
