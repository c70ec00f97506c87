import { type Connection, connect, type Ended } from './connection.ts';
import { PalaverError } from './error.ts';
import type { FrameId, ServerMessage, Username, UsersOnline } from './generated/index.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import type { Inbox } from './inbox.ts';
import type { Outbox } from './outbox.ts';
import { createOwnJoin } from './own-join.ts';
import type { Dial } from './platform.ts';
import { createProbe } from './probe.ts';
import type { UnknownFrame } from './read-frame.ts';
import { createRenewal, type Renewal } from './renewal.ts';

/** Settings of all sessions of a room. */
export interface SessionOptions {
  /** Address of the room, without a query. */
  readonly url: string;
  readonly dial: Dial;
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** Asks why the server refuses a handshake with this token and this position. */
  readonly whyRefused: (token: string, lastId: FrameId | undefined, signal: AbortSignal) => Promise<PalaverError>;
}

export interface SessionDeps {
  readonly options: SessionOptions;
  readonly inbox: Pick<Inbox, 'receive'>;
  readonly outbox: Pick<Outbox, 'open' | 'suspend' | 'hasInFlight' | 'hasUnsettled'>;
  /** Aborted when the room is left: no frame counts any more. */
  readonly leaving: AbortSignal;
  /** Returns a new token before the current one expires; absent where there is only one. */
  readonly renew: (() => Promise<string>) | undefined;
  /** Called when the server has sent the roster. */
  readonly onAnswered: () => void;
  /** Called once the own user is in the roster, under this name. */
  readonly onOpen: (own: Username | undefined) => void;
}

interface SessionStart {
  readonly token: string;
  /** Resumes after this frame. */
  readonly lastId: FrameId | undefined;
  /** The room was open before, and its position is not known: messages may be missing. */
  readonly hasGap: boolean;
  /** Ends the session in favour of another attempt. */
  readonly giveUp: AbortSignal;
}

/** One connection to the room, from its handshake to its end. */
export interface Session extends Pick<Connection, 'close' | 'drop' | 'ended'> {
  /** Asks now whether the server is still there, if the session is open. */
  check(): void;
}

/** Starts a session. It opens the outbox once the own user is in the roster, and suspends it when it ends. */
export function startSession(deps: SessionDeps, { token, lastId, hasGap, giveUp }: SessionStart): Session {
  const { inbox, outbox, leaving, renew, onAnswered, onOpen } = deps;
  const { url, dial, timeoutMs, heartbeatIntervalMs, whyRefused } = deps.options;
  let heartbeat: Heartbeat | undefined;
  let renewal: Renewal | undefined;

  const connection = connect({
    url: lastId === undefined ? url : `${url}?last_event_id=${encodeURIComponent(lastId)}`,
    token,
    dial,
    whyRefused: (signal) => whyRefused(token, lastId, signal),
    onFrame,
    onReceived: () => heartbeat?.received(),
  });
  const dropAs = (code: 'timeout' | 'connection_lost') => () =>
    connection.drop(new PalaverError(code, 'The server was silent for too long.'));
  const probe = createProbe(connection.send);
  const ownJoin = createOwnJoin(token, open);
  const onGiveUp = dropAs('connection_lost');
  const opening = setTimeout(dropAs('timeout'), timeoutMs);
  giveUp.addEventListener('abort', onGiveUp);

  /** Keeps from the room the answers to questions that the app has not asked. */
  function isOwnAnswer(frame: ServerMessage | UnknownFrame): boolean {
    if (frame.type === 'error') return probe.settle(frame) || renewal?.settle(frame) === true;
    return frame.type === 'token_refreshed' && renewal?.settle(frame) === true;
  }

  /** Marks the roster of a session that could not ask for missed messages, so that the app knows. */
  const withGap = (frame: UsersOnline): UsersOnline =>
    hasGap ? { ...frame, msg: { ...frame.msg, recovered: false } } : frame;

  function onFrame(received: ServerMessage | UnknownFrame): void {
    if (leaving.aborted) return;
    const frame = received.type === 'users_online' ? withGap(received) : received;
    if (!isOwnAnswer(frame)) inbox.receive(frame);
    if (heartbeat || frame.type === 'unknown') return;
    if (frame.type === 'users_online') answered(frame);
    ownJoin.receive(frame);
  }

  function answered({ sent_at }: UsersOnline): void {
    clearTimeout(opening);
    onAnswered();
    if (renew) {
      renewal?.stop();
      renewal = createRenewal({ token, nowMs: Date.parse(sent_at), getToken: renew, send: connection.send });
    }
  }

  function open(own: Username | undefined): void {
    const beat = createHeartbeat({
      intervalMs: heartbeatIntervalMs,
      // A silent connection counts as lost before a message on it counts as late.
      answerMs: timeoutMs / 3,
      ask: probe.ask,
      isAnswerDue: () => probe.isPending() || outbox.hasInFlight(),
      onLost: dropAs('connection_lost'),
    });
    heartbeat = beat;
    onOpen(own);
    const openOutbox = (): void =>
      outbox.open((message) => {
        connection.send(message);
        beat.sent();
      });
    if (outbox.hasUnsettled()) {
      // The answer comes after the missed messages, and those that they settle need not be sent again.
      probe.onceAnswered(openOutbox);
      beat.check();
    } else openOutbox();
  }

  const ended = connection.ended.then((how: Ended) => {
    giveUp.removeEventListener('abort', onGiveUp);
    clearTimeout(opening);
    ownJoin.stop();
    renewal?.stop();
    heartbeat?.stop();
    heartbeat = undefined;
    outbox.suspend();
    return how;
  });

  return {
    ended,
    close: connection.close,
    drop: connection.drop,
    check: () => heartbeat?.check(),
  };
}
