import type { OutgoingHttpHeaders } from 'node:http';
import { connect as dial, type Socket } from 'node:net';
import { within } from './deadline.ts';
import { createEventParser, type StreamEvent } from './event-parser.ts';
import { type Answer, recorded } from './http.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { recordCloseEvent } from './recorder.ts';
import type { TestServer } from './server.ts';

type Address = Pick<TestServer, 'host' | 'port'>;

/** A stream of events on a bare socket. Every event is checked and recorded. */
export interface EventReader extends Pick<Inbox, 'frames' | 'next' | 'closed'> {
  /** Headers of the answer, as Node names them. */
  readonly headers: Answer['headers'];
  /** Every event so far, the close event included. */
  readonly events: readonly StreamEvent[];
  /** Texts of the comment lines so far. */
  readonly comments: readonly string[];
  /** Id that a reader resumes with by the standard: the last `id` line. */
  lastEventId(): string;
  /** Bytes of the answer's body so far. */
  readonly bytes: number;
  readonly socket: Socket;
  /** Stops reading from the socket, and resumes. */
  pause(): void;
  resume(): void;
  /** Cuts the connection with a reset. */
  drop(): void;
  /** Ends the stream, as a client does that leaves. Resolves when the server has ended its side. */
  leave(): Promise<number>;
}

export interface EventRequest {
  readonly token?: string;
  readonly lastEventId?: string;
  /** Query of the target, with its question mark. */
  readonly query?: string;
  /** More headers. `undefined` omits a header, and a list repeats it. */
  readonly headers?: OutgoingHttpHeaders;
  /** Protocol version. */
  readonly version?: '1.0' | '1.1';
}

/** Returns the bytes of a request for events. */
export function eventRequest({ token, lastEventId, query = '', headers = {}, version = '1.1' }: EventRequest): string {
  const all = {
    Host: 'localhost',
    Authorization: token === undefined ? undefined : `Bearer ${token}`,
    'Last-Event-ID': lastEventId,
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value = []]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
  return `GET /events${query} HTTP/${version}\r\n${lines.join('')}\r\n`;
}

/** Checks an event against the frame in it, and hands it to the inbox. Returns whether the stream ends with it. */
function take(inbox: Inbox, { type, data, hasId, lastEventId }: StreamEvent): boolean {
  if (type === 'close') {
    recordCloseEvent(data);
    return true;
  }
  const frame = inbox.take(data);
  const isReplayed = frame.type === 'users_online' && frame.msg.recovered === true;
  const id = 'id' in frame ? frame.id : undefined;
  if (type !== frame.type) inbox.fail(new Error(`An event ${type} has a frame ${frame.type}`));
  if (hasId === isReplayed || (hasId && id !== lastEventId))
    inbox.fail(new Error(`An event of the frame ${id} has ${hasId ? `the id line ${lastEventId}` : 'no id line'}`));
  return false;
}

/**
 * Reads a stream on a socket over which its request is sent, or is about to be. Resolves after the head. @throws with
 * the status and the code if it is refused
 */
export async function readEvents(socket: Socket): Promise<EventReader> {
  const inbox = createInbox();
  const parser = createEventParser();
  const events: StreamEvent[] = [];
  let head: Answer | undefined;
  let received = Buffer.alloc(0);
  let bytes = 0;
  let code: number | undefined;
  const { promise: answered, resolve, reject } = Promise.withResolvers<void>();

  function takeHead(): Buffer | undefined {
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    const fields = lines.map((line) => /^([^:]+): *(.*)$/.exec(line) ?? []);
    const headers = Object.fromEntries(fields.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
    const body = received.subarray(end + 4);
    if (status === 200) head = recorded({ method: 'GET', path: '/events' }, status, headers, '');
    else if (body.length < Number(headers['content-length'])) return undefined;
    else {
      const { json } = recorded({ method: 'GET', path: '/events' }, status, headers, body.toString());
      throw new Error(`The stream was refused: ${status} ${json.code}`);
    }
    resolve();
    return body;
  }

  function read(chunk: Buffer): void {
    bytes += chunk.length;
    for (const event of parser.read(chunk)) {
      if (code !== undefined) inbox.fail(new Error(`An event ${event.type} follows the close`));
      events.push(event);
      if (take(inbox, event)) code = JSON.parse(event.data).code;
    }
  }

  socket.on('data', (chunk: Buffer) => {
    try {
      if (head) return read(chunk);
      received = Buffer.concat([received, chunk]);
      const body = takeHead();
      if (body) read(body);
    } catch (error) {
      reject(error);
      if (head) throw error;
    }
  });
  // The way in which the connection ends shows it.
  socket.on('error', () => {});
  socket.once('end', () => socket.end());
  socket.once('close', () => {
    reject(new Error(`The connection ended before an answer: ${received}`));
    inbox.close(code ?? 1006);
  });
  try {
    await within(answered, 'the head of a stream');
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const { frames, next, closed } = inbox;
  return {
    headers: head!.headers,
    frames,
    next,
    closed,
    events,
    comments: parser.comments,
    lastEventId: () => parser.lastEventId,
    get bytes() {
      return bytes;
    },
    socket,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    drop: () => socket.resetAndDestroy(),
    leave: () => {
      socket.end();
      return closed();
    },
  };
}

/** Opens a stream. Resolves after the head. @throws with the status and the code if it is refused */
export function openEvents({ host, port }: Address, request: EventRequest = {}): Promise<EventReader> {
  const socket = dial({ host, port, noDelay: true });
  socket.write(eventRequest(request));
  return readEvents(socket);
}
