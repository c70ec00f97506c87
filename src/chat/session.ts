import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { type ClientMessage, type CloseCode, closeCodes, type ServerMessage } from '../../generated/chat/index.ts';
import { IssuerUnavailable } from '../auth/keys.ts';
import { putOffFields, refusalFields } from '../auth/require-auth.ts';
import { type Identity, InvalidToken, UserDisabled, type VerifyToken } from '../auth/tokens.ts';
import type { CountFrame } from '../limits/frames.ts';
import type { FieldsOf, LogEvent } from '../log/events.ts';
import type { Log } from '../log/log.ts';
import type { WatchAccess } from '../revocations/revocations.ts';
import { type Backlog, createBacklog, pieceBytes } from './backlog.ts';
import { type ChatCounts, countClose } from './counts.ts';
import { decode, encodeEnvelope, encodeError, encodeTokenRefreshed, type FrameRefusal } from './frames.ts';
import type { RoomSession } from './room.ts';

/** Somebody the door has let in. */
export interface Admitted {
  readonly entry: RoomSession;
  /** Of the token that it came with. */
  readonly identity: Identity;
  /** Of the handshake. */
  readonly requestId: string;
  readonly sessionId: string;
}

export interface SessionDeps {
  /**
   * Outgoing buffer limit of a session that falls behind; beyond it the session ends. The roster and the missed messages
   * that it was promised when it came in don't count.
   */
  readonly maxBufferedBytes: number;
  /** From one ping to the next. Who hasn't answered by then is gone. */
  readonly heartbeatIntervalMs: number;
  readonly countFrame: CountFrame | undefined;
  /** For tokens that are to take the place of the first one. */
  readonly verify: VerifyToken;
  readonly watchAccess: WatchAccess;
  readonly counts: ChatCounts;
  readonly log: Log;
}

/** Frames that may wait for their turn; then nothing is read until they had it. */
const maxUntaken = 256;
/** Invalid frames a session may send at once; one more is allowed with each interval. */
const badFramesMax = 20;
const badFrameIntervalMs = 1_000;
/** Frames too many, likewise. An app that sends faster than it may is slowed down, and only a flood is cut off. */
const hastyFramesMax = 200;
const hastyFrameIntervalMs = 100;

/** Allowances that are used up one by one and come back with time. */
function createAllowance(most: number, intervalMs: number): () => boolean {
  let left = most;
  let atMs = performance.now();
  return () => {
    const nowMs = performance.now();
    left = Math.min(most, left + (nowMs - atMs) / intervalMs);
    atMs = nowMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}

/** A session whose socket takes nothing of what waits for so long is not read any more. */
const stallTimeoutMs = 30_000;
/** How long what waits may still be written after the session has ended; then it is dropped. */
const lastWordsMs = 2_000;
/** How long a peer may take to answer a close, or to end its side of the connection. */
const closeTimeoutMs = 2_000;
/** The same for a peer that is still reading what came before the close, and where the server stops and waits for it. */
export const slowCloseTimeoutMs = 8_000;
const stopCloseTimeoutMs = 5_000;

/** Close codes after which the client reconnects, here or on another node; its user stays in the roster meanwhile. */
const comesBack: ReadonlySet<CloseCode> = new Set([
  closeCodes.going_away,
  closeCodes.internal_error,
  closeCodes.service_restart,
  closeCodes.too_slow,
  closeCodes.token_expired,
]);
/** With these nothing of what waits is written any more: it is too much, or no longer the client's to read. */
const closesAtOnce: ReadonlySet<CloseCode> = new Set([closeCodes.too_slow, closeCodes.access_revoked]);

/** What ws closes with, by the code of its error; anything else is an error of the protocol (RFC 6455, 7.4.1). */
const protocolCloses: Readonly<Record<string, CloseCode>> = {
  WS_ERR_INVALID_UTF8: closeCodes.not_utf8,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: closeCodes.frame_too_big,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: closeCodes.policy,
};
const protocolError = 1002;

type MessageOf<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>['msg'];

const nameOf = (code: CloseCode): string => Object.entries(closeCodes).find(([, value]) => value === code)![0];

/**
 * The life of an authenticated connection, from the open socket to its end. `webSocket` reads, and writes what belongs to
 * the protocol itself; what the room has to say is framed already and written to `socket` as it is.
 */
export function runSession(
  webSocket: WebSocket,
  socket: Socket,
  { entry, identity, requestId, sessionId }: Admitted,
  { maxBufferedBytes, heartbeatIntervalMs, countFrame, verify, watchAccess, counts, log }: SessionDeps,
): void {
  const userId = identity.id;
  /** Made by the first frame that is refused: most sessions have none. */
  let allowBadFrame: (() => boolean) | undefined;
  let allowHastyFrame: (() => boolean) | undefined;
  /** What the socket has no room for. It is kept here, where it can be dropped. */
  let backlog: Backlog | undefined;
  /** When the socket last took something of it. */
  let tookAtMs = Number.NEGATIVE_INFINITY;
  /** Closes, once nothing waits any more. */
  let whenEmpty: (() => void) | undefined;
  let closeTimer: NodeJS.Timeout | undefined;
  let dropTimer: NodeJS.Timeout | undefined;
  /** Nothing is taken from the client any more. */
  let ending = false;
  /** Nor is anything sent to it. */
  let ended = false;
  /** When it was pinged and hasn't been heard of since; 0 where it has. */
  let askedAtMs = 0;
  /** Called at the next sign of life. */
  let onSign: (() => void)[] | undefined;
  let timer: NodeJS.Timeout | undefined;
  let turn = Promise.resolve();
  let untaken = 0;
  let { expiresAtMs } = identity;
  let unwatch = (): void => {};
  let refreshing = false;
  let broke = true;
  /** What this side ended it with. */
  let endedWith: number | undefined;

  const note = <Name extends LogEvent>(event: Name, fields: FieldsOf<Name>): void =>
    log.event(event, { sessionId, requestId, userId, ...fields });

  function leave(how: 'left' | 'lost'): void {
    ended = true;
    clearTimeout(timer);
    unwatch();
    entry.release(how).catch((error: unknown) => note('seat_not_released', { err: error }));
  }

  function end(code: CloseCode, cause?: unknown): void {
    if (ended) return;
    endedWith = code;
    if (cause !== undefined) note('session_failed', { code, err: cause });
    leave(comesBack.has(code) ? 'lost' : 'left');
    if (closesAtOnce.has(code)) backlog?.drop();
    close(code);
  }

  /** Whether the socket took something that waited of late: then the client may still be reading it. */
  const isBehind = (): boolean =>
    backlog !== undefined || socket.writableLength > 0 || performance.now() - tookAtMs < stallTimeoutMs;

  function cutAfter(waitMs: number): void {
    clearTimeout(closeTimer);
    closeTimer = setTimeout(() => webSocket.terminate(), waitMs);
  }

  /** Closes behind what the socket holds already, and behind what waits as far as it is written soon. */
  function close(code: CloseCode): void {
    const slowMs = code === closeCodes.going_away ? stopCloseTimeoutMs : slowCloseTimeoutMs;
    cutAfter(isBehind() ? slowMs : closeTimeoutMs);
    const now = (): void => webSocket.close(code, nameOf(code));
    if (backlog === undefined) {
      now();
      return;
    }
    whenEmpty = now;
    dropTimer = setTimeout(() => backlog?.drop(), lastWordsMs);
  }

  /** Ends behind what was sent before. */
  function finish(code: CloseCode): void {
    ending = true;
    entry.end(code);
  }

  function wait(bytes: Buffer, owed: boolean): void {
    if (backlog === undefined) {
      const took = (): void => {
        tookAtMs = performance.now();
      };
      took();
      backlog = createBacklog(webSocket, socket, took, () => {
        backlog = undefined;
        whenEmpty?.();
      });
    }
    backlog.add(bytes, owed);
  }

  function endAsTooSlow(): void {
    counts.slowConsumers += 1;
    note('slow_consumer', { buffered: backlog?.bytes ?? socket.writableLength, slowConsumers: counts.slowConsumers });
    end(closeCodes.too_slow);
  }

  function send(bytes: Buffer, owed = false): void {
    if (ended || webSocket.readyState !== webSocket.OPEN) return;
    counts.sentBytes += bytes.length;
    const isWaitedFor = backlog !== undefined || socket.writableLength > 0;
    // As nearly always.
    if (!isWaitedFor && bytes.length <= pieceBytes) socket.write(bytes);
    // One batch may wait however long it is.
    else if (!owed && isWaitedFor && (backlog?.liveBytes ?? 0) + bytes.length > maxBufferedBytes) endAsTooSlow();
    else wait(bytes, owed);
  }

  /** Pings, and ends when the token does: whatever comes first. */
  function watch(intervalMs: number): void {
    const leftMs = expiresAtMs - Date.now();
    timer = setTimeout(
      leftMs <= intervalMs ? () => finish(closeCodes.token_expired) : beat,
      Math.max(0, Math.min(leftMs, intervalMs)),
    );
    timer.unref();
  }

  function ping(): void {
    if (askedAtMs !== 0) return;
    askedAtMs = performance.now();
    webSocket.ping();
  }

  function hear(): void {
    askedAtMs = 0;
    if (onSign === undefined) return;
    const waiting = onSign;
    onSign = undefined;
    for (const call of waiting) call();
  }

  function ask(call: () => void): number {
    // Its answer may be behind what it has to read, or behind what it has sent and nobody has read yet.
    if (ended || webSocket.isPaused || performance.now() - tookAtMs < stallTimeoutMs) {
      call();
      return 0;
    }
    const silentMs = askedAtMs === 0 ? 0 : performance.now() - askedAtMs;
    ping();
    onSign ??= [];
    onSign.push(call);
    return silentMs;
  }

  function drop(): void {
    if (ended) return;
    note('session_gone', {});
    leave('lost');
    webSocket.terminate();
  }

  function beat(): void {
    const nowMs = performance.now();
    // As long as it reads, its answer may be behind what it still has to read.
    const reads = nowMs - tookAtMs < stallTimeoutMs;
    // Somebody else may have asked a moment ago.
    const answered = askedAtMs === 0 || nowMs - askedAtMs < heartbeatIntervalMs / 2;
    if (backlog !== undefined && !reads) {
      endAsTooSlow();
    } else if (!answered && !reads) {
      drop();
    } else {
      ping();
      watch(heartbeatIntervalMs);
    }
  }

  /** Ends when this access does: by its time, or because it is revoked. */
  function stayWith(next: Identity): void {
    expiresAtMs = next.expiresAtMs;
    unwatch();
    unwatch = watchAccess(next, () => finish(closeCodes.access_revoked));
  }

  function reply(type: ServerMessage['type'], bytes: Buffer): void {
    counts.sent[type] += 1;
    entry.reply(bytes);
  }

  function replyError(refusal: FrameRefusal): void {
    const { code } = refusal;
    counts.refused[code] += 1;
    note('frame_refused', { code });
    reply('error', encodeError(refusal));
  }

  function refuse(refusal: FrameRefusal): void {
    allowBadFrame ??= createAllowance(badFramesMax, badFrameIntervalMs);
    if (allowBadFrame()) replyError(refusal);
    else finish(closeCodes.policy);
  }

  function slowDown(retryAfterMs: number, nonce?: string): void {
    allowHastyFrame ??= createAllowance(hastyFramesMax, hastyFrameIntervalMs);
    const detail = `Too many frames. Send the next one in ${retryAfterMs} ms.`;
    if (allowHastyFrame()) replyError({ code: 'rate_limited', detail, retryAfterMs, nonce });
    else finish(closeCodes.policy);
  }

  async function take(data: Buffer, isBinary: boolean): Promise<void> {
    const retryAfterMs = await countFrame?.(userId);
    if (ending || ended) return;
    counts.receivedBytes += data.length;
    const decoded = isBinary ? undefined : decode(data.toString());
    counts.received[decoded && 'message' in decoded ? decoded.message.type : 'invalid'] += 1;
    if (!decoded) return finish(closeCodes.binary_frame);
    if ('refusal' in decoded) return refuse(decoded.refusal);
    const { message } = decoded;
    const { nonce } = message.msg;
    if (retryAfterMs !== undefined) return slowDown(retryAfterMs, nonce);
    // Neither is awaited: what follows need not wait for a broker or an issuer far away.
    if (message.type === 'chat_message') say(message.msg);
    else refresh(message.msg).catch((error: unknown) => end(closeCodes.internal_error, error));
  }

  function say({ text, nonce }: MessageOf<'chat_message'>): void {
    // An order that is far away has taken the draft with the call.
    entry.publish({ text, nonce }).then(
      (result) => {
        if (typeof result === 'object') reply('chat_message', encodeEnvelope(result.repeats));
        else if (result === 'refused')
          replyError({
            code: 'unavailable',
            detail: 'The message could not be published. Send it again later.',
            nonce,
          });
      },
      (error: unknown) => end(closeCodes.internal_error, error),
    );
  }

  async function refresh({ token, nonce }: MessageOf<'token_refresh'>): Promise<void> {
    if (refreshing) {
      return refuse({ code: 'unavailable', detail: 'Another token is being checked. Send it again later.', nonce });
    }
    refreshing = true;
    try {
      const next = await verify(token);
      if (next.id !== userId) throw new InvalidToken('The token is of another user', { reason: 'other_user' });
      if (ending || ended) return;
      stayWith(next);
      clearTimeout(timer);
      watch(heartbeatIntervalMs);
      reply('token_refreshed', encodeTokenRefreshed(expiresAtMs, nonce));
    } catch (error) {
      if (error instanceof InvalidToken) note('token_refused', refusalFields(error));
      if (error instanceof IssuerUnavailable) note('token_put_off', putOffFields(error));
      if (ending || ended) return;
      if (error instanceof InvalidToken || error instanceof UserDisabled)
        refuse({ code: 'invalid_token', detail: 'The token was refused. The one before it is good as it was.', nonce });
      else if (error instanceof IssuerUnavailable)
        refuse({ code: 'unavailable', detail: 'The token cannot be checked now. Send it again later.', nonce });
      else throw error;
    } finally {
      refreshing = false;
    }
  }

  webSocket.on('message', (data: Buffer, isBinary) => {
    hear();
    untaken += 1;
    if (untaken === maxUntaken) webSocket.pause();
    // One after the other: a limit that is asked for elsewhere must not change their order.
    turn = turn
      .then(() => take(data, isBinary))
      .catch((error: unknown) => end(closeCodes.internal_error, error))
      .finally(() => {
        untaken -= 1;
        if (webSocket.isPaused) webSocket.resume();
      });
  });
  webSocket.on('pong', hear);
  // A frame that is too big, not UTF-8 or not of the protocol: ws closes with the code for it.
  webSocket.on('error', (error: NodeJS.ErrnoException) => {
    broke = false;
    endedWith ??= protocolCloses[error.code ?? ''] ?? protocolError;
    cutAfter(isBehind() ? slowCloseTimeoutMs : closeTimeoutMs);
    note('session_broke_protocol', { err: error });
  });
  // Both sides have closed; the peer has to end the connection now.
  socket.once('finish', () => cutAfter(closeTimeoutMs));
  // Without a close frame it broke, unless it was this side that ended it.
  webSocket.on('close', (code) => {
    clearTimeout(closeTimer);
    clearTimeout(dropTimer);
    backlog?.drop();
    const by = endedWith === undefined ? 'client' : 'server';
    countClose(counts.closed[by], endedWith ?? code);
    note('session_left', { code: endedWith ?? code, by });
    // What it had sent before is taken.
    turn = turn.then(() => leave(code === 1006 && broke ? 'lost' : 'left'));
  });

  // The first one by chance, so that those who came together are not pinged together ever after.
  watch(heartbeatIntervalMs * (0.5 + Math.random() / 2));
  stayWith(identity);
  note('session_joined', {});
  entry.open({ send, end, pulse: { ask, drop } });
}
