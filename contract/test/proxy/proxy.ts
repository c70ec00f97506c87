/**
 * Sits between a server and its clients. Everything passes byte for byte, except for the changes of a switch. One proxy
 * serves all connections, so it sees the whole room.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { createEventPath, type EventHooks } from './event-path.ts';
import { createDecoder, encode, type Frame } from './frames.ts';
import {
  header,
  mayBecomeRequest,
  type Request,
  type Response,
  readBody,
  readRequest,
  readResponse,
  requestHead,
  responseBytes,
  splitHead,
} from './http.ts';
import { claimsOf, createRoom, type Room, type SeenRoom, type Session, tokenOf } from './room.ts';

/** Hooks where a proxy may change the traffic. `undefined` leaves it unchanged. */
export interface Switch extends EventHooks {
  /** A request's head, before the server sees it. A returned response answers it. */
  ask?(request: Request, room: Room): Request | Response | undefined;
  /** A client's frame, before the server sees it. */
  say?(frame: Frame, session: Session, room: Room): readonly Frame[] | undefined;
  /** A frame from the server, on its way to one client. */
  tell?(frame: Frame, session: Session, room: Room): readonly Frame[] | undefined;
  /** A client has joined, or has left. */
  opened?(session: Session, room: Room): void;
  ended?(session: Session, room: Room): void;
}

export interface RunningProxy {
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

const noRequest: Request = { method: '', target: '', headers: [], body: Buffer.alloc(0) };
const isHandshake = (request: Request): boolean =>
  header(request, 'upgrade') !== undefined &&
  header(request, 'transfer-encoding') === undefined &&
  Number(header(request, 'content-length') ?? 0) === 0;

/** Writes only as fast as the reader reads: a client that stops reading is the server's concern. */
function pass(bytes: Uint8Array, from: Socket, to: Socket): void {
  if (!to.writable || to.write(bytes) || from.isPaused()) return;
  from.pause();
  to.once('drain', () => from.resume());
}

interface Ways {
  readonly toClient: (bytes: Uint8Array) => void;
  readonly toServer: (bytes: Uint8Array) => void;
  readonly cut: () => void;
}

const sessionOf = (request: Request, { toClient, toServer, cut }: Ways): Session & { open: boolean } => ({
  request,
  claims: claimsOf(tokenOf(request)),
  open: false,
  tell: (...frames) => frames.forEach((frame) => void toClient(encode(frame, false))),
  say: (...frames) => frames.forEach((frame) => void toServer(encode(frame, true))),
  cut,
});

function connection(client: Socket, server: Socket, plant: Switch, room: SeenRoom): void {
  /** The request that waits for its answer. */
  let asked: Request | undefined;
  let session: (Session & { open: boolean }) | undefined;
  let head: Buffer = Buffer.alloc(0);
  let answer: Buffer = Buffer.alloc(0);
  let opaque = false;
  let upgraded = false;
  const said = createDecoder();
  const told = createDecoder();
  const events = createEventPath(plant, room, (bytes) => pass(bytes, server, client));

  const toServer = (bytes: Uint8Array): void => pass(bytes, client, server);
  const toClient = (bytes: Uint8Array): void => pass(bytes, server, client);
  const cut = (): void => {
    client.destroy();
    server.destroy();
  };

  function say(bytes: Buffer): void {
    if (!plant.say) {
      toServer(bytes);
      return;
    }
    for (const part of said(bytes)) {
      const instead = part.frame && plant.say(part.frame, session!, room);
      for (const frame of instead ?? []) toServer(encode(frame, true));
      if (!instead) toServer(part.bytes);
    }
  }

  function tell(bytes: Buffer): void {
    for (const part of told(bytes)) {
      for (const frame of part.frame ? room.before(part.frame) : []) toClient(encode(frame, false));
      const instead = part.frame && plant.tell?.(part.frame, session!, room);
      for (const frame of instead ?? []) toClient(encode(frame, false));
      if (!instead) toClient(part.bytes);
    }
  }

  function ask(bytes: Buffer): void {
    head = Buffer.concat([head, bytes]);
    const split = splitHead(head);
    const request = split && readRequest(split.lines);
    if (!request) {
      // Buffered only if a switch may change it.
      opaque = split !== undefined || !mayBecomeRequest(head);
      if (!plant.ask) toServer(bytes);
      else if (opaque) toServer(head);
      return;
    }
    const rest = head.subarray(split.end);
    const changed = plant.ask?.(request, room);
    if (changed && 'status' in changed) {
      client.end(responseBytes(changed, request.method));
      server.destroy();
      return;
    }
    asked = changed ?? request;
    if (isHandshake(asked)) {
      session = sessionOf(asked, { toClient, toServer, cut });
    }
    if (plant.ask) toServer(changed ? requestHead(changed) : head.subarray(0, split.end));
    else toServer(bytes.subarray(0, bytes.length - rest.length));
    head = Buffer.alloc(0);
    if (rest.length > 0) hear(rest);
  }

  function hear(bytes: Buffer): void {
    if (session) say(bytes);
    else if (!asked && !opaque) ask(bytes);
    else {
      if (asked) asked = { ...asked, body: Buffer.concat([asked.body, bytes]) };
      toServer(bytes);
    }
  }

  /** The server has answered. Everything after that belongs to the next request, or to the room. */
  function settle(response: Response, bytes: Buffer): void {
    const changed = plant.answer?.(response, asked ?? noRequest, room);
    toClient(changed ? responseBytes(changed, asked?.method) : bytes);
    asked = undefined;
    if (response.status !== 101 || !session) {
      session = undefined;
    } else if (changed && changed.status !== 101) {
      client.end();
      server.destroy();
    } else {
      upgraded = true;
      session.open = true;
      room.sessions.push(session);
      plant.opened?.(session, room);
    }
  }

  function listen(bytes: Buffer, ended = false): void {
    if (upgraded) {
      tell(bytes);
      return;
    }
    if (events.isOpen()) {
      events.pass(bytes);
      return;
    }
    answer = Buffer.concat([answer, bytes]);
    const split = splitHead(answer);
    if (!split) return;
    const response = readResponse(split.lines);
    if (events.begin(asked, response, { bytes: answer, headEnd: split.end })) return;
    const read = readBody(response, asked?.method, answer.subarray(split.end), ended);
    if (!read) return;
    const end = split.end + read.end;
    const whole = answer.subarray(0, end);
    const rest = answer.subarray(end);
    answer = Buffer.alloc(0);
    // An interim response (RFC 9110, 15.2): the final one follows.
    if (response.status < 200 && response.status !== 101) toClient(whole);
    else settle({ ...response, body: read.body.toString() }, whole);
    if (rest.length > 0) listen(rest);
  }

  client.on('data', hear);
  server.on('data', (bytes: Buffer) => listen(bytes));
  client.on('end', () => {
    if (plant.ask && !opaque && head.length > 0) toServer(head);
    server.end();
  });
  server.on('end', () => {
    if (answer.length > 0 && !events.isOpen()) listen(Buffer.alloc(0), true);
    client.end(events.isOpen() ? Buffer.alloc(0) : answer);
  });
  for (const socket of [client, server]) {
    // The end of one connection ends the other.
    socket.on('error', cut);
    socket.on('close', () => {
      if (socket.errored) cut();
      events.end();
      if (!session?.open) return;
      session.open = false;
      room.sessions.splice(room.sessions.indexOf(session), 1);
      plant.ended?.(session, room);
    });
  }
}

/** Listens on a free port of this machine, for a server on another one. */
export async function startProxy(port: number, plant: Switch = {}): Promise<RunningProxy> {
  const room = createRoom();
  const sockets = new Set<Socket>();
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const server = dial({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    connection(client, server, plant, room);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
      await once(listener, 'close');
    },
  };
}
