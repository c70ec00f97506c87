import type { ChatMessage, CloseCode } from '../../generated/chat/index.ts';
import type {
  Backplane,
  Beginning,
  Draft,
  Envelope,
  Listener,
  Member,
  Posted,
  Published,
  Refusal,
  Seat,
} from '../backplane/backplane.ts';
import type { Transport } from './connection.ts';
import { type ChatCounts, createTransportCounts, type SessionCounts } from './counts.ts';
import { createFanOut, type FanOut } from './fan-out.ts';
import { createFrameLog } from './frame-log.ts';
import { encodeEnvelope, frameOf } from './frames.ts';
import { createGhosts } from './ghosts.ts';
import type { Pace } from './pace.ts';
import type { Recovery } from './recovery.ts';
import type { Sink, Subscriber } from './subscribers.ts';

export type { Sink } from './subscribers.ts';

/** Admitted session, perhaps not open yet. Its holder releases it, also after the room has ended it. */
export interface RoomSession {
  /** Begins delivery: `users_online`, then all that came after it. Call it once, when the socket is up. */
  open(sink: Sink): void;
  publish(draft: Draft): Promise<Published>;
  /** Sends this session alone a frame, behind all that was delivered before. */
  reply(bytes: Buffer): void;
  /** Ends this session, behind all that was delivered or replied before. */
  end(code: CloseCode): void;
  /** Ends delivery at once, and gives the seat up. Later calls do nothing. */
  release(how: 'left' | 'lost'): Promise<void>;
}

type RoomRefusal = Refusal | 'server_full';
/** Frame of a message that was published now, or with its nonce before; or why it was not. */
type PublishResult =
  | { readonly published: ChatMessage }
  | { readonly repeats: ChatMessage }
  | Extract<Posted, { readonly refusal: unknown }>;
type JoinResult = { readonly session: RoomSession } | { readonly refusal: RoomRefusal };

export interface Room {
  start(): Promise<void>;
  /** Returns how `join` would refuse, and changes nothing. */
  refusalOf(member: Member): Promise<RoomRefusal | undefined>;
  /**
   * Admits a session, or refuses it. A dead connection makes room where there are too many.
   * @param lastEventId Last id of the stream that an earlier connection has seen
   */
  join(member: Member, lastEventId?: string): Promise<JoinResult>;
  /** Publishes a message of a user who needs no session here. Answers once this node has delivered it. */
  publish(member: Member, draft: Draft): Promise<PublishResult>;
  /** Admits nobody from now on, and ends every session with this code, one after the other over `windowMs`, by chance. */
  close(code: CloseCode, windowMs: number): void;
  /** Sessions on this node, joining ones included. */
  readonly size: number;
  /** Returns the same by transport. */
  sessionCounts(): SessionCounts;
  /** Joining sessions that wait for a silent session to make room. */
  readonly waiting: number;
}

export interface RoomOptions {
  /** Says when delivered frames are sent. */
  readonly pace: Pace;
  readonly maxSessions?: number;
  /** Without it, no missed messages are replayed. */
  readonly recovery?: Recovery;
  /** Hears what the room hears of the backplane, too. */
  readonly also?: Partial<Listener>;
  /** Frames kept for one session until its socket is open. One more, and it is ended as too slow. */
  readonly maxKeptFrames?: number;
  /** Counts what is sent to sessions. */
  readonly counts?: Readonly<Record<Transport, Pick<ChatCounts, 'sent'>>>;
  /** Hears of every flush: how many frames were sent to all, and how long that took. */
  readonly onFlush?: (frames: number, seconds: number) => void;
}

function sessionOf(fanOut: FanOut, subscriber: Subscriber, { publish, release }: Seat): RoomSession {
  return {
    open: (sink) => fanOut.open(subscriber, sink),
    publish: async (draft) => {
      subscriber.unanswered += 1;
      try {
        return await publish(draft);
      } finally {
        subscriber.unanswered -= 1;
        if (subscriber.ending !== undefined && subscriber.unanswered === 0) fanOut.drain(subscriber, subscriber.ending);
      }
    },
    reply: (bytes) => fanOut.reply(subscriber, bytes),
    end: (code) => fanOut.drain(subscriber, code),
    release: (how) => {
      fanOut.remove(subscriber);
      return release(how);
    },
  };
}

/** Creates the room on this node: it decides with the backplane who joins, and hands its frames to the fan-out. */
export function createRoom(
  backplane: Backplane,
  {
    pace,
    maxSessions = Number.POSITIVE_INFINITY,
    maxKeptFrames = 4_096,
    recovery,
    also = {},
    counts = createTransportCounts(),
    onFlush = () => {},
  }: RoomOptions,
): Room {
  const log = createFrameLog();
  const fanOut = createFanOut({ log, pace, recovery, maxKeptFrames, counts, onFlush });
  const ghosts = createGhosts(fanOut.pulsesOf);
  let closed = false;

  function deliver(envelope: Envelope): void {
    const bytes = encodeEnvelope(envelope);
    log.append({ id: envelope.id, type: envelope.frame.type, bytes });
    recovery?.add(envelope, bytes);
    also.deliver?.(envelope);
    fanOut.flushSoon();
  }

  /** Ends all sessions: no frame can tell them what lies between. They reconnect, and what they missed is replayed. */
  function begin(beginning: Beginning): void {
    fanOut.restart(beginning.id);
    recovery?.begin(beginning);
    also.begin?.(beginning);
  }

  const ownRefusal = (): 'unavailable' | 'server_full' | undefined => {
    if (closed) return 'unavailable';
    return fanOut.size >= maxSessions ? 'server_full' : undefined;
  };

  async function admit(member: Member, lastEventId?: string): Promise<JoinResult> {
    const refusal = ownRefusal();
    if (refusal) return { refusal };
    // Before the backplane is asked: what comes after its position may come before the answer.
    const subscriber = fanOut.add(member.id, lastEventId);
    // Nor may its position lie before what it has seen.
    const since = lastEventId !== undefined && lastEventId > log.sentId ? lastEventId : log.sentId;
    const admission = await backplane.admit(member, since).catch((error: unknown) => {
      fanOut.remove(subscriber);
      throw error;
    });
    if ('refusal' in admission) {
      fanOut.remove(subscriber);
      return admission;
    }
    const { seat } = admission;
    if (subscriber.ended !== undefined) {
      await seat.release('lost');
      return { refusal: 'unavailable' };
    }
    subscriber.position = { id: seat.id, sentAt: seat.sentAt, roster: seat.roster };
    subscriber.release = seat.release;
    return { session: sessionOf(fanOut, subscriber, seat) };
  }

  async function join(member: Member, lastEventId?: string): Promise<JoinResult> {
    const joined = await admit(member, lastEventId);
    if (!('refusal' in joined)) return joined;
    if (joined.refusal !== 'too_many_sessions' && joined.refusal !== 'server_full') return joined;
    // A node's bound is its own affair; a user's sessions are counted over all nodes.
    const isUsers = joined.refusal === 'too_many_sessions';
    const askOthers = (): boolean => isUsers && backplane.announceCrowded(member.id);
    return (await ghosts.makeRoom(member.id, askOthers)) ? admit(member, lastEventId) : joined;
  }

  return {
    start: () =>
      backplane.start({
        deliver,
        begin,
        accessChanged: () => also.accessChanged?.(),
        crowded: (userId) => void ghosts.makeRoom(userId),
      }),
    refusalOf: async (member) => ownRefusal() ?? backplane.refusalOf(member),
    join,
    publish: async (member, draft) => {
      const posted = await backplane.publish(member, draft);
      if ('published' in posted) return { published: frameOf(posted.published) };
      return 'repeats' in posted ? { repeats: frameOf(posted.repeats) } : posted;
    },
    close: (code, windowMs) => {
      closed = true;
      const subscribers = fanOut.subscribers();
      for (const [index, subscriber] of subscribers.entries())
        setTimeout(() => fanOut.drain(subscriber, code), ((index + Math.random()) / subscribers.length) * windowMs);
    },
    get size() {
      return fanOut.size;
    },
    sessionCounts: fanOut.sessionCounts,
    get waiting() {
      return ghosts.waiting;
    },
  };
}
