/** The backplane of a server that runs alone: order and presence in this process's memory. */
import type { Backplane, Envelope, Member, OrderedFrame, Seat } from './backplane.ts';
import { createPresence, enter, leave, refusalOf, rosterOf } from './presence.ts';

export interface LocalOptions {
  /** Milliseconds; greater than that of every earlier run, so that ids rise across restarts. See `nextEpoch`. */
  readonly epoch: number;
  /** Milliseconds since 1970. May go backwards; the order's time does not. */
  readonly now?: () => number;
  /** Without it there is no bound. */
  readonly maxSessionsPerUser?: number | undefined;
}

type View = Pick<Seat, 'id' | 'sentAt' | 'roster'>;

/** Every safe integer fits, so ids of any epoch and offset sort as strings. */
const idDigits = 16;
const padded = (number: number): string => String(number).padStart(idDigits, '0');

export const createLocalBackplane = ({ epoch, now = Date.now, maxSessionsPerUser }: LocalOptions): Backplane => {
  const presence = createPresence(maxSessionsPerUser);
  const waiting: Envelope[] = [];
  let deliver: (envelope: Envelope) => void = () => {};
  let delivering = false;
  let closed = false;
  let offset = 0;
  let time = epoch;
  /** What the last newcomer saw. Nobody has left since, so no further newcomer is in it. */
  let shared: View | undefined;

  /** Where the order is now, and when. */
  const point = (): { id: string; sentAt: string } => {
    time = Math.max(time, now());
    return { id: `${padded(epoch)}-${padded(offset)}`, sentAt: new Date(time).toISOString() };
  };

  const order = (frame: OrderedFrame): void => {
    offset += 1;
    waiting.push({ ...point(), frame });
    // Whoever is delivering takes this one too: a call from inside `deliver` must not overtake its envelope.
    if (delivering) return;
    delivering = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) deliver(next);
    } finally {
      delivering = false;
    }
  };

  /** Newcomers of one batch share a view: in a storm of them, each would be a roster longer than the last. */
  const viewOf = ({ id }: Member, since: string | undefined): View => {
    const isNew = !presence.users.has(id);
    if (isNew && shared !== undefined && since !== undefined && shared.id >= since) return shared;
    const view = { ...point(), roster: rosterOf(presence) };
    if (isNew) shared = view;
    return view;
  };

  const seatOf = (userId: string, username: string, at: View): Seat => {
    let held = true;
    return {
      ...at,
      async publish({ text, nonce }) {
        if (!held || closed) return 'refused';
        const msg = nonce === undefined ? { from_user: username, text } : { from_user: username, text, nonce };
        order({ type: 'chat_message', msg });
        return 'accepted';
      },
      async release() {
        if (!held || closed) return;
        held = false;
        const left = leave(presence, userId);
        if (left === undefined) return;
        shared = undefined;
        order({ type: 'user_left', msg: { username: left } });
      },
    };
  };

  return {
    async start(deliverEnvelope) {
      deliver = deliverEnvelope;
    },
    async admit(member: Member, since?: string) {
      if (closed) return { refusal: 'unavailable' };
      const at = viewOf(member, since);
      const entered = enter(presence, member);
      if ('refusal' in entered) return entered;
      const { first, username } = entered;
      if (first) order({ type: 'user_joined', msg: { username } });
      return { seat: seatOf(member.id, username, at) };
    },
    async refusalOf(member: Member) {
      return closed ? 'unavailable' : refusalOf(presence, member);
    },
    async close() {
      closed = true;
      waiting.length = 0;
    },
  };
};
