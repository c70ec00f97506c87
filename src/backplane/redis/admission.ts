/** Admits sessions to the room over Redis, and publishes and leaves on their behalf. */
import { nameKey } from '../../lib/case-fold.ts';
import type { Admission, Backplane, Draft, Published, Refusal } from '../backplane.ts';
import type { Delivery } from './delivery.ts';
import type { CallScript } from './lease.ts';
import { type RawStreamEntry, streamEntryOf } from './link.ts';
import { messageEnvelopeOf, type Replica } from './replica.ts';
import type { Departure, Seats } from './seats.ts';

interface AdmissionsOptions {
  readonly node: string;
  readonly call: CallScript;
  readonly replica: Pick<Replica, 'epoch'>;
  readonly seats: Seats;
  readonly delivery: Pick<Delivery, 'reached'>;
  readonly maxSessionsPerUser: number;
  /** Time that a user stays in the roster after its last connection broke. */
  readonly presenceGraceMs: number;
}

type EnterReply = readonly ['seated', offset: string, username: string] | readonly [Refusal];
type PublishReply = readonly ['accepted', offset: string] | readonly ['repeats', RawStreamEntry] | readonly ['refused'];

/** A seated session, by the name that the room knows its user by. */
interface Seated {
  readonly session: string;
  readonly userId: string;
  readonly username: string;
}

export interface Admissions extends Pick<Backplane, 'admit' | 'refusalOf'> {
  /** Tells Redis of sessions that it has of this node, and that this node doesn't hold. */
  reconcile(known: readonly string[]): void;
  /** Refuses everything from now on. */
  close(): void;
}

export function createAdmissions(options: AdmissionsOptions): Admissions {
  const { node, call, replica, seats, delivery, maxSessionsPerUser, presenceGraceMs } = options;
  let serial = 0;
  let closed = false;

  /** A departure stays owed until the next link if Redis does not answer. */
  async function leave(session: string, how: Departure): Promise<void> {
    const graceMs = how === 'left' ? 0 : presenceGraceMs;
    await call('leave', session, graceMs).then(
      () => seats.confirmDeparture(session),
      () => {},
    );
  }

  async function publish({ session, userId, username }: Seated, { text, nonce }: Draft): Promise<Published> {
    if (!seats.holds(session) || closed) return 'refused';
    const message = { from_user: username, text, ...(nonce !== undefined && { nonce }) };
    try {
      const reply = (await call('publish', session, userId, nonce ?? '', JSON.stringify(message))) as PublishReply;
      if (reply[0] === 'refused') return 'refused';
      // The answer must not come before the envelope.
      if (reply[0] === 'accepted') {
        await delivery.reached(replica.epoch, Number(reply[1]));
        return 'accepted';
      }
      const first = streamEntryOf(reply[1]);
      return (await delivery.reached(first.epoch, first.offset)) ? { repeats: messageEnvelopeOf(first)! } : 'refused';
    } catch {
      // It may have been published all the same: its nonce tells the client when it sends it again.
      return 'refused';
    }
  }

  async function admit({ id, username }: Parameters<Backplane['admit']>[0], since?: string): Promise<Admission> {
    if (closed) return { refusal: 'unavailable' };
    serial += 1;
    const session = `${node}/${serial}/${id}`;
    const seated = seats.arrive(session, since);
    const refuse = (refusal: Refusal): Admission => {
      seats.abandon(session);
      return { refusal };
    };
    let reply: EnterReply;
    try {
      reply = (await call('enter', session, id, username, nameKey(username), maxSessionsPerUser)) as EnterReply;
    } catch {
      return refuse('unavailable');
    }
    if (reply[0] !== 'seated') return refuse(reply[0]);
    const [, offset, knownAs] = reply;
    seats.entered(session, Number(offset));
    const position = await seated;
    if (!position) return refuse('unavailable');
    const own: Seated = { session, userId: id, username: knownAs };
    return {
      seat: {
        ...position,
        publish: (draft) => publish(own, draft),
        release: async (how) => {
          if (seats.release(session, how) && !closed) await leave(session, how);
        },
      },
    };
  }

  return {
    admit,
    refusalOf: async ({ id, username }) => {
      if (closed) return 'unavailable';
      try {
        const refusal = await call('refuse', id, nameKey(username), maxSessionsPerUser);
        return refusal === '' ? undefined : (refusal as Refusal);
      } catch {
        return 'unavailable';
      }
    },
    reconcile: (known) => {
      for (const [session, how] of seats.reconcile(known)) void leave(session, how);
    },
    close: () => {
      closed = true;
    },
  };
}
