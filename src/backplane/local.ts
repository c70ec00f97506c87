/** The backplane of a single node: the stream and presence are in this process's memory. */
import type { Backplane, Draft, Envelope, Member, MessageEnvelope, OrderedFrame, Position, Seat } from './backplane.ts';
import { idOf } from './ids.ts';
import { createNonces } from './nonces.ts';
import {
  addSession,
  createPresence,
  publisherName,
  refusalOf,
  removeSession,
  removeUser,
  rosterOf,
} from './presence.ts';

export interface LocalOptions {
  /** Epoch of this run, greater than every earlier one, so that ids rise across restarts. See `nextEpoch`. */
  readonly epoch: number;
  /** Milliseconds since 1970. May go backwards; the stream's time does not. */
  readonly now?: () => number;
  /** Milliseconds of a monotonic clock: nonces are remembered by it. */
  readonly elapsed?: () => number;
  /** Without it there is no bound. */
  readonly maxSessionsPerUser?: number | undefined;
  /** Time that a user stays in the roster after its last connection broke; 0 is none. */
  readonly presenceGraceMs?: number;
  /** Messages from before this run, oldest first: their nonces are known. */
  readonly pastMessages?: readonly Envelope[];
}

/** A longer pause since the last message may be a wrong clock: nonces are then as old as they were at that message. */
const maxPlausiblePauseMs = 86_400_000;

const isMessage = (envelope: Envelope): envelope is MessageEnvelope => envelope.frame.type === 'chat_message';

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
  /** Removal timers of users without a session. */
  const lingering = new Map<string, NodeJS.Timeout>();
  /** Envelopes that were published while another one was being delivered. */
  const undelivered: Envelope[] = [];
  let deliver: (envelope: Envelope) => void = () => {};
  let delivering = false;
  let closed = false;
  let offset = 0;
  /** Begins at the clock, not at the epoch: after a run whose clock was ahead ids must go on, times needn't. */
  let time = now();
  /** Position of the last newcomer. Nobody has left since, so no further newcomer is in its roster. */
  let sharedPosition: Position | undefined;

  /** Returns the end of the stream, and advances its time, which never goes back. */
  const endOfStream = (): { id: string; sentAt: string } => {
    time = Math.max(time, now());
    return { id: idOf(epoch, offset), sentAt: new Date(time).toISOString() };
  };

  const append = <Frame extends OrderedFrame>(frame: Frame, userId?: string): Envelope<Frame> => {
    offset += 1;
    const envelope = { ...endOfStream(), frame, ...(userId !== undefined && { userId }) };
    rememberNonce(envelope, elapsed());
    undelivered.push(envelope);
    // The outer call delivers this one, too: a call from inside `deliver` must not overtake its envelope.
    if (delivering) return envelope;
    delivering = true;
    try {
      for (let next = undelivered.shift(); next !== undefined; next = undelivered.shift()) deliver(next);
    } finally {
      delivering = false;
    }
    return envelope;
  };

  const rememberNonce = (envelope: Envelope, atMs: number): void => {
    const { userId } = envelope;
    if (!isMessage(envelope) || userId === undefined) return;
    const { nonce } = envelope.frame.msg;
    if (nonce !== undefined) nonces.remember(userId, nonce, envelope, atMs);
  };
  // A nonce is as old as its message, by the stream's time: the clock may have been set meanwhile.
  const lastMs = Date.parse(pastMessages.at(-1)?.sentAt ?? '');
  const pausedMs = time - lastMs;
  const sinceMs = pausedMs >= 0 && pausedMs <= maxPlausiblePauseMs ? time : lastMs;
  for (const envelope of pastMessages)
    rememberNonce(envelope, elapsed() - Math.max(0, sinceMs - Date.parse(envelope.sentAt)));

  const depart = (userId: string): void => {
    lingering.delete(userId);
    const username = removeUser(presence, userId);
    if (username === undefined) return;
    sharedPosition = undefined;
    append({ type: 'user_left', msg: { username, user_id: userId } });
  };

  /** Returns where to seat a session. Newcomers that join together share it, and with it one roster. */
  const positionOf = ({ id }: Member, since: string | undefined): Position => {
    const isNew = !presence.users.has(id);
    if (isNew && sharedPosition !== undefined && since !== undefined && sharedPosition.id >= since)
      return sharedPosition;
    const position = { ...endOfStream(), roster: rosterOf(presence) };
    if (isNew) sharedPosition = position;
    return position;
  };

  const repeatedBy = (userId: string, { nonce }: Draft): MessageEnvelope | undefined =>
    nonce === undefined ? undefined : nonces.find(userId, nonce, elapsed());

  const appendMessage = ({ id, username }: Member, { text, nonce }: Draft): MessageEnvelope => {
    const from = { from_user: username, from_user_id: id };
    return append(
      { type: 'chat_message', msg: nonce === undefined ? { ...from, text } : { ...from, text, nonce } },
      id,
    );
  };

  const seatOf = (member: Member, position: Position): Seat => {
    let held = true;
    return {
      ...position,
      async publish(draft) {
        if (!held || closed) return 'refused';
        const repeats = repeatedBy(member.id, draft);
        if (repeats !== undefined) return { repeats };
        appendMessage(member, draft);
        return 'accepted';
      },
      async release(how) {
        if (!held || closed) return;
        held = false;
        const { id } = member;
        if (!removeSession(presence, id)) return;
        if (how === 'left' || presenceGraceMs === 0) depart(id);
        else lingering.set(id, setTimeout(depart, presenceGraceMs, id).unref());
      },
    };
  };

  return {
    async start(listener) {
      deliver = listener.deliver;
    },
    async admit(member: Member, since?: string) {
      if (closed) return { refusal: 'unavailable' };
      const position = positionOf(member, since);
      const added = addSession(presence, member);
      if ('refusal' in added) return added;
      clearTimeout(lingering.get(member.id));
      lingering.delete(member.id);
      const { first, username } = added;
      if (first) append({ type: 'user_joined', msg: { username, user_id: member.id } });
      return { seat: seatOf({ id: member.id, username }, position) };
    },
    async publish(member: Member, draft: Draft) {
      if (closed) return { refusal: 'unavailable' };
      const repeats = repeatedBy(member.id, draft);
      if (repeats !== undefined) return { repeats };
      const username = publisherName(presence, member);
      if (username === undefined) return { refusal: 'name_in_use' };
      return { published: appendMessage({ id: member.id, username }, draft) };
    },
    async refusalOf(member: Member) {
      return closed ? 'unavailable' : refusalOf(presence, member);
    },
    isReady: () => !closed,
    memberCount: () => presence.users.size,
    // There is no other node.
    announceAccess: () => {},
    announceCrowded: () => false,
    noteStored: () => {},
    async close() {
      closed = true;
      undelivered.length = 0;
      for (const timer of lingering.values()) clearTimeout(timer);
    },
  };
};
