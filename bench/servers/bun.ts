import { chatMessage, encode, nameIn, sayPort, textOf, usersOnline, who } from './frames.ts';

/** The part of Bun's API in use here; its types aren't worth a dependency. */
interface Socket {
  readonly data: { name: string };
  send(text: string): number;
  subscribe(topic: string): void;
}
interface Server {
  readonly port: number;
  publish(topic: string, text: string): number;
  upgrade(request: Request, options: Pick<Socket, 'data'>): boolean;
}
declare const Bun: {
  serve(options: {
    hostname: string;
    port: number;
    fetch(request: Request, server: Server): Response | undefined;
    websocket: {
      open(socket: Socket): void;
      message(socket: Socket, text: string): void;
      close(socket: Socket): void;
    };
  }): Server;
};

/** Bun's own pub/sub (uWebSockets). */
const names = new Set<string>();
const publish = (type: string, frame: object): number => server.publish('room', encode(type, frame));

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, server) {
    const name = nameIn(request.headers.get('authorization'));
    return server.upgrade(request, { data: { name } }) ? undefined : new Response(null, { status: 426 });
  },
  websocket: {
    open(socket) {
      const { name } = socket.data;
      socket.send(encode('users_online', usersOnline(names)));
      names.add(name);
      socket.subscribe('room');
      publish('user_joined', who(name));
    },
    message: (socket, text) => void publish('chat_message', chatMessage(socket.data.name, textOf(text))),
    close(socket) {
      names.delete(socket.data.name);
      publish('user_left', who(socket.data.name));
    },
  },
});
sayPort(server.port);
