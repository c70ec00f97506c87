import { type ClientRequest, type OutgoingHttpHeaders, request as send } from 'node:http';
import { WebSocket } from 'ws';
import type { ChatMessage } from '../../generated/chat/index.ts';
import { within } from './deadline.ts';
import { frame, opcodes } from './frame.ts';
import { type Answer, answerOf, recorded } from './http.ts';
import { createInbox, type Inbox } from './inbox.ts';
import type { TestServer } from './server.ts';

interface Credentials {
  /** Sent in `Authorization`. */
  readonly token?: string;
  readonly protocols?: readonly string[];
  readonly headers?: OutgoingHttpHeaders;
  readonly method?: 'GET' | 'POST';
}

/** `undefined` leaves a header out. */
const headersOf = ({ token, headers }: Credentials, usual: OutgoingHttpHeaders = {}): OutgoingHttpHeaders => {
  const all = { ...usual, ...(token !== undefined && { Authorization: `Bearer ${token}` }), ...headers };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
};

/** An open connection; every frame and its close are recorded. */
export interface Chat extends Pick<Inbox, 'frames' | 'next' | 'closed'> {
  /** Subprotocol in the server's answer; empty if none. */
  readonly protocol: string;
  /** Sends a `chat_message`. */
  say(text: string, nonce?: string): void;
  /** Sends this as JSON. */
  send(frame: unknown): void;
  /** Sends characters or bytes unchanged, in a text frame unless `binary`. */
  sendRaw(data: string | Uint8Array, binary?: boolean): void;
  /** Stops reading from the socket, and resumes. */
  pause(): void;
  resume(): void;
  /** Cuts the connection without a close. */
  drop(): void;
  /** Closes, and resolves when it is done. */
  close(): Promise<number>;
}

interface ConnectOptions extends Credentials {
  /** Text frames that travel in one packet with the handshake. */
  readonly early?: readonly unknown[];
  /** Id of the last frame of an earlier connection. */
  readonly lastEventId?: string;
}

/** Joins. Resolves when the connection is open, and rejects if the handshake is refused. */
export async function connect(server: TestServer, options: ConnectOptions = {}): Promise<Chat> {
  const { protocols = [], method = 'GET', early = [], lastEventId } = options;
  const query = lastEventId === undefined ? '' : `?last_event_id=${encodeURIComponent(lastEventId)}`;
  const socket = new WebSocket(`ws://${server.host}:${server.port}/join${query}`, [...protocols], {
    headers: headersOf(options) as Record<string, string>,
    perMessageDeflate: false,
    finishRequest: (outgoing: ClientRequest) => {
      outgoing.method = method;
      if (early.length > 0) outgoing.end(Buffer.concat(early.map((said) => frame(opcodes.text, JSON.stringify(said)))));
      else outgoing.end();
    },
  });
  const chat = chatOver(socket);
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('upgrade', ({ headers }) => recorded({ method, path: '/join' }, 101, headers, ''));
    socket.once('unexpected-response', (_, response) => {
      answerOf(method, '/join', response).then(
        ({ status, json }) => reject(new Error(`The handshake was refused: ${status} ${json.code}`)),
        reject,
      );
    });
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  await within(opened, 'the connection to open');
  return chat;
}

function chatOver(socket: WebSocket): Chat {
  const inbox = createInbox();
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) inbox.fail(new Error('The server sent a binary frame'));
    inbox.take(data.toString());
  });
  socket.on('close', inbox.close);
  // The close code shows the error.
  socket.on('error', () => {});
  const { frames, next, closed } = inbox;

  return {
    get protocol() {
      return socket.protocol;
    },
    frames,
    next,
    say: (text, nonce) => socket.send(JSON.stringify({ type: 'chat_message', msg: { text, nonce } })),
    send: (frame) => socket.send(JSON.stringify(frame)),
    sendRaw: (data, binary = false) => socket.send(data, { binary }),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    drop: () => socket.terminate(),
    close: () => {
      socket.close();
      return closed();
    },
    closed,
  };
}

/** Returns the headers of a handshake (RFC 6455, 4.1). */
export const handshakeHeaders: OutgoingHttpHeaders = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
};
/** Returns the same headers, one per line. */
export const handshakeLines = Object.entries(handshakeHeaders).map(([name, value]) => `${name}: ${value}`);

/** Sends a handshake and returns the response, then cuts the connection. */
export function handshake(
  { host, port }: TestServer,
  options: Credentials & { readonly path?: string } = {},
): Promise<Answer> {
  const { method = 'GET', path = '/join', protocols = [] } = options;
  const asked = new Promise<Answer>((resolve, reject) => {
    const headers = headersOf(options, {
      ...handshakeHeaders,
      ...(protocols.length > 0 && { 'Sec-WebSocket-Protocol': protocols.join(', ') }),
    });
    const outgoing = send({ host, port, method, path, headers, agent: false });
    outgoing.on('response', (response) => answerOf(method, path, response).then(resolve, reject));
    outgoing.on('upgrade', (response, socket) => {
      socket.destroy();
      try {
        resolve(recorded({ method, path }, response.statusCode!, response.headers, ''));
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
  return within(asked, 'the answer to a handshake');
}

/** Position in the stream that it has reached. */
export const lastId = ({ frames }: Pick<Chat, 'frames'>): string =>
  frames.flatMap((frame) => ('id' in frame ? [frame.id] : [])).at(-1)!;
export const messagesOf = ({ frames }: Pick<Chat, 'frames'>): ChatMessage[] =>
  frames.filter((frame) => frame.type === 'chat_message');
