import { type CloseCode, closeCodes, type ServerMessage } from '../../generated/chat/index.ts';
import type {
  Backplane,
  Beginning,
  Draft,
  Envelope,
  Listener,
  Member,
  Position,
  Published,
  Refusal,
  Seat,
} from '../backplane/backplane.ts';
import { pieceBytes } from './backlog.ts';
import { type ChatCounts, createChatCounts } from './counts.ts';
import { encodeEnvelope, encodeUsersOnline } from './frames.ts';
import { createGhosts, type Pulse } from './ghosts.ts';
import type { Pace } from './pace.ts';
import type { Recovery } from './recovery.ts';

/** Where a session's frames go: its socket. */
export interface Sink {
  /**
   * Whole text frames, one or more. The bytes are shared with other sessions: not to be changed.
   * @param owed Promised to this session when it came in: sent however long it is
   */
  send(bytes: Buffer, owed?: boolean): void;
  /** Ends the connection; nothing is sent after it. `cause` is what `send` threw, if that is why. */
  end(code: CloseCode, cause?: unknown): void;
  /** Tells a living connection from a dead one, where that can be asked. */
  readonly pulse?: Pulse;
}

/** The room's side of an admitted session, perhaps not open yet. Its holder releases it, also after the room has ended it. */
export interface RoomSession {
  /** Begins delivery: `users_online`, then all that came after it. Called once, when the socket is up. */
  open(sink: Sink): void;
  publish(draft: Draft): Promise<Published>;
  /** Sends this session alone a frame, behind all that was delivered before. */
  reply(bytes: Buffer): void;
  /** Ends this session, behind all that was delivered or replied before. */
  end(code: CloseCode): void;
  /** Ends delivery at once, and gives the seat up. Later calls do nothing. */
  release(how: 'left' | 'lost'): Promise<void>;
}

export interface Room {
  start(): Promise<void>;
  /** Says how `join` would refuse, and changes nothing. */
  refusalOf(member: Member): Promise<Refusal | 'server_full' | undefined>;
  /** @param lastEventId the last id of the order that a connection before this one has seen */
  join(
    member: Member,
    lastEventId?: string,
  ): Promise<{ readonly session: RoomSession } | { readonly refusal: Refusal | 'server_full' }>;
  /** Lets nobody in any more, and ends every session with this code, one after the other over `windowMs`, by chance. */
  close(code: CloseCode, windowMs: number): void;
  /** Sessions on this node, those on their way in included. */
  readonly size: number;
  /** How many of those on their way in wait for a silent session to make room. */
  readonly waiting: number;
}

export interface RoomOptions {
  /** When what was delivered is sent. */
  readonly pace: Pace;
  readonly maxSessions?: number;
  /** Without it nothing that was missed is told. */
  readonly recovery?: Recovery;
  /** Hears of all that this node delivers, too. */
  readonly also?: Partial<Listener>;
  /** Frames kept for one session until its socket is open. One more, and it is ended as too slow. */
  readonly maxKeptFrames?: number;
  /** Counts what is sent to sessions. */
  readonly counts?: Pick<ChatCounts, 'sent'>;
  /** Hears of every flush: how many frames left for all, and how long that took. */
  readonly onFlush?: (frames: number, seconds: number) => void;
}

interface Frame {
  readonly id: string;
  readonly type: ServerMessage['type'];
  readonly bytes: Buffer;
}

/** What sessions that begin at one place are sent. */
interface Opening {
  readonly batches: readonly Buffer[];
  readonly types: readonly ServerMessage['type'][];
  /** Messages that it missed, on top of these. */
  readonly missed: number;
  sessions: number;
}

interface Session {
  /** How many frames had been sent here when it asked to come in: none of them is for it. */
  readonly from: number;
  readonly userId: string;
  /** What it has seen on an earlier connection. */
  readonly lastEventId?: string | undefined;
  /** Its point of the order, until it has caught up with it. A roster is large: nobody keeps it longer. */
  seat?: Position | undefined;
  release?: Seat['release'];
  sink?: Sink;
  /** `users_online` was sent. */
  told?: boolean;
  /** What is for it alone, behind the next batch. */
  replies?: Buffer[] | undefined;
  /** It ends behind them, and behind what it has said. */
  ending?: CloseCode;
  /** Drafts without an answer. */
  unanswered: number;
  /** Why the room ended it. */
  ended?: CloseCode;
}

/** One write where it is little, as nearly always. What is recovered is shared by all who come back, and stays as it is. */
function inBatches(batches: readonly Buffer[], frames: readonly Frame[]): readonly Buffer[] {
  const all = [...batches, ...frames.map(({ bytes }) => bytes)];
  const length = all.reduce((sum, bytes) => sum + bytes.length, 0);
  if (length === 0) return [];
  if (length <= pieceBytes) return [Buffer.concat(all, length)];
  return frames.length === 0 ? batches : [...batches, Buffer.concat(all.slice(batches.length))];
}

/**
 * Fan-out on this node. A write to a socket costs the same for one frame as for a hundred, so frames are encoded once,
 * gathered, and leave together: one buffer that all sessions share, written once to each. It knows no socket.
 */
export function createRoom(
  backplane: Backplane,
  {
    pace,
    maxSessions = Number.POSITIVE_INFINITY,
    maxKeptFrames = 4_096,
    recovery,
    also = {},
    counts: { sent: counted } = createChatCounts(),
    onFlush = () => {},
  }: RoomOptions,
): Room {
  /** Open, and this node has delivered up to its seat: each of them gets every batch from now on, whole. */
  const live = new Set<Session>();
  /** All others, in the order in which they asked. They alone are compared with ids. */
  const joiners = new Set<Session>();
  /** Those with replies or an end to come. */
  const addressed = new Set<Session>();
  /** What was delivered and not yet sent, and before it what a joiner may still need. */
  let log: Frame[] = [];
  /** Frames that were delivered, and of these sent, since the start. */
  let delivered = 0;
  let sent = 0;
  let deliveredId = '';
  let sentId = '';
  let flushing = false;
  let closed = false;

  function flushSoon(): void {
    if (flushing) return;
    flushing = true;
    pace(flush);
  }

  /** All that leaves for sessions leaves here. A session that can't be sent to must not cost the others anything. */
  function send(session: Session, bytes: Buffer, owed = false): void {
    try {
      session.sink?.send(bytes, owed);
    } catch (error) {
      end(session, closeCodes.internal_error, error);
    }
  }

  function remove(session: Session): void {
    live.delete(session);
    joiners.delete(session);
    addressed.delete(session);
  }

  function end(session: Session, code: CloseCode, cause?: unknown): void {
    remove(session);
    session.ended = code;
    try {
      session.sink?.end(code, cause);
    } catch {
      // A sink that cannot be ended will not release its session either.
      void session.release?.('lost');
    }
  }

  /** Of the log, the frames that were not sent yet begin here. */
  const unsentAt = (): number => log.length - (delivered - sent);

  /** What a session at this seat is sent of the log, behind `users_online` if it wasn't told yet. */
  function openingOf({ seat, told, lastEventId }: Session): Opening {
    const { id } = seat!;
    const frames = log.slice(0, unsentAt()).filter((frame) => frame.id > id);
    const missed = told || lastEventId === undefined ? undefined : recovery?.between(lastEventId, id);
    const recovered = lastEventId === undefined ? undefined : missed !== undefined;
    const first = told ? [] : [encodeUsersOnline(seat!, recovered)];
    const types = frames.map(({ type }) => type);
    return {
      batches: inBatches([...first, ...(missed?.batches ?? [])], frames),
      types: told ? types : ['users_online', ...types],
      missed: missed?.count ?? 0,
      sessions: 0,
    };
  }

  function flush(): void {
    const startedMs = performance.now();
    flushing = false;
    const unsent = log.slice(unsentAt());
    const batch = unsent.map(({ bytes }) => bytes);
    for (const { type } of unsent) counted[type] += live.size;
    sent = delivered;
    sentId = deliveredId;
    if (batch.length > 0) {
      const bytes = batch.length === 1 ? batch[0]! : Buffer.concat(batch);
      for (const session of live) send(session, bytes);
    }
    sendOpenings();
    for (const session of addressed) sendOwn(session);
    forget();
    onFlush(batch.length, (performance.now() - startedMs) / 1_000);
  }

  /** Sessions that are seated at one point of the order share the bytes. */
  function sendOpenings(): void {
    const openings = new Map<string, Opening>();
    for (const session of joiners) {
      const { seat, sink, told = false, lastEventId } = session;
      if (!seat || !sink) continue;
      // What was missed ends with the seat: this node must have it.
      if (lastEventId !== undefined && sentId < seat.id) continue;
      const key = `${seat.id} ${seat.sentAt} ${told} ${lastEventId}`;
      const opening = openings.get(key) ?? openingOf(session);
      openings.set(key, opening);
      opening.sessions += 1;
      session.told = true;
      if (sentId >= seat.id) {
        joiners.delete(session);
        live.add(session);
        session.seat = undefined;
      }
      for (const bytes of opening.batches) if (session.ended === undefined) send(session, bytes, true);
    }
    for (const { types, missed, sessions } of openings.values()) {
      for (const type of types) counted[type] += sessions;
      counted.chat_message += missed * sessions;
    }
  }

  function sendOwn(session: Session): void {
    addressed.delete(session);
    if (session.replies) send(session, Buffer.concat(session.replies));
    session.replies = undefined;
    if (session.ending !== undefined && session.unanswered === 0 && session.ended === undefined)
      end(session, session.ending);
  }

  /** Drops what was sent and no joiner needs. A joiner for which too much had to be kept is ended. */
  function forget(): void {
    for (const session of joiners) {
      if (delivered - session.from <= maxKeptFrames) break;
      end(session, closeCodes.too_slow);
    }
    const [oldest] = joiners;
    log = log.slice(log.length - (delivered - (oldest?.from ?? sent)));
  }

  function deliver(envelope: Envelope): void {
    const bytes = encodeEnvelope(envelope);
    log.push({ id: envelope.id, type: envelope.frame.type, bytes });
    recovery?.add(envelope, bytes);
    also.deliver?.(envelope);
    delivered += 1;
    deliveredId = envelope.id;
    flushSoon();
  }

  /** Nobody can be told what lies between. Who comes back hears what it has missed, if that is known. */
  function begin(beginning: Beginning): void {
    flush();
    for (const session of [...live, ...joiners]) end(session, closeCodes.service_restart);
    log = [];
    sentId = deliveredId = beginning.id;
    recovery?.begin(beginning);
    also.begin?.(beginning);
  }

  const isHere = (session: Session): boolean => live.has(session) || joiners.has(session);

  function open(session: Session, sink: Sink): void {
    session.sink = sink;
    if (session.ended !== undefined) sink.end(session.ended);
    else flushSoon();
  }

  function reply(session: Session, bytes: Buffer): void {
    if (!isHere(session)) return;
    session.replies ??= [];
    session.replies.push(bytes);
    addressed.add(session);
    flushSoon();
  }

  function endBehind(session: Session, code: CloseCode): void {
    if (!isHere(session)) return;
    session.ending ??= code;
    addressed.add(session);
    flushSoon();
  }

  const ownRefusal = (): 'unavailable' | 'server_full' | undefined => {
    if (closed) return 'unavailable';
    return live.size + joiners.size >= maxSessions ? 'server_full' : undefined;
  };

  async function seat(member: Member, lastEventId?: string): ReturnType<Room['join']> {
    const refusal = ownRefusal();
    if (refusal) return { refusal };
    const session: Session = { from: sent, userId: member.id, lastEventId, unanswered: 0 };
    // Before it asks: what comes after its seat may come before the reply.
    joiners.add(session);
    // Nor may its seat lie before what it has seen.
    const since = lastEventId !== undefined && lastEventId > sentId ? lastEventId : sentId;
    const admission = await backplane.admit(member, since).catch((error: unknown) => {
      remove(session);
      throw error;
    });
    if ('refusal' in admission) {
      remove(session);
      return admission;
    }
    const { id, sentAt, roster, publish, release } = admission.seat;
    if (session.ended !== undefined) {
      await release('lost');
      return { refusal: 'unavailable' };
    }
    session.seat = { id, sentAt, roster };
    session.release = release;
    return {
      session: {
        open: (sink) => open(session, sink),
        publish: async (draft) => {
          session.unanswered += 1;
          try {
            return await publish(draft);
          } finally {
            session.unanswered -= 1;
            if (session.ending !== undefined && session.unanswered === 0) endBehind(session, session.ending);
          }
        },
        reply: (bytes) => reply(session, bytes),
        end: (code) => endBehind(session, code),
        release: (how) => {
          remove(session);
          return release(how);
        },
      },
    };
  }

  const ghosts = createGhosts(function* (userId) {
    // Both are in the order in which sessions came; those on their way in came last.
    for (const sessions of [live, joiners])
      for (const { userId: id, sink, ended } of sessions)
        if (id === userId && sink?.pulse && ended === undefined) yield sink.pulse;
  });

  /** Where there are too many, a dead connection of the same user makes room. */
  async function join(member: Member, lastEventId?: string): ReturnType<Room['join']> {
    const entered = await seat(member, lastEventId);
    if (!('refusal' in entered)) return entered;
    if (entered.refusal !== 'too_many_sessions' && entered.refusal !== 'server_full') return entered;
    // The bound of a node is its own affair; the sessions of a user are counted over all nodes.
    const isUsers = entered.refusal === 'too_many_sessions';
    const askOthers = (): boolean => isUsers && backplane.announceCrowded(member.id);
    return (await ghosts.makeRoom(member.id, askOthers)) ? seat(member, lastEventId) : entered;
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
    close: (code, windowMs) => {
      closed = true;
      const sessions = [...live, ...joiners];
      for (const [index, session] of sessions.entries())
        setTimeout(() => endBehind(session, code), ((index + Math.random()) / sessions.length) * windowMs);
    },
    get size() {
      return live.size + joiners.size;
    },
    get waiting() {
      return ghosts.waiting;
    },
  };
}
