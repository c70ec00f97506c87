import { type CloseCode, closeCodes } from '../../generated/chat/index.ts';
import type { Backplane, Draft, Envelope, Member, Refusal, Seat } from '../backplane/backplane.ts';
import { encodeEnvelope, encodeUsersOnline } from './frames.ts';

/** Where a session's frames go: its socket. */
export interface Sink {
  /** One text frame. The bytes are shared with other sessions: not to be changed. */
  send(bytes: Buffer): void;
  /** Ends the connection; nothing is sent after it. `cause` is what `send` threw, if that is why. */
  end(code: CloseCode, cause?: unknown): void;
}

/** One session's entry: admitted, perhaps not open yet. Who holds it releases it, also when the room has ended it. */
export interface Entry {
  /** Begins delivery: `users_online`, then all that came after it. Called once, when the socket is up. */
  open(sink: Sink): void;
  publish(draft: Draft): Promise<'accepted' | 'refused'>;
  /** Ends delivery at once, and gives the seat up. Later calls do nothing. */
  release(how: 'left' | 'lost'): Promise<void>;
}

export interface Room {
  start(): Promise<void>;
  /** Says how `enter` would refuse, and changes nothing. */
  refusalOf(member: Member): Promise<Refusal | undefined>;
  enter(member: Member): Promise<{ readonly entry: Entry } | { readonly refusal: Refusal }>;
  /** Ends every session with this code and lets nobody in any more. Nobody here is told who left by it. */
  close(code: CloseCode): void;
  /** Sessions on this node, those on their way in included. */
  readonly size: number;
}

export interface RoomOptions {
  /** Frames kept for one session until its socket is open. One more, and it is ended as too slow. */
  readonly maxKeptFrames?: number;
}

interface Frame {
  readonly id: string;
  readonly bytes: Buffer;
}

interface Session {
  /** What was delivered since before it asked to come in, until it is sent. */
  kept: Frame[];
  seat?: Seat;
  sink?: Sink;
  /** Why the room ended it. */
  ended?: CloseCode;
}

/** Fan-out on this node: every envelope of the order, encoded once, to every session. It knows no socket. */
export function createRoom(backplane: Backplane, { maxKeptFrames = 4_096 }: RoomOptions = {}): Room {
  /** Open, and this node has delivered up to its seat: each of them gets every envelope from now on. */
  const live = new Set<Session>();
  /** All others. They alone are compared with ids: an envelope at or before its seat is not for a session. */
  const joiners = new Set<Session>();
  let deliveredId = '';
  let closed = false;
  let opening: { readonly seat: Seat; readonly bytes: Buffer } | undefined;

  /** All that leaves for sessions leaves here. A session that can't be sent to must not cost the others anything. */
  function send(session: Session, bytes: Buffer): void {
    try {
      session.sink?.send(bytes);
    } catch (error) {
      end(session, closeCodes.internal_error, error);
    }
  }

  function remove(session: Session): void {
    live.delete(session);
    joiners.delete(session);
    session.kept = [];
  }

  function end(session: Session, code: CloseCode, cause?: unknown): void {
    remove(session);
    session.ended = code;
    try {
      session.sink?.end(code, cause);
    } catch {
      // Whoever can't even be ended won't release its entry either.
      void session.seat?.release('lost');
    }
  }

  /** Sessions that are seated at one point of the order share the bytes. */
  function usersOnline(seat: Seat): Buffer {
    if (opening?.seat.id !== seat.id || opening.seat.sentAt !== seat.sentAt) {
      opening = { seat, bytes: encodeUsersOnline(seat) };
    }
    return opening.bytes;
  }

  function keep(session: Session, frame: Frame): void {
    if (session.kept.length < maxKeptFrames) session.kept.push(frame);
    else end(session, closeCodes.too_slow);
  }

  /** Sends an open joiner what was kept for it, and makes it live if this node has come as far as its seat. */
  function catchUp(session: Session, seat: Seat): void {
    for (let frame = session.kept.shift(); frame !== undefined; frame = session.kept.shift()) {
      if (frame.id > seat.id) send(session, frame.bytes);
    }
    if (deliveredId >= seat.id && joiners.delete(session)) live.add(session);
  }

  /** In this order, a sink that opens or releases entries while it is sent to can't make anybody miss or repeat a frame. */
  function deliver(envelope: Envelope): void {
    const frame = { id: envelope.id, bytes: encodeEnvelope(envelope) };
    for (const session of live) send(session, frame.bytes);
    deliveredId = frame.id;
    for (const session of joiners) keep(session, frame);
    for (const session of joiners) if (session.sink && session.seat) catchUp(session, session.seat);
  }

  function open(session: Session, seat: Seat, sink: Sink): void {
    session.sink = sink;
    if (session.ended !== undefined) sink.end(session.ended);
    if (!joiners.has(session)) return;
    send(session, usersOnline(seat));
    catchUp(session, seat);
  }

  async function enter(member: Member): ReturnType<Room['enter']> {
    if (closed) return { refusal: 'unavailable' };
    const session: Session = { kept: [] };
    // Before it asks: what comes after its seat may come before the reply.
    joiners.add(session);
    const admission = await backplane.admit(member).catch((error: unknown) => {
      remove(session);
      throw error;
    });
    if ('refusal' in admission) {
      remove(session);
      return admission;
    }
    const { seat } = admission;
    if (session.ended !== undefined) {
      await seat.release('lost');
      return { refusal: 'unavailable' };
    }
    session.seat = seat;
    return {
      entry: {
        open: (sink) => open(session, seat, sink),
        publish: (draft) => seat.publish(draft),
        release: (how) => {
          remove(session);
          return seat.release(how);
        },
      },
    };
  }

  return {
    start: () => backplane.start(deliver),
    refusalOf: async (member) => (closed ? 'unavailable' : backplane.refusalOf(member)),
    enter,
    close: (code) => {
      closed = true;
      const sessions = [...live, ...joiners];
      for (const session of sessions) remove(session);
      for (const session of sessions) end(session, code);
    },
    get size() {
      return live.size + joiners.size;
    },
  };
}
