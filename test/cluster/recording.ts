/** WebSockets and streams of events that record all traffic. */
import type { WebSocket } from 'ws';
import type { ServerMessage, StreamClose } from '../../generated/chat/index.ts';
import type { StreamEvent } from '../harness/event-parser.ts';
import { mismatchOf } from '../harness/received.ts';
import type { Account, Connection } from './account.ts';
import { epochOf } from './reading.ts';

export interface StreamRecord {
  take(event: StreamEvent): void;
  /** Notes that the connection has ended. */
  end(): void;
}

/** Close code of a connection that ended without one (RFC 6455, 7.1.5). */
const abnormalClosure = 1006;

export interface Recorder {
  readonly account: Account;
  /** The newest epoch that any client has seen. */
  epoch(): string;
  /** Makes `new WebSocket(…)` of `ws` record its traffic under this name. */
  record(socket: WebSocket, who: { readonly client: string; readonly username: string }): WebSocket;
  /** Records a stream of events, whose head was answered. */
  recordStream(who: Pick<Connection, 'client' | 'username' | 'asked'>): StreamRecord;
  /** The current connection of a client. */
  current(client: string): Connection | undefined;
}

export function createRecorder(account: Account): Recorder {
  /** Keeps a text in memory once, however many clients received it. */
  const texts = new Map<string, string>();
  const open = new Map<string, Connection>();
  let newest = '';

  function note(text: string): string {
    const known = texts.get(text);
    if (known !== undefined) return known;
    texts.set(text, text);
    // The checker reports bytes that are not a frame.
    const [, id] = /"id":"([^"]+)"/.exec(text) ?? [];
    if (id !== undefined && epochOf(id) > newest) newest = epochOf(id);
    return text;
  }

  return {
    account,
    epoch: () => newest,
    current: (client) => open.get(client),
    recordStream: (who) => {
      const mismatches: string[] = [];
      const connection: Connection = { ...who, isStream: true, frames: [], nonces: [], mismatches };
      account.connections.push(connection);
      open.set(who.client, connection);
      let code: number | undefined;
      return {
        take: (event) => {
          if (code !== undefined) mismatches.push(`${event.type} follows the close event`);
          if (event.type === 'close') code = (JSON.parse(event.data) as StreamClose).code;
          else {
            const mismatch = mismatchOf(event);
            if (mismatch !== undefined) mismatches.push(mismatch);
            connection.frames.push(note(event.data));
          }
        },
        end: () => {
          connection.closeCode = code ?? abnormalClosure;
          if (open.get(who.client) === connection) open.delete(who.client);
        },
      };
    },
    record: (socket, { client, username }) => {
      const asked = new URL(socket.url).searchParams.get('last_event_id') ?? undefined;
      const connection: Connection = { client, username, asked, frames: [], nonces: [] };
      socket.once('open', () => {
        account.connections.push(connection);
        open.set(client, connection);
      });
      socket.on('message', (data: Buffer) => void connection.frames.push(note(data.toString())));
      socket.once('close', (code) => {
        connection.closeCode = code;
        if (open.get(client) === connection) open.delete(client);
      });
      socket.on('unexpected-response', (_, response) => {
        account.refusals.push(response.statusCode ?? 0);
        socket.terminate();
      });
      socket.on('error', () => {});
      const send = socket.send.bind(socket) as (data: string) => void;
      socket.send = (data: unknown) => {
        const { nonce } = (JSON.parse(String(data)) as ServerMessage & { msg: { nonce?: string } }).msg;
        if (nonce !== undefined) connection.nonces.push(nonce);
        send(String(data));
      };
      return socket;
    },
  };
}
