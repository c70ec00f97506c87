import type { Connect, Connection } from './connection.ts';
import type { Ended } from './ended.ts';
import { PalaverError } from './error.ts';
import type { FrameId, ServerMessage, Username, UsersOnline } from './generated/index.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import type { Inbox } from './inbox.ts';
import type { Outbox } from './outbox.ts';
import { createOwnJoin } from './own-join.ts';
import type { UnknownFrame } from './read-frame.ts';
import { createRenewal, type Renewal } from './renewal.ts';

/** Settings of all sessions of a room. */
export interface SessionOptions {
  readonly timeoutMs: number;
  readonly heartbeatIntervalMs: number;
}

export interface SessionDeps {
  readonly options: SessionOptions;
  readonly inbox: Pick<Inbox, 'receive'>;
  readonly outbox: Pick<Outbox, 'open' | 'suspend' | 'settle' | 'hasInFlight' | 'hasUnsettled'>;
  /** Aborted when the room is left: no frame counts any more. */
  readonly leaving: AbortSignal;
  /** Returns a new token before the current one expires; absent where there is only one. */
  readonly renew: (() => Promise<string>) | undefined;
  /** Called when the server has sent the roster. */
  readonly onAnswered: () => void;
  /** Called once the own user is in the roster, under this name. */
  readonly onOpen: (own: Username | undefined) => void;
}

export interface SessionStart {
  readonly connect: Connect;
  readonly token: string;
  /** Resumes after this frame. */
  readonly lastId: FrameId | undefined;
  /** The room was open before, and its position is not known: messages may be missing. */
  readonly hasGap: boolean;
  /** Ends the session in favour of another attempt. */
  readonly giveUp: AbortSignal;
  /** The room has the roster of this session, or a later one. */
  readonly hasRoster?: boolean;
}

/** One connection to the room, from its handshake to its end. */
export interface Session extends Pick<Connection, 'close' | 'drop' | 'ended'> {
  /** Asks now whether the server is still there, if the session is open. */
  check(): void;
}

/** The session that counts, and its token. Another one may take its place. */
export interface Succession {
  current: Session | undefined;
  token: string;
}

/** Starts a session. It opens the outbox once the own user is in the roster, and suspends it when it ends. */
export function startSession(deps: SessionDeps, start: SessionStart): Session {
  const { token, lastId, hasGap, giveUp, hasRoster } = start;
  const { inbox, outbox, leaving, renew, onAnswered, onOpen } = deps;
  const { timeoutMs, heartbeatIntervalMs } = deps.options;
  let isOver = false;
  let heartbeat: Heartbeat | undefined;
  let renewal: Renewal | undefined;

  const connection = start.connect({
    token,
    lastId,
    onFrame,
    onConfirmed: outbox.settle,
    onReceived: () => heartbeat?.received(),
  });
  const { probe } = connection;
  const dropAs = (code: 'timeout' | 'connection_lost') => () =>
    connection.drop(new PalaverError(code, 'The server was silent for too long.'));
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
    const isKnown = hasRoster && frame.type === 'users_online';
    if (!isKnown && !isOwnAnswer(frame)) inbox.receive(frame);
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
      intervalMs: heartbeatIntervalMs * connection.quietIntervals,
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

  function finish(): void {
    if (isOver) return;
    isOver = true;
    giveUp.removeEventListener('abort', onGiveUp);
    clearTimeout(opening);
    ownJoin.stop();
    renewal?.stop();
    heartbeat?.stop();
    heartbeat = undefined;
    outbox.suspend();
  }

  const ended = connection.ended.then((how: Ended) => {
    finish();
    return how;
  });

  return {
    ended,
    close: connection.close,
    drop: (error) => {
      // At once: another session may take over.
      finish();
      connection.drop(error);
    },
    check: () => heartbeat?.check(),
  };
}
