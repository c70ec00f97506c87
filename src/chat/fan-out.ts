import { type CloseCode, closeCodes } from '../../generated/chat/index.ts';
import type { Seat } from '../backplane/backplane.ts';
import type { ChatCounts } from './counts.ts';
import type { FrameLog } from './frame-log.ts';
import type { Pulse } from './ghosts.ts';
import { createGreetings, type Newcomer } from './greeting.ts';
import type { Pace } from './pace.ts';
import type { Recovery } from './recovery.ts';

/** Where a session's frames go: its socket. */
export interface Sink {
  /**
   * Sends whole text frames, one or more. Other sessions share the bytes: don't change them.
   * @param owed Whether they were promised to this session when it joined: then they are sent however long they are
   */
  send(bytes: Buffer, owed?: boolean): void;
  /** Ends the connection; nothing is sent after it. `cause` is what `send` threw, if that is why. */
  end(code: CloseCode, cause?: unknown): void;
  /** Tells a living connection from a dead one, where that can be asked. */
  readonly pulse?: Pulse;
}

/**
 * A session as the fan-out has it. The word is that of publish and subscribe: *session* alone would also mean the
 * connection's life in session.ts, and the `RoomSession` by which that uses the room.
 */
export interface Subscriber extends Newcomer {
  readonly userId: string;
  /** Frames sent on this node before it asked to join: none of them is for it. */
  readonly from: number;
  release?: Seat['release'];
  sink?: Sink;
  /** Frames for it alone, which go behind the next batch. */
  replies?: Buffer[] | undefined;
  /** Code to end it with, behind its replies and the answers to its drafts. */
  ending?: CloseCode;
  /** Drafts without an answer. */
  unanswered: number;
  /** Code that the room has ended it with. */
  ended?: CloseCode;
}

export interface FanOut {
  /** Adds a session that asks to join. It receives all that is sent from now on, from its position. */
  add(userId: string, lastEventId?: string): Subscriber;
  /** Removes a session: it is sent nothing more. */
  remove(subscriber: Subscriber): void;
  /** Begins delivery, or ends the sink if the session was ended meanwhile. */
  open(subscriber: Subscriber, sink: Sink): void;
  /** Sends one session a frame, behind all that was delivered before. */
  reply(subscriber: Subscriber, bytes: Buffer): void;
  /** Ends a session behind all that was delivered or replied before, and the answers to its drafts. */
  drain(subscriber: Subscriber, code: CloseCode): void;
  /** Has what was delivered sent when the pace says so. */
  flushSoon(): void;
  /** Sends what was delivered and ends every session: the stream goes on from another position. */
  restart(id: string): void;
  /** Returns the sessions, those that have caught up first. */
  subscribers(): Subscriber[];
  /** Yields the pulses of a user's sessions, the oldest session first. */
  pulsesOf(userId: string): Generator<Pulse>;
  readonly size: number;
}

export interface FanOutDeps {
  readonly log: FrameLog;
  readonly pace: Pace;
  readonly recovery: Recovery | undefined;
  readonly maxKeptFrames: number;
  readonly counts: Pick<ChatCounts, 'sent'>;
  readonly onFlush: (frames: number, seconds: number) => void;
}

/**
 * Creates the fan-out of this node. A write to a socket costs the same for one frame as for a hundred. So frames are
 * gathered in one buffer that all sessions share, and written once to each. It knows no socket.
 */
export function createFanOut({ log, pace, recovery, maxKeptFrames, counts, onFlush }: FanOutDeps): FanOut {
  /** Open, and this node has delivered up to their position: they get every batch from now on, whole. */
  const live = new Set<Subscriber>();
  /** All others, in the order in which they asked. Only these are compared with ids. */
  const joiners = new Set<Subscriber>();
  /** Sessions with replies or an end to come. */
  const addressed = new Set<Subscriber>();
  const greetings = createGreetings({ log, recovery, counts });
  const { sent: counted } = counts;
  let flushing = false;

  function flushSoon(): void {
    if (flushing) return;
    flushing = true;
    pace(flush);
  }

  /** All that leaves for sessions leaves here. One that can't be sent to must not cost the others anything. */
  function send(subscriber: Subscriber, bytes: Buffer, owed = false): void {
    try {
      subscriber.sink?.send(bytes, owed);
    } catch (error) {
      end(subscriber, closeCodes.internal_error, error);
    }
  }

  function remove(subscriber: Subscriber): void {
    live.delete(subscriber);
    joiners.delete(subscriber);
    addressed.delete(subscriber);
  }

  function end(subscriber: Subscriber, code: CloseCode, cause?: unknown): void {
    remove(subscriber);
    subscriber.ended = code;
    try {
      subscriber.sink?.end(code, cause);
    } catch {
      // A sink that cannot be ended will not release its session either.
      void subscriber.release?.('lost');
    }
  }

  function flush(): void {
    const startedMs = performance.now();
    flushing = false;
    const unsent = log.takeUnsent();
    const batch = unsent.map(({ bytes }) => bytes);
    for (const { type } of unsent) counted[type] += live.size;
    if (batch.length > 0) {
      const bytes = batch.length === 1 ? batch[0]! : Buffer.concat(batch);
      for (const subscriber of live) send(subscriber, bytes);
    }
    for (const joiner of joiners) greet(joiner);
    greetings.finish();
    for (const subscriber of addressed) sendOwn(subscriber);
    forget();
    onFlush(batch.length, (performance.now() - startedMs) / 1_000);
  }

  function greet(joiner: Subscriber): void {
    const { position, sink } = joiner;
    const batches = position && sink && greetings.next(joiner, position);
    if (!batches) return;
    if (log.sentId >= position.id) {
      joiners.delete(joiner);
      live.add(joiner);
      joiner.position = undefined;
    }
    for (const bytes of batches) if (joiner.ended === undefined) send(joiner, bytes, true);
  }

  function sendOwn(subscriber: Subscriber): void {
    addressed.delete(subscriber);
    if (subscriber.replies) send(subscriber, Buffer.concat(subscriber.replies));
    subscriber.replies = undefined;
    if (subscriber.ending !== undefined && subscriber.unanswered === 0 && subscriber.ended === undefined)
      end(subscriber, subscriber.ending);
  }

  /** Drops what was sent and no joiner needs. A joiner that needs too much is ended. */
  function forget(): void {
    for (const joiner of joiners) {
      if (log.delivered - joiner.from <= maxKeptFrames) break;
      end(joiner, closeCodes.too_slow);
    }
    const [oldest] = joiners;
    log.forget(oldest?.from);
  }

  const isHere = (subscriber: Subscriber): boolean => live.has(subscriber) || joiners.has(subscriber);

  function reply(subscriber: Subscriber, bytes: Buffer): void {
    if (!isHere(subscriber)) return;
    subscriber.replies ??= [];
    subscriber.replies.push(bytes);
    addressed.add(subscriber);
    flushSoon();
  }

  function drain(subscriber: Subscriber, code: CloseCode): void {
    if (!isHere(subscriber)) return;
    subscriber.ending ??= code;
    addressed.add(subscriber);
    flushSoon();
  }

  return {
    add: (userId, lastEventId) => {
      const joiner: Subscriber = { from: log.sent, userId, lastEventId, unanswered: 0 };
      joiners.add(joiner);
      return joiner;
    },
    remove,
    open: (subscriber, sink) => {
      subscriber.sink = sink;
      if (subscriber.ended !== undefined) sink.end(subscriber.ended);
      else flushSoon();
    },
    reply,
    drain,
    flushSoon,
    restart: (id) => {
      flush();
      for (const subscriber of [...live, ...joiners]) end(subscriber, closeCodes.service_restart);
      log.restart(id);
    },
    subscribers: () => [...live, ...joiners],
    *pulsesOf(userId) {
      // Both sets are in the order in which sessions asked, and the joiners asked last.
      for (const subscribers of [live, joiners])
        for (const { userId: id, sink, ended } of subscribers)
          if (id === userId && sink?.pulse && ended === undefined) yield sink.pulse;
    },
    get size() {
      return live.size + joiners.size;
    },
  };
}
