import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { chatMessage, nameIn, sayPort, usersOnline, who } from './frames.ts';

/** Socket.IO with its own room broadcast, and the fastest of its transports alone. Events are named by type. */
const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
const names = new Set<string>();

io.on('connection', (socket) => {
  const name = nameIn(socket.handshake.headers.authorization);
  socket.emit('users_online', usersOnline(names));
  names.add(name);
  socket.join('room');
  io.to('room').emit('user_joined', who(name));
  socket.on('chat_message', ({ msg }) => io.to('room').emit('chat_message', chatMessage(name, msg.text)));
  socket.on('disconnect', () => {
    names.delete(name);
    io.to('room').emit('user_left', who(name));
  });
});

http.listen(0, '127.0.0.1', () => sayPort((http.address() as AddressInfo).port));
