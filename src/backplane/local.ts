/** The backplane of a server that runs alone: order and presence in this process's memory. */
import type { Backplane, Envelope, Member, OrderedFrame, Position, Seat } from './backplane.ts';
import { idOf } from './ids.ts';
import { createNonces } from './nonces.ts';
import { createPresence, enter, leave, refusalOf, remove, rosterOf } from './presence.ts';

export interface LocalOptions {
  /** Greater than that of every earlier run, so that ids rise across restarts. See `nextEpoch`. */
  readonly epoch: number;
  /** Milliseconds since 1970. May go backwards; the order's time does not. */
  readonly now?: () => number;
  /** Milliseconds, by a clock that can't be set: nonces are remembered by it. */
  readonly elapsed?: () => number;
  /** Without it there is no bound. */
  readonly maxSessionsPerUser?: number | undefined;
  /** How long a user stays whose last connection broke; 0 is not at all. */
  readonly presenceGraceMs?: number;
  /** What was said before this run, oldest first: its nonces are known. */
  readonly pastMessages?: readonly Envelope[];
}

/** A longer pause since the last message may be a wrong clock: then nonces are as old as they were at that message. */
const maxPlausiblePauseMs = 86_400_000;

export const createLocalBackplane = ({
  epoch,
  now = Date.now,
  elapsed = () => performance.now(),
  maxSessionsPerUser,
  presenceGraceMs = 0,
  pastMessages = [],
}: LocalOptions): Backplane => {
  const presence = createPresence(maxSessionsPerUser);
  const nonces = createNonces();
  /** Users without a session, until they are removed. */
  const lingering = new Map<string, NodeJS.Timeout>();
  const waiting: Envelope[] = [];
  let deliver: (envelope: Envelope) => void = () => {};
  let delivering = false;
  let closed = false;
  let offset = 0;
  /** Begins with the clock, not the epoch: ids go on from a run whose clock was ahead, times needn't. */
  let time = now();
  /** What the last newcomer saw. Nobody has left since, so no further newcomer is in it. */
  let shared: Position | undefined;

  /** The order's own time: it never goes back. */
  const tick = (): number => {
    time = Math.max(time, now());
    return time;
  };

  /** Where the order is now, and when. */
  const point = (): { id: string; sentAt: string } => {
    tick();
    return { id: idOf(epoch, offset), sentAt: new Date(time).toISOString() };
  };

  const order = (frame: OrderedFrame, userId?: string): void => {
    offset += 1;
    const envelope = { ...point(), frame, ...(userId !== undefined && { userId }) };
    rememberNonce(envelope, elapsed());
    waiting.push(envelope);
    // Whoever is delivering takes this one too: a call from inside `deliver` must not overtake its envelope.
    if (delivering) return;
    delivering = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) deliver(next);
    } finally {
      delivering = false;
    }
  };

  const rememberNonce = (envelope: Envelope, atMs: number): void => {
    const { frame, userId } = envelope;
    if (frame.type !== 'chat_message' || frame.msg.nonce === undefined || userId === undefined) return;
    nonces.remember(userId, frame.msg.nonce, envelope, atMs);
  };
  const lastMs = Date.parse(pastMessages.at(-1)?.sentAt ?? '');
  const pausedMs = time - lastMs;
  const sinceMs = pausedMs >= 0 && pausedMs <= maxPlausiblePauseMs ? time : lastMs;
  for (const envelope of pastMessages)
    rememberNonce(envelope, elapsed() - Math.max(0, sinceMs - Date.parse(envelope.sentAt)));

  const removeUser = (userId: string): void => {
    lingering.delete(userId);
    const left = remove(presence, userId);
    if (left === undefined) return;
    shared = undefined;
    order({ type: 'user_left', msg: { username: left } });
  };

  /** Newcomers of one batch share a view: in a storm of them, each would be a roster longer than the last. */
  const viewOf = ({ id }: Member, since: string | undefined): Position => {
    const isNew = !presence.users.has(id);
    if (isNew && shared !== undefined && since !== undefined && shared.id >= since) return shared;
    const view = { ...point(), roster: rosterOf(presence) };
    if (isNew) shared = view;
    return view;
  };

  const seatOf = (userId: string, username: string, at: Position): Seat => {
    let held = true;
    return {
      ...at,
      async publish({ text, nonce }) {
        if (!held || closed) return 'refused';
        const repeats = nonce === undefined ? undefined : nonces.find(userId, nonce, elapsed());
        if (repeats !== undefined) return { repeats };
        const msg = nonce === undefined ? { from_user: username, text } : { from_user: username, text, nonce };
        order({ type: 'chat_message', msg }, userId);
        return 'accepted';
      },
      async release(how) {
        if (!held || closed) return;
        held = false;
        if (!leave(presence, userId)) return;
        if (how === 'left' || presenceGraceMs === 0) removeUser(userId);
        else lingering.set(userId, setTimeout(removeUser, presenceGraceMs, userId).unref());
      },
    };
  };

  return {
    async start(listener) {
      deliver = listener.deliver;
    },
    async admit(member: Member, since?: string) {
      if (closed) return { refusal: 'unavailable' };
      const at = viewOf(member, since);
      const entered = enter(presence, member);
      if ('refusal' in entered) return entered;
      clearTimeout(lingering.get(member.id));
      lingering.delete(member.id);
      const { first, username } = entered;
      if (first) order({ type: 'user_joined', msg: { username } });
      return { seat: seatOf(member.id, username, at) };
    },
    async refusalOf(member: Member) {
      return closed ? 'unavailable' : refusalOf(presence, member);
    },
    isReady: () => !closed,
    memberCount: () => presence.users.size,
    // There is no other node to tell.
    announceAccess: () => {},
    announceCrowded: () => false,
    noteStored: () => {},
    async close() {
      closed = true;
      waiting.length = 0;
      for (const timer of lingering.values()) clearTimeout(timer);
    },
  };
};
