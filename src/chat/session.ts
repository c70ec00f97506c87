import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { type CloseCode, closeCodes } from '../../generated/chat/index.ts';
import type { Identity, VerifyToken } from '../auth/tokens.ts';
import type { CountFrame } from '../limits/frames.ts';
import type { Log } from '../log/log.ts';
import type { WatchAccess } from '../revocations/revocations.ts';
import { Access } from './access.ts';
import { ClientFrames, type Session } from './client-frames.ts';
import { Closing } from './closing.ts';
import type { Connection, Transport } from './connection.ts';
import { type ChatCounts, countClose } from './counts.ts';
import { EventStream } from './event-stream.ts';
import { eventEnds } from './events.ts';
import { Heartbeat } from './heartbeat.ts';
import { Replies } from './replies.ts';
import type { RoomSession } from './room.ts';
import { SendQueue } from './send-queue.ts';

/** A client that may join, before its connection is open. */
export interface Admitted {
  readonly roomSession: RoomSession;
  /** Identity in the token of the request. */
  readonly identity: Identity;
  /** Request id of the handshake, or of the request for events. */
  readonly requestId: string;
  readonly sessionId: string;
}

export interface SessionDeps {
  /**
   * Outgoing buffer limit of a session that falls behind; beyond it the session ends. The roster and the missed messages
   * that it was promised when it joined don't count.
   */
  readonly maxBufferedBytes: number;
  /** Time from one ping to the next. A connection that hasn't answered by then is dead. */
  readonly heartbeatIntervalMs: number;
  readonly countFrame: CountFrame | undefined;
  /** Verifies the tokens that replace the first one. */
  readonly verify: VerifyToken;
  readonly watchAccess: WatchAccess;
  readonly counts: Readonly<Record<Transport, ChatCounts>>;
  readonly log: Log;
}

/** Close codes after which the client reconnects, here or on another node; its user stays in the roster meanwhile. */
const reconnects: ReadonlySet<CloseCode> = new Set([
  closeCodes.going_away,
  closeCodes.internal_error,
  closeCodes.service_restart,
  closeCodes.too_slow,
  closeCodes.token_expired,
]);

interface Opened {
  readonly connection: Connection;
  readonly socket: Socket;
  readonly transport: Transport;
  /** Calls back once all that the client has sent is taken. */
  readonly afterTaken: (call: () => void) => void;
}

/**
 * Runs a session over a WebSocket. `webSocket` reads, and writes the protocol's own frames. The room's frames are encoded
 * already, and are written to `socket` as they are.
 */
export function runSession(webSocket: WebSocket, socket: Socket, admitted: Admitted, deps: SessionDeps): void {
  const { roomSession, identity } = admitted;
  const counts = deps.counts.websocket;
  const inbound = new ClientFrames(webSocket, {
    roomSession,
    userId: identity.id,
    countFrame: deps.countFrame,
    counts,
  });
  const { afterTaken } = inbound;
  const session = createSession({ connection: webSocket, socket, transport: 'websocket', afterTaken }, admitted, deps);
  inbound.read(session);
}

/** Runs a session over HTTP, whose head was answered already: the client reads, and sends nothing. */
export function runEventSession(socket: Socket, admitted: Admitted, deps: SessionDeps): EventStream {
  const connection = new EventStream(socket);
  createSession({ connection, socket, transport: 'events', afterTaken: (call) => call() }, admitted, deps);
  return connection;
}

function createSession({ connection, socket, transport, afterTaken }: Opened, admitted: Admitted, deps: SessionDeps) {
  const { roomSession, identity, requestId, sessionId } = admitted;
  const { maxBufferedBytes, heartbeatIntervalMs: intervalMs, verify, watchAccess, log } = deps;
  const counts = deps.counts[transport];
  const userId = identity.id;
  /** Nothing is taken from the client any more. */
  let ending = false;
  /** Nor is anything sent to it. */
  let ended = false;
  const isOver = (): boolean => ending || ended;

  const note: Log['event'] = (event, fields) => log.event(event, { sessionId, requestId, userId, ...fields });

  function leave(how: 'left' | 'lost'): void {
    ended = true;
    heartbeat.stop();
    access.stop();
    roomSession.release(how).catch((error: unknown) => note('seat_not_released', { err: error }));
  }

  function end(code: CloseCode, cause?: unknown): void {
    if (ended) return;
    if (cause !== undefined) note('session_failed', { code, err: cause });
    leave(reconnects.has(code) ? 'lost' : 'left');
    closing.begin(code);
  }

  const fail = (error: unknown): void => end(closeCodes.internal_error, error);

  function finish(code: CloseCode): void {
    ending = true;
    roomSession.end(code);
  }

  function endAsTooSlow(): void {
    counts.slowConsumers += 1;
    note('slow_consumer', { buffered: queue.waitingBytes, slowConsumers: counts.slowConsumers });
    end(closeCodes.too_slow);
  }

  /** Drops a dead connection. Its peer would not read a close. */
  function cut(): void {
    if (ended) return;
    note('session_gone', {});
    leave('lost');
    connection.terminate();
  }

  const ends = transport === 'events' ? eventEnds : undefined;
  const queue = new SendQueue(connection, socket, { maxBufferedBytes, onOverflow: endAsTooSlow, counts, ends });
  const heartbeat = new Heartbeat(connection, {
    intervalMs,
    queue,
    onStalled: endAsTooSlow,
    onDead: cut,
    onExpired: () => finish(closeCodes.token_expired),
  });
  const closing = new Closing(connection, socket, {
    queue,
    onProtocolError: (error) => note('session_broke_protocol', { err: error }),
    onClosed: (by, code, isLost) => {
      countClose(counts.closed[by], code);
      note('session_left', { code, by });
      // Behind the frames that the client had sent before.
      afterTaken(() => leave(isLost ? 'lost' : 'left'));
    },
  });
  const replies = new Replies({ roomSession, counts, note, finish });
  const access = new Access(identity, {
    verify,
    watchAccess,
    replies,
    note,
    onToken: (expiresAtMs) => heartbeat.keepUntil(expiresAtMs),
    onRevoked: () => finish(closeCodes.access_revoked),
    isOver,
  });

  connection.on('pong', () => heartbeat.hear());
  note('session_joined', { transport });
  roomSession.open({ transport, send: queue.send, end, pulse: heartbeat });
  return { heartbeat, replies, access, isOver, finish, fail } satisfies Session;
}
