import { serve, upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import type { WSContext } from 'hono/ws';
import { WebSocketServer } from 'ws';
import { chatMessage, encode, nameIn, sayPort, textOf, usersOnline, who } from './frames.ts';

/** Hono's own WebSockets on Node, with a `send` per client. */
const clients = new Set<WSContext>();
const names = new Set<string>();

function broadcast(type: string, frame: object): void {
  const text = encode(type, frame);
  for (const client of clients) client.send(text);
}

const app = new Hono().get(
  '/join',
  upgradeWebSocket((c) => {
    const name = nameIn(c.req.header('authorization'));
    return {
      onOpen(_event, client) {
        client.send(encode('users_online', usersOnline(names)));
        names.add(name);
        clients.add(client);
        broadcast('user_joined', who(name));
      },
      onMessage: ({ data }) => broadcast('chat_message', chatMessage(name, textOf(String(data)))),
      onClose(_event, client) {
        names.delete(name);
        clients.delete(client);
        broadcast('user_left', who(name));
      },
    };
  }),
);

const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0, websocket: { server } }, ({ port }) => sayPort(port));
