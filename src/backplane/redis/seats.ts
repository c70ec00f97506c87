/**
 * The sessions that this node speaks for: those on their way in, those that are seated, and departures that Redis may
 * not know of yet. Pure: no clock and no I/O.
 */
import type { Position } from '../backplane.ts';
import type { Replica } from './replica.ts';

/** `left`: by a close. `lost`: the connection broke. */
export type Departure = 'left' | 'lost';

/** A session on its way in. */
interface Arrival {
  readonly since: string | undefined;
  /** Offset at which it is seated; infinite while its own join may be still to come. */
  offset: number;
  seat(position: Position | undefined): void;
}

export interface Seats {
  /**
   * Registers a session. Called before Redis is asked, as its join may be delivered before the answer. Resolves with its
   * position, or with nothing where this node loses its link first.
   */
  arrive(session: string, since: string | undefined): Promise<Position | undefined>;
  /** Notes the offset that Redis answered, and seats the session if this node has reached it. */
  entered(session: string, offset: number): void;
  /** Forgets a session that is not seated. */
  abandon(session: string): void;
  /** Seats the session whose own join is the next entry. */
  seatBeforeJoin(session: string): void;
  /** Seats every session whose offset this node has reached. */
  seatReached(): void;
  /** Ends the wait of all sessions on their way in. */
  interrupt(): void;
  /** Returns whether this node speaks for the session. */
  holds(session: string): boolean;
  /** Gives a session up, and notes that Redis is to be told. Returns false where it was not held. */
  release(session: string, how: Departure): boolean;
  /** Notes that Redis knows that the session is gone. */
  confirmDeparture(session: string): void;
  /** Gives up all sessions as lost. */
  releaseAll(): void;
  /** Compares with the sessions that Redis has of this node. Returns those to remove there. */
  reconcile(known: readonly string[]): (readonly [session: string, how: Departure])[];
}

export function createSeats(replica: Pick<Replica, 'offset' | 'position' | 'positionBeforeJoin'>): Seats {
  const arrivals = new Map<string, Arrival>();
  const held = new Set<string>();
  const departures = new Map<string, Departure>();

  function seatReached(): void {
    for (const [session, { offset, seat }] of arrivals) {
      if (offset > replica.offset) continue;
      arrivals.delete(session);
      seat(replica.position());
    }
  }

  return {
    arrive: (session, since) => {
      const { promise, resolve: seat } = Promise.withResolvers<Position | undefined>();
      arrivals.set(session, { since, offset: Number.POSITIVE_INFINITY, seat });
      held.add(session);
      return promise;
    },
    entered: (session, offset) => {
      const arrival = arrivals.get(session);
      if (arrival) arrival.offset = offset;
      seatReached();
    },
    abandon: (session) => {
      arrivals.delete(session);
      held.delete(session);
    },
    seatBeforeJoin: (session) => {
      const arrival = arrivals.get(session);
      if (!arrival) return;
      arrivals.delete(session);
      arrival.seat(replica.positionBeforeJoin(arrival.since));
    },
    seatReached,
    interrupt: () => {
      for (const { seat } of arrivals.values()) seat(undefined);
      arrivals.clear();
    },
    holds: (session) => held.has(session),
    release: (session, how) => {
      if (!held.delete(session)) return false;
      departures.set(session, how);
      return true;
    },
    confirmDeparture: (session) => {
      departures.delete(session);
    },
    releaseAll: () => {
      for (const session of held) departures.set(session, 'lost');
      held.clear();
    },
    reconcile: (known) => {
      const owed = new Map(departures);
      departures.clear();
      // A session that nobody gave up was never seated: its `enter` had no answer.
      for (const session of known) if (!held.has(session)) departures.set(session, owed.get(session) ?? 'left');
      return [...departures];
    },
  };
}
