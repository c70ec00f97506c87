import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { chatMessage, encode, nameIn, sayPort, textOf, usersOnline, who } from './frames.ts';

/** ws with a `send` per client, as its README broadcasts. */
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
const names = new Set<string>();

function broadcast(type: string, frame: object): void {
  const text = encode(type, frame);
  for (const client of server.clients) if (client.readyState === client.OPEN) client.send(text);
}

server.on('connection', (socket, request) => {
  const name = nameIn(request.headers.authorization);
  socket.send(encode('users_online', usersOnline(names)));
  names.add(name);
  broadcast('user_joined', who(name));
  socket.on('message', (data) => broadcast('chat_message', chatMessage(name, textOf(String(data)))));
  socket.on('close', () => {
    names.delete(name);
    broadcast('user_left', who(name));
  });
});
server.on('listening', () => sayPort((server.address() as AddressInfo).port));
