import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
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
