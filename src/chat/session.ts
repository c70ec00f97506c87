import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { type ClientMessage, type CloseCode, closeCodes } from '../../generated/chat/index.ts';
import type { Identity, VerifyToken } from '../auth/tokens.ts';
import type { CountFrame } from '../limits/frames.ts';
import type { Log } from '../log/log.ts';
import type { WatchAccess } from '../revocations/revocations.ts';
import { Access } from './access.ts';
import { Closing } from './closing.ts';
import { type ChatCounts, countClose } from './counts.ts';
import { decode, encodeEnvelope } from './frames.ts';
import { Heartbeat } from './heartbeat.ts';
import { Replies } from './replies.ts';
import type { RoomSession } from './room.ts';
import { SendQueue } from './send-queue.ts';

/** A client that may join, before its socket is open. */
export interface Admitted {
  readonly roomSession: RoomSession;
  /** Identity in the token of the handshake. */
  readonly identity: Identity;
  /** Request id of the handshake. */
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
  readonly counts: ChatCounts;
  readonly log: Log;
}

/** Frames that may wait to be taken. Once there are so many, nothing is read until all before are taken. */
const maxUntaken = 256;

/** Close codes after which the client reconnects, here or on another node; its user stays in the roster meanwhile. */
const reconnects: ReadonlySet<CloseCode> = new Set([
  closeCodes.going_away,
  closeCodes.internal_error,
  closeCodes.service_restart,
  closeCodes.too_slow,
  closeCodes.token_expired,
]);

type ChatMessage = Extract<ClientMessage, { type: 'chat_message' }>['msg'];

/**
 * Runs an authenticated connection from the open socket to its end. `webSocket` reads, and writes the protocol's own
 * frames. The room's frames are encoded already, and are written to `socket` as they are.
 */
export function runSession(webSocket: WebSocket, socket: Socket, admitted: Admitted, deps: SessionDeps): void {
  const { roomSession, identity, requestId, sessionId } = admitted;
  const { maxBufferedBytes, heartbeatIntervalMs: intervalMs, countFrame, verify, watchAccess, counts, log } = deps;
  const userId = identity.id;
  let turn = Promise.resolve();
  let untaken = 0;
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

  /** Ends the session behind what was sent before. */
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
    webSocket.terminate();
  }

  async function take(data: Buffer, isBinary: boolean): Promise<void> {
    const retryAfterMs = await countFrame?.(userId);
    if (isOver()) return;
    counts.receivedBytes += data.length;
    const decoded = isBinary ? undefined : decode(data.toString());
    counts.received[decoded && 'message' in decoded ? decoded.message.type : 'invalid'] += 1;
    if (!decoded) return finish(closeCodes.binary_frame);
    if ('refusal' in decoded) return replies.refuse(decoded.refusal);
    const { message } = decoded;
    if (retryAfterMs !== undefined) return replies.slowDown(retryAfterMs, message.msg.nonce);
    // Not awaited: the frames behind need not wait for a broker or an issuer far away.
    if (message.type === 'chat_message') publish(message.msg);
    else access.refresh(message.msg).catch(fail);
  }

  function publish({ text, nonce }: ChatMessage): void {
    // The call itself hands the draft over, so messages keep their order.
    roomSession.publish({ text, nonce }).then((result) => {
      if (typeof result === 'object') replies.send('chat_message', encodeEnvelope(result.repeats));
      else if (result === 'refused') {
        const detail = 'The message could not be published. Send it again later.';
        replies.sendError({ code: 'unavailable', detail, nonce });
      }
    }, fail);
  }

  const queue = new SendQueue(webSocket, socket, { maxBufferedBytes, onOverflow: endAsTooSlow, counts });
  const heartbeat = new Heartbeat(webSocket, {
    intervalMs,
    queue,
    onStalled: endAsTooSlow,
    onDead: cut,
    onExpired: () => finish(closeCodes.token_expired),
  });
  const closing = new Closing(webSocket, socket, {
    queue,
    onProtocolError: (error) => note('session_broke_protocol', { err: error }),
    onClosed: (by, code, isLost) => {
      countClose(counts.closed[by], code);
      note('session_left', { code, by });
      // Behind the frames that the client had sent before.
      turn = turn.then(() => leave(isLost ? 'lost' : 'left'));
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

  webSocket.on('message', (data: Buffer, isBinary) => {
    heartbeat.hear();
    untaken += 1;
    if (untaken === maxUntaken) webSocket.pause();
    // One at a time: a limit that is counted elsewhere must not change their order.
    turn = turn
      .then(() => take(data, isBinary))
      .catch(fail)
      .finally(() => {
        untaken -= 1;
        if (webSocket.isPaused) webSocket.resume();
      });
  });
  webSocket.on('pong', () => heartbeat.hear());
  note('session_joined', {});
  roomSession.open({ send: queue.send, end, pulse: heartbeat });
}
