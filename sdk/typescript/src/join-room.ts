import type { Ended } from './connection.ts';
import { asyncDispose } from './dispose.ts';
import { createEmitter } from './emitter.ts';
import { PalaverError } from './error.ts';
import type { ChatMessage, Username } from './generated/index.ts';
import { createInbox } from './inbox.ts';
import { createStream } from './message-stream.ts';
import { createOutbox } from './outbox.ts';
import { onWake } from './platform.ts';
import { createPosition } from './position.ts';
import { createReconnect } from './reconnect.ts';
import type { Credentials, JoinOptions, Room, RoomEvents, RoomState } from './room.ts';
import { type Session, type SessionDeps, type SessionOptions, startSession } from './session.ts';
import { createTokenSource } from './token-source.ts';

/** Time limit for the server's answer to a close, in milliseconds. */
const closeMs = 2_000;
/** How many messages may wait in an iterator of `messages()`. */
const maxStreamed = 1_000;

export interface RoomOptions extends SessionOptions {
  readonly maxRetries: number;
}

/** A room that may not be open yet. */
interface Joining {
  readonly room: Room;
  /** Resolves when the room is closed for good: with the failure, or with nothing after `close()`. */
  readonly ended: Promise<Ended | undefined>;
}

/** Starts to connect, and goes on until the room is left or a failure is final. */
function startRoom(options: RoomOptions, credentials: Credentials): Joining {
  const { timeoutMs, maxRetries } = options;
  const { getToken } = credentials;
  const { on, emit } = createEmitter<RoomEvents>();
  const leaving = new AbortController();
  const tokens = createTokenSource(credentials, timeoutMs);
  const outbox = createOutbox(timeoutMs);
  const position = createPosition();
  const inbox = createInbox({ position, outbox, emit });
  let state: RoomState = 'connecting';
  let username: Username | undefined;
  let session: Session | undefined;

  function enter(next: RoomState, cause?: Ended): void {
    state = next;
    emit('state', { state, ...(cause && { reason: { code: cause.code, detail: cause.error.message } }) });
  }

  const sessionDeps: SessionDeps = {
    options,
    inbox,
    outbox,
    leaving: leaving.signal,
    renew: getToken && (() => tokens.get(leaving.signal)),
    onAnswered: () => reconnect.answered(),
    onOpen: (own) => {
      username = own;
      tokens.accepted();
      reconnect.opened();
      if (state === 'connecting') inbox.buffer();
      enter('open');
    },
  };

  async function connectWith(token: string, giveUp: AbortSignal): Promise<Ended> {
    // A room that was never open has missed nothing.
    const wasOpen = state !== 'connecting';
    const lastId = wasOpen ? position.id : undefined;
    session = startSession(sessionDeps, { token, lastId, hasGap: wasOpen && lastId === undefined, giveUp });
    const ended = await session.ended;
    if (ended.error.status !== 400 || lastId === undefined) return ended;
    // The server rejects this position, so the next attempt goes without it.
    position.forget();
    return { ...ended, next: 'reconnect' };
  }

  const reconnect = createReconnect({
    connectOnce: (giveUp) => tokens.use((token) => connectWith(token, giveUp), giveUp),
    isJoining: () => state === 'connecting',
    onLost: (cause) => enter('reconnecting', cause),
    maxRetries,
  });
  const stopWaking = onWake((why) => {
    session?.check();
    reconnect.wake(why);
  });

  function leave(): void {
    leaving.abort();
    reconnect.stop();
    stopWaking();
    inbox.close();
    outbox.close();
  }

  const ended = reconnect.keepConnected().then((cause) => {
    leave();
    if (cause) enter('closed', cause);
    return cause;
  });

  const messages = (): AsyncIterableIterator<ChatMessage> =>
    createStream<ChatMessage>(
      {
        onItem: (listener) => on('chat_message', listener),
        onEnd: (listener) => {
          if (state === 'closed') queueMicrotask(listener);
          return on('state', ({ state: now }) => now === 'closed' && listener());
        },
      },
      maxStreamed,
    );

  async function close(): Promise<void> {
    if (state !== 'closed') {
      const wasOpen = state === 'open';
      leave();
      enter('closed');
      const error = new PalaverError('closed', 'The room is closed.');
      if (wasOpen) session?.close();
      else session?.drop(error);
      const late = setTimeout(() => session?.drop(error), closeMs);
      await ended;
      clearTimeout(late);
    }
    await ended;
  }

  const room: Room = {
    get state() {
      return state;
    },
    get roster() {
      return inbox.roster;
    },
    get username() {
      return username;
    },
    on,
    messages,
    send: outbox.send,
    close,
    [asyncDispose]: close,
  };
  return { room, ended };
}

/** Joins the room; resolves once it is open. @throws {PalaverError} */
export function joinRoom(options: RoomOptions, joinOptions: JoinOptions): Promise<Room> {
  const { signal } = joinOptions;
  const { room, ended } = startRoom(options, joinOptions);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(new PalaverError('aborted', 'Joining was aborted.', { cause: signal?.reason }));
      void room.close();
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort);
    const stop = room.on('state', ({ state }) => {
      if (state !== 'open') return;
      stop();
      signal?.removeEventListener('abort', onAbort);
      resolve(room);
    });
    ended.then((cause) => {
      signal?.removeEventListener('abort', onAbort);
      if (cause) reject(cause.error);
    }, reject);
  });
}
