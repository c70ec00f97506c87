import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { chatMessage, nameIn, sayPort, usersOnline, who } from './frames.ts';

/**
 * Socket.IO with its own room broadcast, and the fastest of its transports alone. Events are named by type. With REDIS_URL
 * it is a node of several, by its Redis adapter.
 */
const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
const names = new Set<string>();
const redisUrl = process.env.REDIS_URL;
if (redisUrl !== undefined) io.adapter(createAdapter(new Redis(redisUrl), new Redis(redisUrl)));

/**
 * Each node announces to its own clients: the adapter's broadcast would not tell it about whom a newcomer already
 * knows.
 */
const changes = {
  user_joined: (name: string) => names.add(name),
  user_left: (name: string) => names.delete(name),
};
type Change = keyof typeof changes;
function take(change: Change, name: string): void {
  changes[change](name);
  io.local.to('room').emit(change, who(name));
}
function tell(change: Change, name: string): void {
  take(change, name);
  if (redisUrl !== undefined) io.serverSideEmit(change, name);
}
for (const change of ['user_joined', 'user_left'] as const) io.on(change, (name: string) => take(change, name));

io.on('connection', (socket) => {
  const name = nameIn(socket.handshake.headers.authorization);
  socket.emit('users_online', usersOnline(names));
  socket.join('room');
  tell('user_joined', name);
  socket.on('chat_message', ({ msg }) => io.to('room').emit('chat_message', chatMessage(name, msg.text)));
  socket.on('disconnect', () => tell('user_left', name));
});

http.listen(0, '127.0.0.1', () => sayPort((http.address() as AddressInfo).port));
