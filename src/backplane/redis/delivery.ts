/** Delivers the stream on this node: each entry once, in order, without a gap. No clock and no I/O. */
import type { Listener } from '../backplane.ts';
import { idOf, padded } from '../ids.ts';
import type { Greeting } from './lease.ts';
import type { StreamEntry } from './link.ts';
import { messageEnvelopeOf, type Replica } from './replica.ts';
import type { Seats } from './seats.ts';

export interface Delivery {
  /** Sets the listener, before anything is delivered. */
  listen(listener: Pick<Listener, 'deliver'> & Partial<Listener>): void;
  /** Returns whether the stream goes on from what was delivered. */
  continues(greeting: Greeting): boolean;
  /** Begins at a greeting, with the entries up to it. Nothing that was delivered before is continued. */
  begin(greeting: Greeting, past: readonly StreamEntry[]): void;
  /** @throws where the stream has a gap: then it begins anew with the next greeting */
  deliver(entries: readonly StreamEntry[]): void;
  /** Resolves with true when this offset was delivered, and with false if the link is over first. */
  reached(epoch: number, offset: number): Promise<boolean>;
  /** Ends all waits of sessions and offsets, as the link is over. */
  interrupt(): void;
  /** Tells the listener that the access of some user may have changed. */
  accessChanged(): void;
}

interface DeliveryOptions {
  readonly node: string;
  readonly replica: Replica;
  readonly seats: Seats;
}

export function createDelivery({ node, replica, seats }: DeliveryOptions): Delivery {
  let listener: Partial<Listener> & Pick<Listener, 'deliver'> = { deliver: () => {} };
  let begun = false;
  let waiting: { readonly offset: number; readonly resolve: (isReached: boolean) => void }[] = [];

  function deliverEntry(entry: StreamEntry): void {
    const session = entry.fields.get('s');
    if (session !== undefined) seats.seatBeforeJoin(session);
    const envelope = replica.advance(entry);
    if (envelope === false) {
      begun = false;
      throw new Error('The stream has a gap');
    }
    if (envelope) listener.deliver(envelope);
    else deliverInternal(entry);
  }

  /** Delivers an entry that is for nodes, and not for their sessions. */
  function deliverInternal({ fields }: StreamEntry): void {
    const crowdedUser = fields.get('p');
    if (crowdedUser === undefined) listener.accessChanged?.();
    else if (fields.get('by') !== node) listener.crowded?.(crowdedUser);
  }

  function resolveReached(): void {
    const due = waiting.filter(({ offset }) => offset <= replica.offset);
    if (due.length === 0) return;
    waiting = waiting.filter(({ offset }) => offset > replica.offset);
    for (const { resolve } of due) resolve(true);
  }

  function interrupt(): void {
    seats.interrupt();
    for (const { resolve } of waiting.splice(0)) resolve(false);
  }

  return {
    listen: (given) => {
      listener = given;
    },
    continues: ({ isKnown, epoch }) => begun && isKnown && epoch === replica.epoch,

    begin: (greeting, past) => {
      const { epoch, offset, stored } = greeting;
      interrupt();
      seats.releaseAll();
      replica.begin(greeting);
      begun = true;
      const first = past.find((entry) => entry.epoch === epoch);
      const messages = past.flatMap((entry) => messageEnvelopeOf(entry) ?? []);
      const [oldest] = past;
      const hasGap = oldest !== undefined && oldest.offset > 1 && idOf(oldest.epoch, oldest.offset - 1) > stored;
      listener.begin?.({
        id: idOf(epoch, offset),
        epoch: padded(epoch),
        messages: messages.filter(({ id }) => id.startsWith(padded(epoch))),
        completeFrom: idOf(epoch, first ? first.offset - 1 : offset),
        unstored: {
          messages: messages.filter(({ id }) => id > stored),
          gap: hasGap ? idOf(oldest.epoch, oldest.offset) : undefined,
        },
      });
    },

    deliver: (entries) => {
      for (const entry of entries) deliverEntry(entry);
      seats.seatReached();
      resolveReached();
    },

    reached: async (epoch, offset) =>
      epoch !== replica.epoch ||
      offset <= replica.offset ||
      new Promise((resolve) => waiting.push({ offset, resolve })),
    interrupt,
    accessChanged: () => listener.accessChanged?.(),
  };
}
