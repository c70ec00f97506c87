import { type Connection, connect, type Ended, endedBy } from './connection.ts';
import { asyncDispose } from './dispose.ts';
import { createEmitter } from './emitter.ts';
import { PalaverError } from './error.ts';
import type { ChatMessage, FrameId, ServerMessage, Username, UsersOnline } from './generated/index.ts';
import { createStream } from './message-stream.ts';
import { createNonce, createOutbox } from './outbox.ts';
import { type Dial, onWake } from './platform.ts';
import { createPosition } from './position.ts';
import { createPulse, type Pulse } from './pulse.ts';
import type { UnknownFrame } from './read-frame.ts';
import { createRenewal, type Renewal } from './renewal.ts';
import type { JoinOptions, Room, RoomEvents, RoomState } from './room.ts';
import { ownNames, rosterAfter } from './roster.ts';
import { backoffMs, maxRetryAfterMs, pause, within } from './timing.ts';
import { tokenOf } from './token.ts';

/** A connection that held so long has done well: the next wait is a short one again. */
const steadyMs = 10_000;
/** A user's further session may be in the room under another name than its token's. It doesn't wait for itself for ever. */
const ownJoinMs = 2_000;
/** How long the server may take to answer a close. */
const closeMs = 2_000;
/** How many messages may wait in a stream. */
const maxStreamed = 1_000;
/** An attempt that is younger, in milliseconds, is left to go on when the user comes back to the page. */
const hangingMs = 1_000;

export interface RoomDeps {
  /** Where the server is, without a slash at its end. */
  readonly url: string;
  readonly dial: Dial;
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly heartbeatIntervalMs: number;
  /** Why the server refuses a handshake with this token and this place. */
  readonly whyRefused: (token: string, lastId: FrameId | undefined, signal: AbortSignal) => Promise<PalaverError>;
}

const failure = (error: unknown): PalaverError =>
  error instanceof PalaverError
    ? error
    : new PalaverError('connection_failed', 'No token could be had', { cause: error });

/** Joins; resolves once in the room. @throws {PalaverError} */
export function joinRoom(parts: RoomDeps, { token: fixed, getToken, signal }: JoinOptions): Promise<Room> {
  const { url, dial, timeoutMs, maxRetries, heartbeatIntervalMs, whyRefused } = parts;
  // Said nothing for so long, a connection counts as lost: before a message on it counts as late.
  const answerMs = timeoutMs / 3;
  const { on, emit } = createEmitter<RoomEvents>();
  const outbox = createOutbox(timeoutMs);
  const position = createPosition();
  const leaving = new AbortController();
  let waking = new AbortController();
  let state: RoomState = 'connecting';
  let roster: readonly Username[] = Object.freeze([]);
  let username: Username | undefined;
  let connection: Connection | undefined;
  let pulse: Pulse | undefined;
  let held: (ServerMessage | UnknownFrame)[] | undefined;
  /** The attempt that may hang: until the server has said who is there. */
  let attempt: { readonly sinceMs: number; readonly giveUp: AbortController } | undefined;
  let arrivedMs = Number.POSITIVE_INFINITY;
  /** A token that is good for nothing any more, and why; how many in a row were so. */
  let spent: { readonly token: string; readonly ended: Ended } | undefined;
  let refusals = 0;

  function enter(next: RoomState, cause?: Ended): void {
    state = next;
    emit('state', { state, ...(cause && { reason: { code: cause.code, detail: cause.error.message } }) });
  }

  function tell(frame: ServerMessage): void {
    const before = roster;
    roster = rosterAfter(roster, frame);
    emit(frame.type, frame);
    if (roster !== before) emit('roster', roster);
  }

  function hear(frame: ServerMessage | UnknownFrame): void {
    if (frame.type === 'unknown') {
      position.pass(frame.id);
      return;
    }
    if (position.advance(frame)) tell(frame);
    if (frame.type === 'users_online' && frame.msg.recovered !== true) outbox.lose();
    if (frame.type === 'chat_message' || frame.type === 'error') outbox.settle(frame);
  }

  /** Until whoever waits for `join` has had the time to listen: frames can come many at once. */
  function hold(): void {
    held = [];
    setTimeout(() => {
      const frames = held!;
      held = undefined;
      if (!leaving.signal.aborted) frames.forEach(hear);
    });
  }

  const askForToken = async (signal = leaving.signal): Promise<string> =>
    tokenOf(fixed ?? (getToken && (await within(() => getToken(), { timeoutMs, signal, what: 'getToken' }))));

  /** From a handshake to the end of what came of it. */
  async function stay(token: string, giveUp: AbortSignal): Promise<Ended> {
    const isOwn = ownNames(token);
    const silent = (code: 'timeout' | 'connection_lost') => () =>
      current.drop(new PalaverError(code, 'The server said nothing in time.'));
    let question: string | undefined;
    let onAnswer = (): void => {};
    // Who has never been in the room has missed nothing.
    const lastId = state === 'connecting' ? undefined : position.id;
    const isBlind = state !== 'connecting' && lastId === undefined;
    const query = lastId === undefined ? '' : `?last_event_id=${encodeURIComponent(lastId)}`;
    const current = connect({
      url: `${url}${query}`,
      token,
      dial,
      whyRefused: (signal) => whyRefused(token, lastId, signal),
      onFrame,
      onSign: () => pulse?.heard(),
    });
    const onGiveUp = silent('connection_lost');
    giveUp.addEventListener('abort', onGiveUp);
    const opening = setTimeout(silent('timeout'), timeoutMs);
    let grace: ReturnType<typeof setTimeout> | undefined;
    let renewal: Renewal | undefined;
    connection = current;

    /** The answers to what was asked without the caller are for nobody else. */
    function isForUs(frame: ServerMessage | UnknownFrame): boolean {
      if (frame.type === 'error' && question !== undefined && frame.msg.nonce === question) {
        question = undefined;
        onAnswer();
        return true;
      }
      return (frame.type === 'error' || frame.type === 'token_refreshed') && renewal?.settle(frame) === true;
    }

    /** Where nothing was asked for nothing is recovered, and the app must know. */
    const withGap = (frame: UsersOnline): UsersOnline =>
      isBlind ? { ...frame, msg: { ...frame.msg, recovered: false } } : frame;

    function onFrame(told: ServerMessage | UnknownFrame): void {
      if (leaving.signal.aborted) return;
      const frame = told.type === 'users_online' ? withGap(told) : told;
      if (!isForUs(frame)) {
        if (held) held.push(frame);
        else hear(frame);
      }
      if (pulse) return;
      if (frame.type === 'users_online') {
        clearTimeout(opening);
        attempt = undefined;
        if (getToken)
          renewal = createRenewal({
            token,
            nowMs: Date.parse(frame.sent_at),
            getToken: () => askForToken(),
            send: current.send,
          });
        const own = frame.msg.list.find(isOwn);
        if (own !== undefined) arrive(own);
        else grace = setTimeout(arrive, ownJoinMs);
      } else if (frame.type === 'user_joined' && isOwn(frame.msg.username)) arrive(frame.msg.username);
    }

    function arrive(own?: Username): void {
      clearTimeout(grace);
      username = own;
      // What is refused is answered too: an empty text asks without saying anything to anybody.
      const ask = (): void => {
        question = createNonce();
        current.send({ type: 'chat_message', msg: { text: '', nonce: question } });
      };
      const beat = createPulse({
        intervalMs: heartbeatIntervalMs,
        answerMs,
        ask,
        isOwed: () => question !== undefined || outbox.isOwed(),
        onLost: silent('connection_lost'),
      });
      pulse = beat;
      refusals = 0;
      arrivedMs = performance.now();
      if (state === 'connecting') hold();
      enter('open');
      const open = (): void =>
        outbox.open((message) => {
          current.send(message);
          beat.said();
        });
      if (outbox.hasUnsettled()) {
        // The answer comes behind what was missed, and what that settles need not be sent again.
        onAnswer = open;
        beat.check();
      } else open();
    }

    const ended = await current.ended;
    giveUp.removeEventListener('abort', onGiveUp);
    clearTimeout(opening);
    clearTimeout(grace);
    renewal?.stop();
    pulse?.stop();
    pulse = undefined;
    outbox.cut();
    if (ended.error.status !== 400 || lastId === undefined) return ended;
    // The server can't read this place. Without it the next attempt is as good as any.
    position.forget();
    return { ...ended, next: 'reconnect' };
  }

  /** One try to be in the room, from its token to its end. */
  async function visit(giveUp: AbortSignal): Promise<Ended> {
    let token: string;
    try {
      token = await askForToken(giveUp);
    } catch (error) {
      const ended = endedBy(failure(error));
      return ended.next === 'new_token' || ended.code === 'invalid_token' ? { ...ended, next: 'stop' } : ended;
    }
    if (token === spent?.token) return { ...spent.ended, next: 'stop' };
    const ended = await stay(token, giveUp);
    if (ended.next !== 'new_token') return ended;
    spent = { token, ended };
    refusals += 1;
    return fixed !== undefined || refusals > 1 ? { ...ended, next: 'stop' } : ended;
  }

  /** Is in the room until it is left for good. */
  async function live(): Promise<Ended | undefined> {
    for (let failures = 0; ; failures += 1) {
      const giveUp = new AbortController();
      attempt = { sinceMs: performance.now(), giveUp };
      const ended = await visit(giveUp.signal);
      attempt = undefined;
      if (leaving.signal.aborted) return undefined;
      if (giveUp.signal.aborted) {
        // It did not fail: there is a better one now.
        failures -= 1;
        continue;
      }
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
    attempt?.giveUp.abort();
    waking.abort();
    stopWaking();
    outbox.close();
  }

  const stopWaking = onWake((why) => {
    waking.abort();
    waking = new AbortController();
    pulse?.check();
    // An attempt that began without a network may hang until its time-out.
    if (attempt && (why === 'online' || performance.now() - attempt.sinceMs > hangingMs)) attempt.giveUp.abort();
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
    get username() {
      return username;
    },
    on,
    messages: () =>
      createStream<ChatMessage>(
        {
          onItem: (listener) => on('chat_message', listener),
          onEnd: (listener) => {
            if (state === 'closed') queueMicrotask(listener);
            return on('state', ({ state: now }) => now === 'closed' && listener());
          },
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
    [asyncDispose]: () => room.close(),
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
