import { type AttemptsOptions, createAttempts } from './attempts.ts';
import { asyncDispose } from './dispose.ts';
import { createEmitter } from './emitter.ts';
import type { Ended } from './ended.ts';
import { PalaverError } from './error.ts';
import type { ChatMessage, Username } from './generated/index.ts';
import { createInbox } from './inbox.ts';
import { createStream } from './message-stream.ts';
import { createOutbox } from './outbox.ts';
import { onWake } from './platform.ts';
import { createPosition } from './position.ts';
import { createReconnect } from './reconnect.ts';
import type { JoinOptions, Room, RoomEvents, RoomState, Transport } from './room.ts';
import { type SessionDeps, type SessionOptions, startSession } from './session.ts';
import { createTokenSource } from './token-source.ts';

/** Time limit for the server's answer to a close, in milliseconds. */
const closeMs = 2_000;
/** How many messages may wait in an iterator of `messages()`. */
const maxStreamed = 1_000;

export interface RoomOptions extends SessionOptions, AttemptsOptions {
  readonly maxRetries: number;
}

/** A room that may not be open yet. */
interface Joining {
  readonly room: Room;
  /** Resolves when the room is closed for good: with the failure, or with nothing after `close()`. */
  readonly ended: Promise<Ended | undefined>;
}

/** Starts to connect, and goes on until the room is left or a failure is final. */
function startRoom(options: RoomOptions, joinOptions: JoinOptions): Joining {
  const { timeoutMs, maxRetries } = options;
  const { getToken, transport: wanted = 'auto' } = joinOptions;
  const { on, emit } = createEmitter<RoomEvents>();
  const leaving = new AbortController();
  const tokens = createTokenSource(joinOptions, timeoutMs);
  const outbox = createOutbox(timeoutMs);
  const position = createPosition();
  const inbox = createInbox({ position, outbox, emit });
  let state: RoomState = 'connecting';
  let username: Username | undefined;
  let transport: Transport = wanted === 'http' ? 'http' : 'websocket';

  function enter(next: RoomState, cause?: Ended): void {
    state = next;
    emit('state', { state, ...(cause && { reason: { code: cause.code, detail: cause.error.message } }) });
  }

  const depsOver = (over: Transport): SessionDeps => ({
    options,
    inbox,
    outbox,
    leaving: leaving.signal,
    renew: getToken && (() => tokens.get(leaving.signal)),
    onAnswered: () => {
      reconnect.answered();
      attempts.answered(over);
    },
    onOpen: (own) => {
      username = own;
      tokens.accepted();
      reconnect.opened();
      if (isJoining()) inbox.buffer();
      const isOther = over !== transport;
      transport = over;
      // A session that replaces another one changes nothing.
      if (state !== 'open') enter('open');
      if (isOther) emit('transport', over);
    },
  });
  const isJoining = (): boolean => state === 'connecting';
  const attempts = createAttempts({
    ...options,
    ...{ wanted, position, isJoining, leaving: leaving.signal },
    start: (over, start) => startSession(depsOver(over), start),
  });

  const reconnect = createReconnect({
    connectOnce: (giveUp) => tokens.use((token) => attempts.connect(token, giveUp), giveUp),
    isJoining,
    onLost: (cause) => enter('reconnecting', cause),
    maxRetries,
  });
  const stopWaking = onWake((why) => {
    attempts.sessions.current?.check();
    reconnect.wake(why);
    if (why === 'online') attempts.online();
  });

  function leave(): void {
    leaving.abort();
    reconnect.stop();
    stopWaking();
    attempts.stop();
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
      const session = attempts.sessions.current;
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
    get users() {
      return inbox.users;
    },
    get transport() {
      return transport;
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
