import { type Connection, connect, type Ended, endedBy, type StateCode } from './connection.ts';
import { createEmitter } from './emitter.ts';
import { PalaverError } from './error.ts';
import { type ChatMessage, type Events, eventNames, type ServerMessage, type Username } from './generated/index.ts';
import { createStream } from './message-stream.ts';
import { createNonce, createOutbox } from './outbox.ts';
import { onWake, type WebSocketConstructor } from './platform.ts';
import { createPulse, type Pulse } from './pulse.ts';
import { ownNames, rosterAfter } from './roster.ts';
import { backoffMs, maxRetryAfterMs, pause, within } from './timing.ts';

/** How long a connection may take to answer before it counts as lost, at most. */
const maxAnswerMs = 10_000;
/** A connection that held so long has done well: the next wait is a short one again. */
const steadyMs = 10_000;
/** A user's further session may be in the room under another name than its token's. It doesn't wait for itself for ever. */
const ownJoinMs = 2_000;
/** How long the server may take to answer a close. */
const closeMs = 2_000;
/** How many messages may wait in a stream. */
const maxStreamed = 1_000;

/**
 * - `connecting`: for the first time.
 * - `open`: in the room. `roster` is true, and what is sent goes out at once.
 * - `reconnecting`: the connection was lost, and is being made anew. What is sent waits.
 * - `closed`: for good.
 */
export type RoomState = 'connecting' | 'open' | 'reconnecting' | 'closed';

export interface StateChange {
  readonly state: RoomState;
  /** Why it is no longer `open`; absent after `close()`. */
  readonly reason?: { readonly code: StateCode; readonly detail: string };
}

/** One event per frame that the server sends, and two of the room's own. */
export interface RoomEvents extends Events {
  /** The roster has changed: all of it. */
  roster: readonly Username[];
  state: StateChange;
}

/** Where the token comes from. */
export type Credentials =
  | { readonly token: string; readonly getToken?: undefined }
  | {
      /** Asked for a token before every connection, also when one has expired. */
      readonly getToken: () => string | Promise<string>;
      readonly token?: undefined;
    };

export type JoinOptions = Credentials & {
  /** Ends the joining: it rejects with `aborted`. Once joined, it has no effect. */
  readonly signal?: AbortSignal;
};

/** The chat room, over as many connections as it takes. */
export interface Room {
  readonly state: RoomState;
  /** Who is in the room, in the order in which they joined; while it reconnects, as it was last seen. A new array for every change. */
  readonly roster: readonly Username[];
  /**
   * Listens to a frame of the server, to `roster` or to `state`. Returns how to unsubscribe.
   * @example
   * const stop = room.on('chat_message', ({ msg }) => console.log(msg.from_user, msg.text));
   */
  on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void): () => void;
  /**
   * All messages from now on, one's own included; ends when the room closes. At most 1,000 wait to be read.
   * @throws {PalaverError} `too_slow` where more would wait
   * @example
   * for await (const { msg } of room.messages()) console.log(msg.from_user, msg.text);
   */
  messages(): AsyncIterableIterator<ChatMessage>;
  /**
   * Says something; resolves with what everybody received. While the room reconnects, up to 100 messages wait up to 30
   * seconds, and go out in order. What was on its way when a connection ended is never sent again.
   * @throws {PalaverError} the code of the server's refusal, `connection_lost`, `timeout`, `offline_queue_full`, `closed`
   */
  send(text: string): Promise<ChatMessage>;
  /** Leaves. Resolves when the connection is closed; what has not come back by then rejects with `closed`. */
  close(): Promise<void>;
}

export interface RoomParts {
  /** Where the server is, without a slash at its end. */
  readonly url: string;
  readonly WebSocket?: WebSocketConstructor | undefined;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly heartbeatIntervalMs: number;
  readonly whyRefused: (token: string) => Promise<PalaverError>;
}

const failure = (error: unknown): PalaverError =>
  error instanceof PalaverError
    ? error
    : new PalaverError('connection_failed', 'No token could be had', { cause: error });

/** Joins; resolves once in the room. @throws {PalaverError} */
export function joinRoom(parts: RoomParts, { token: fixed, getToken, signal }: JoinOptions): Promise<Room> {
  const { url, WebSocket, timeoutMs, maxRetries, heartbeatIntervalMs, whyRefused } = parts;
  const answerMs = Math.min(timeoutMs, maxAnswerMs);
  const { on, emit } = createEmitter<RoomEvents>();
  const outbox = createOutbox(timeoutMs);
  const leaving = new AbortController();
  let waking = new AbortController();
  let state: RoomState = 'connecting';
  let roster: readonly Username[] = Object.freeze([]);
  let connection: Connection | undefined;
  let pulse: Pulse | undefined;
  let arrivedMs = Number.POSITIVE_INFINITY;
  /** A token that is good for nothing any more, and why; how many in a row were so. */
  let spent: { readonly token: string; readonly ended: Ended } | undefined;
  let refusals = 0;

  function enter(next: RoomState, cause?: Ended): void {
    state = next;
    emit('state', { state, ...(cause && { reason: { code: cause.code, detail: cause.error.message } }) });
  }

  function hear(frame: ServerMessage): void {
    const before = roster;
    roster = rosterAfter(roster, frame);
    emit(frame.type, frame);
    if (roster !== before) emit('roster', roster);
    if (frame.type === 'chat_message' || frame.type === 'error') outbox.settle(frame);
  }

  /** From a handshake to the end of what came of it. */
  async function stay(token: string): Promise<Ended> {
    const isOwn = ownNames(token);
    let question: string | undefined;
    const current = connect({ url, token, WebSocket, whyRefused, onFrame });
    const silent = (code: 'timeout' | 'connection_lost') => () =>
      current.drop(new PalaverError(code, 'The server said nothing in time.'));
    const opening = setTimeout(silent('timeout'), timeoutMs);
    let grace: ReturnType<typeof setTimeout> | undefined;
    connection = current;

    function onFrame(frame: ServerMessage): void {
      if (leaving.signal.aborted) return;
      pulse?.heard();
      // The answer to our own question.
      if (frame.type === 'error' && frame.msg.nonce !== undefined && frame.msg.nonce === question) return;
      if (!eventNames.includes(frame.type)) return;
      hear(frame);
      if (pulse) return;
      if (frame.type === 'users_online') {
        clearTimeout(opening);
        if (frame.msg.list.some(isOwn)) arrive();
        else grace = setTimeout(arrive, ownJoinMs);
      } else if (frame.type === 'user_joined' && isOwn(frame.msg.username)) arrive();
    }

    function arrive(): void {
      clearTimeout(grace);
      // What is refused is answered too: an empty text asks without saying anything to anybody.
      const ask = (): void => {
        question = createNonce();
        current.send({ type: 'chat_message', msg: { text: '', nonce: question } });
      };
      const beat = createPulse({ intervalMs: heartbeatIntervalMs, answerMs, ask, onLost: silent('connection_lost') });
      pulse = beat;
      refusals = 0;
      arrivedMs = performance.now();
      enter('open');
      outbox.open((message) => {
        current.send(message);
        beat.said();
      });
    }

    const ended = await current.ended;
    clearTimeout(opening);
    clearTimeout(grace);
    pulse?.stop();
    pulse = undefined;
    outbox.cut();
    return ended;
  }

  /** One try to be in the room, from its token to its end. */
  async function visit(): Promise<Ended> {
    let token: string;
    try {
      token = fixed ?? (await within(getToken!, { timeoutMs, signal: leaving.signal, what: 'getToken' }));
    } catch (error) {
      const ended = endedBy(failure(error));
      return ended.next === 'new_token' ? { ...ended, next: 'stop' } : ended;
    }
    if (token === spent?.token) return { ...spent.ended, next: 'stop' };
    const ended = await stay(token);
    if (ended.next !== 'new_token') return ended;
    spent = { token, ended };
    refusals += 1;
    return fixed !== undefined || refusals > 1 ? { ...ended, next: 'stop' } : ended;
  }

  /** Is in the room until it is left for good. */
  async function live(): Promise<Ended | undefined> {
    for (let failures = 0; ; failures += 1) {
      const ended = await visit();
      if (leaving.signal.aborted) return undefined;
      const isJoining = state === 'connecting';
      const { retryAfterMs = 0 } = ended.error;
      const isOver = isJoining && (failures >= maxRetries || retryAfterMs > maxRetryAfterMs);
      if (ended.next === 'stop' || isOver) return ended;
      if (!isJoining) enter('reconnecting', ended);
      if (performance.now() - arrivedMs >= steadyMs) failures = 0;
      arrivedMs = Number.POSITIVE_INFINITY;
      await pause(retryAfterMs + backoffMs(failures), retryAfterMs > 0 ? leaving.signal : waking.signal);
      if (leaving.signal.aborted) return undefined;
    }
  }

  function leave(): void {
    leaving.abort();
    waking.abort();
    stopWaking();
    outbox.close();
  }

  const stopWaking = onWake(() => {
    waking.abort();
    waking = new AbortController();
    pulse?.check();
  });

  const lived = live().then((ended) => {
    leave();
    if (ended) enter('closed', ended);
    return ended;
  });

  const room: Room = {
    get state() {
      return state;
    },
    get roster() {
      return roster;
    },
    on,
    messages: () =>
      createStream<ChatMessage>(
        {
          onItem: (listener) => on('chat_message', listener),
          onEnd: (listener) => on('state', ({ state: now }) => now === 'closed' && listener()),
        },
        maxStreamed,
      ),
    send: outbox.send,
    close: async () => {
      if (state !== 'closed') {
        const wasOpen = state === 'open';
        leave();
        enter('closed');
        const gone = new PalaverError('closed', 'The room is closed.');
        if (wasOpen) connection?.close();
        else connection?.drop(gone);
        const late = setTimeout(() => connection?.drop(gone), closeMs);
        await lived;
        clearTimeout(late);
      }
      await lived;
    },
  };

  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(new PalaverError('aborted', 'Joining was aborted', { cause: signal?.reason }));
      void room.close();
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort);
    const stop = on('state', ({ state: now }) => {
      if (now !== 'open') return;
      stop();
      signal?.removeEventListener('abort', onAbort);
      resolve(room);
    });
    lived.then((ended) => {
      signal?.removeEventListener('abort', onAbort);
      if (ended) reject(ended.error);
    }, reject);
  });
}
