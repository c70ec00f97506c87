import { type CloseCode, closeCodes } from '../../generated/chat/index.ts';
import { type Transport, transports } from './connection.ts';
import type { ChatCounts } from './counts.ts';
import { eventsOf } from './events.ts';
import type { FrameLog } from './frame-log.ts';
import { createGreetings } from './greeting.ts';
import type { Pace } from './pace.ts';
import type { Recovery } from './recovery.ts';
import { createSubscribers, type Sink, type Subscriber, type Subscribers } from './subscribers.ts';

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
  readonly subscribers: Subscribers['all'];
  readonly pulsesOf: Subscribers['pulsesOf'];
  readonly size: number;
  readonly sessionCounts: Subscribers['counts'];
}

export interface FanOutDeps {
  readonly log: FrameLog;
  readonly pace: Pace;
  readonly recovery: Recovery | undefined;
  readonly maxKeptFrames: number;
  readonly counts: Readonly<Record<Transport, Pick<ChatCounts, 'sent'>>>;
  readonly onFlush: (frames: number, seconds: number) => void;
}

/**
 * Creates the fan-out of this node. A write to a socket costs the same for one frame as for a hundred. So frames are
 * gathered in one buffer that all sessions share, and written once to each. It knows no socket.
 */
export function createFanOut({ log, pace, recovery, maxKeptFrames, counts, onFlush }: FanOutDeps): FanOut {
  const subscribers = createSubscribers();
  const { live, joiners } = subscribers;
  /** Sessions with replies or an end to come. */
  const addressed = new Set<Subscriber>();
  const greetings = createGreetings({ log, recovery, counts });
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
    subscribers.remove(subscriber);
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
    for (const transport of transports)
      for (const { type } of unsent) counts[transport].sent[type] += live[transport].size;
    if (batch.length > 0) {
      const bytes = batch.length === 1 ? batch[0]! : Buffer.concat(batch);
      for (const subscriber of live.websocket) send(subscriber, bytes);
      if (live.events.size > 0) sendEvents(bytes);
    }
    for (const joiner of joiners) greet(joiner);
    greetings.finish();
    for (const subscriber of addressed) sendOwn(subscriber);
    forget();
    onFlush(batch.length, (performance.now() - startedMs) / 1_000);
  }

  /** Sends a batch to the readers over HTTP. It is encoded once for all of them. */
  function sendEvents(frames: Buffer): void {
    const events = eventsOf(frames);
    for (const subscriber of live.events) send(subscriber, events);
  }

  function greet(joiner: Subscriber): void {
    const { position, sink } = joiner;
    const batches = position && sink && greetings.next(joiner, position, sink.transport);
    if (!batches) return;
    if (log.sentId >= position.id) {
      joiners.delete(joiner);
      live[sink.transport].add(joiner);
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

  function reply(subscriber: Subscriber, bytes: Buffer): void {
    if (!subscribers.has(subscriber)) return;
    subscriber.replies ??= [];
    subscriber.replies.push(bytes);
    addressed.add(subscriber);
    flushSoon();
  }

  function drain(subscriber: Subscriber, code: CloseCode): void {
    if (!subscribers.has(subscriber)) return;
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
      for (const subscriber of subscribers.all()) end(subscriber, closeCodes.service_restart);
      log.restart(id);
    },
    subscribers: subscribers.all,
    pulsesOf: subscribers.pulsesOf,
    get size() {
      return subscribers.size;
    },
    sessionCounts: subscribers.counts,
  };
}
