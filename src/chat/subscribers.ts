import type { CloseCode } from '../../generated/chat/index.ts';
import type { Seat } from '../backplane/backplane.ts';
import type { Transport } from './connection.ts';
import type { SessionCounts } from './counts.ts';
import type { Pulse } from './ghosts.ts';
import type { Newcomer } from './greeting.ts';

/** Where a session's frames go: its socket. */
export interface Sink {
  readonly transport: Transport;
  /**
   * Sends whole text frames, or events, one or more. Other sessions share the bytes: don't change them.
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

/** The sessions of this node. */
export interface Subscribers {
  /** Open, and this node has delivered up to their position: they get every batch from now on, whole. */
  readonly live: Readonly<Record<Transport, Set<Subscriber>>>;
  /** All others, in the order in which they asked. Only these are compared with ids. */
  readonly joiners: Set<Subscriber>;
  has(subscriber: Subscriber): boolean;
  remove(subscriber: Subscriber): void;
  /** Returns all of them, those that have caught up first. */
  all(): Subscriber[];
  /** Yields the pulses of a user's sessions. Those of each transport come from the oldest session on. */
  pulsesOf(userId: string): Generator<Pulse>;
  readonly size: number;
  /** Returns how many there are of each transport, and how many have no connection yet. */
  counts(): SessionCounts;
}

export function createSubscribers(): Subscribers {
  const live = { websocket: new Set<Subscriber>(), events: new Set<Subscriber>() };
  const joiners = new Set<Subscriber>();
  const all = (): Subscriber[] => [...live.websocket, ...live.events, ...joiners];
  return {
    live,
    joiners,
    has: (subscriber) =>
      joiners.has(subscriber) || (subscriber.sink !== undefined && live[subscriber.sink.transport].has(subscriber)),
    remove: (subscriber) => {
      joiners.delete(subscriber);
      if (subscriber.sink) live[subscriber.sink.transport].delete(subscriber);
    },
    all,
    *pulsesOf(userId) {
      // Each set is in the order in which sessions asked, and the joiners asked last.
      for (const subscribers of [live.websocket, live.events, joiners])
        for (const { userId: id, sink, ended } of subscribers)
          if (id === userId && sink?.pulse && ended === undefined) yield sink.pulse;
    },
    get size() {
      return live.websocket.size + live.events.size + joiners.size;
    },
    counts: () => {
      const counted = { websocket: live.websocket.size, events: live.events.size, joining: 0 };
      for (const { sink } of joiners) counted[sink?.transport ?? 'joining'] += 1;
      return counted;
    },
  };
}
