/** The backplane of several nodes: Redis decides order and presence by its scripts, and every node delivers its stream. */
import { randomUUID } from 'node:crypto';
import { nameKey } from '../../lib/case-fold.ts';
import type { ObserveCall } from '../../lib/observe.ts';
import type { Log } from '../../log/log.ts';
import type { Backplane, Listener, Position, Refusal } from '../backplane.ts';
import { idOf, padded } from '../ids.ts';
import { type Connected, type Link, openLink, type RawStreamEntry, type StreamEntry, streamEntryOf } from './link.ts';
import { createReplica, envelopeOf } from './replica.ts';
import type { ScriptName } from './scripts.ts';

export interface RedisBackplaneOptions {
  /** Makes a connection. */
  readonly create: () => Promise<Connected>;
  readonly log: Log;
  /** Milliseconds; a new epoch is greater. */
  readonly afterEpoch?: number;
  /** Without it there is no bound. */
  readonly maxSessionsPerUser?: number | undefined;
  /** How long a user stays whose last connection broke; 0 is not at all. */
  readonly presenceGraceMs?: number;
  /** For how long a node counts that says nothing. */
  readonly leaseMs?: number;
  /** Hears of every script that it runs. */
  readonly onCall?: ObserveCall;
}

/** Below it lies all that the nodes share in Redis, in one hash slot. */
export const roomKey = 'palaver:{main}';
const maxPauseMs = 2_000;
const noBound = 2 ** 40;
/** What may fail while there is no other way to tell: it is put right with the next link. */
const ignore = (): void => {};

type Entered = readonly ['seated', string, string] | readonly [Refusal];
type Said = readonly ['accepted', string] | readonly ['repeats', RawStreamEntry] | readonly ['refused'];
type Greeting = readonly [string, string, string, 0 | 1, string, readonly string[], readonly string[]];

/** Somebody on the way in. */
interface Arrival {
  readonly since: string | undefined;
  /** At this offset it is seated, unless it is a join that is still to come. */
  offset?: number;
  seat(point: Position | undefined): void;
}

export function createRedisBackplane({
  create,
  log,
  afterEpoch = 0,
  maxSessionsPerUser = noBound,
  presenceGraceMs = 0,
  leaseMs = 6_000,
  onCall,
}: RedisBackplaneOptions): Backplane {
  const node = randomUUID();
  const replica = createReplica();
  /** The sessions that this node speaks for. */
  const held = new Set<string>();
  /** Those that it has given up, and how, until Redis knows. */
  const departed = new Map<string, 'left' | 'lost'>();
  const arrivals = new Map<string, Arrival>();
  /** Who waits until this node has come to an offset. */
  let waiting: { readonly offset: number; readonly resolve: (isHere: boolean) => void }[] = [];
  let listener: Partial<Listener> & Pick<Listener, 'deliver'> = { deliver: () => {} };
  let link: Link | undefined;
  /** What makes this link's calls this node's: Redis takes none that comes late, by an earlier one. */
  let key = '';
  /** Until then, by this node's own clock, nobody can have taken it for dead. */
  let sureUntilMs = 0;
  let begun = false;
  let serial = 0;
  let storedTo = '';
  let owesAnnouncement = false;
  let closed = false;
  /** The policy by which Redis may evict keys, as it was when this was last said. */
  let eviction: string | undefined;

  /** @throws where there is no link, or it fails: then nobody knows whether it was done */
  const call = async (script: ScriptName, ...args: readonly (string | number)[]): Promise<unknown> => {
    if (!link) throw new Error('There is no connection to Redis');
    return link.call(script, [replica.epoch, node, key, ...args]);
  };

  function settle(session: string, point?: Position): void {
    arrivals.get(session)?.seat(point);
    arrivals.delete(session);
  }

  function deliver(entry: StreamEntry): void {
    const session = entry.fields.get('s');
    const arrival = session === undefined ? undefined : arrivals.get(session);
    if (arrival) settle(session!, replica.pointBeforeJoin(arrival.since));
    if (!replica.advance(entry)) {
      begun = false;
      throw new Error('The stream has a gap');
    }
    const envelope = envelopeOf(entry);
    if (envelope) listener.deliver(envelope);
    else deliverUnseen(entry);
  }

  /** Entries that sessions don't hear of. */
  function deliverUnseen({ fields }: StreamEntry): void {
    const crowded = fields.get('p');
    if (crowded === undefined) listener.accessChanged?.();
    else if (fields.get('by') !== node) listener.crowded?.(crowded);
  }

  function seatArrived(): void {
    for (const [session, { offset = Number.POSITIVE_INFINITY }] of arrivals)
      if (offset <= replica.offset) settle(session, replica.point());
  }

  /** Whether this node has delivered what lies there; waits for it, for as long as the link holds. */
  const reached = async (epoch: number, offset: number): Promise<boolean> =>
    epoch !== replica.epoch || offset <= replica.offset || new Promise((resolve) => waiting.push({ offset, resolve }));

  function wakeReached(): void {
    const here = waiting.filter(({ offset }) => offset <= replica.offset);
    if (here.length === 0) return;
    waiting = waiting.filter(({ offset }) => offset > replica.offset);
    for (const { resolve } of here) resolve(true);
  }

  function wakeAll(): void {
    for (const session of arrivals.keys()) settle(session);
    for (const { resolve } of waiting.splice(0)) resolve(false);
  }

  /** Asks whether this node still counts. @throws where it doesn't */
  async function renew(): Promise<boolean> {
    const askedMs = performance.now();
    const answer = await call('tick', leaseMs, presenceGraceMs, storedTo);
    if (answer === 'lapsed') throw new Error('The lease has lapsed');
    sureUntilMs = askedMs + leaseMs;
    return answer === 'more';
  }

  async function beat(own: Link): Promise<void> {
    while (link === own) {
      const more = await renew();
      await new Promise((resolve) => setTimeout(resolve, more ? 0 : leaseMs / 3).unref());
    }
  }

  async function read(own: Link): Promise<void> {
    for (;;) {
      const entries = await own.entriesAfter(replica.epoch, replica.offset);
      // It may have slept: then it speaks for nobody until it has asked.
      if (performance.now() >= sureUntilMs) await renew();
      if (link !== own) return;
      for (const entry of entries) deliver(entry);
      seatArrived();
      wakeReached();
    }
  }

  /** Begins at what was greeted: nothing that was delivered before is continued. */
  async function begin(opened: Link, [epoch, offset, timeMs, , stored, roster]: Greeting): Promise<void> {
    const start = { epoch: Number(epoch), offset: Number(offset), timeMs: Number(timeMs), roster };
    const past = await opened.entriesTo(start.epoch, start.offset);
    wakeAll();
    for (const session of held) departed.set(session, 'lost');
    held.clear();
    replica.begin(start);
    begun = true;
    const first = past.find((entry) => entry.epoch === start.epoch);
    const said = past.filter(({ fields }) => fields.get('k') === 'said').map((entry) => envelopeOf(entry)!);
    const [oldest] = past;
    const isForgotten = oldest !== undefined && oldest.offset > 1 && idOf(oldest.epoch, oldest.offset - 1) > stored;
    listener.begin?.({
      id: idOf(start.epoch, start.offset),
      epoch: padded(start.epoch),
      messages: said.filter(({ id }) => id.startsWith(padded(start.epoch))),
      completeFrom: idOf(start.epoch, first ? first.offset - 1 : start.offset),
      unstored: {
        messages: said.filter(({ id }) => id > stored),
        gap: isForgotten ? idOf(oldest.epoch, oldest.offset) : undefined,
      },
    });
  }

  async function attach(opened: Link): Promise<void> {
    const askedMs = performance.now();
    key = randomUUID();
    const least = Math.max(afterEpoch, replica.epoch);
    const greeting = (await opened.call('greet', [node, key, opened.run, least, leaseMs])) as Greeting;
    const [epoch, , , known, , , sessions] = greeting;
    sureUntilMs = askedMs + leaseMs;
    if (!begun || !known || Number(epoch) !== replica.epoch) await begin(opened, greeting);
    link = opened;
    // What became of calls that had no answer shows here.
    const owed = new Map(departed);
    departed.clear();
    for (const session of sessions) if (!held.has(session)) void depart(session, owed.get(session) ?? 'left');
    listener.accessChanged?.();
    if (owesAnnouncement) announceAccess();
  }

  async function connect(): Promise<Link> {
    const opened = await openLink({ create, room: roomKey, blockMs: Math.ceil(leaseMs / 3), onCall });
    if (opened.eviction !== eviction) {
      eviction = opened.eviction;
      if (eviction !== undefined) log.event('redis_may_evict', { policy: eviction });
    }
    try {
      await attach(opened);
      return opened;
    } catch (error) {
      opened.fail(error as Error);
      throw error;
    }
  }

  /** Keeps a link for as long as it isn't closed. */
  async function live(first: Link): Promise<void> {
    let current: Link | undefined = first;
    for (let failures = 0; !closed; failures += 1) {
      try {
        current ??= await connect();
        if (closed) return current.fail(new Error('Closed'));
        if (failures > 0) log.event('redis_back', {});
        failures = 0;
        await Promise.race([beat(current), read(current), current.over]);
      } catch (error) {
        if (closed) return;
        if (failures === 0) log.event('redis_lost', { err: error });
        current?.fail(error as Error);
        current = link = undefined;
        // Nobody is kept waiting for a Redis that is away.
        wakeAll();
      }
      const pauseMs = Math.min(maxPauseMs, 50 * 2 ** failures) * (0.5 + Math.random() / 2);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async function depart(session: string, how: 'left' | 'lost'): Promise<void> {
    departed.set(session, how);
    const graceMs = how === 'left' ? 0 : presenceGraceMs;
    await call('leave', session, graceMs).then(() => departed.delete(session), ignore);
  }

  function announceAccess(): void {
    owesAnnouncement = true;
    call('announce').then(() => {
      owesAnnouncement = false;
    }, ignore);
  }

  return {
    async start(given) {
      listener = given;
      const first = await connect();
      void live(first);
    },

    async admit({ id, username }, since) {
      if (closed) return { refusal: 'unavailable' };
      serial += 1;
      const session = `${node}/${serial}/${id}`;
      const { promise, resolve: seat } = Promise.withResolvers<Position | undefined>();
      const arrival: Arrival = { since, seat };
      // Before it asks: its join may be delivered before the answer.
      arrivals.set(session, arrival);
      held.add(session);
      const giveUp = (refusal: Refusal): { refusal: Refusal } => {
        arrivals.delete(session);
        held.delete(session);
        return { refusal };
      };
      let entered: Entered;
      try {
        entered = (await call('enter', session, id, username, nameKey(username), maxSessionsPerUser)) as Entered;
      } catch {
        return giveUp('unavailable');
      }
      if (entered[0] !== 'seated') return giveUp(entered[0]);
      const [, offset, knownAs] = entered;
      arrival.offset = Number(offset);
      seatArrived();
      const point = await promise;
      if (!point) return giveUp('unavailable');

      return {
        seat: {
          ...point,
          async publish({ text, nonce }) {
            if (!held.has(session) || closed) return 'refused';
            const message = { from_user: knownAs, text, ...(nonce !== undefined && { nonce }) };
            try {
              const said = (await call('publish', session, id, nonce ?? '', JSON.stringify(message))) as Said;
              if (said[0] === 'refused') return 'refused';
              // Nobody is answered with what this node has not come to.
              if (said[0] === 'accepted') {
                await reached(replica.epoch, Number(said[1]));
                return 'accepted';
              }
              const first = streamEntryOf(said[1]);
              return (await reached(first.epoch, first.offset)) ? { repeats: envelopeOf(first)! } : 'refused';
            } catch {
              // It may have been said all the same: its nonce tells.
              return 'refused';
            }
          },
          async release(how) {
            if (!held.delete(session) || closed) return;
            await depart(session, how);
          },
        },
      };
    },

    async refusalOf({ id, username }) {
      if (closed) return 'unavailable';
      try {
        const refusal = await call('refuse', id, nameKey(username), maxSessionsPerUser);
        return refusal === '' ? undefined : (refusal as Refusal);
      } catch {
        return 'unavailable';
      }
    },

    isReady: () => link !== undefined,
    memberCount: () => replica.members,
    announceAccess,
    announceCrowded: (userId) => {
      call('crowded', userId).catch(ignore);
      return true;
    },
    noteStored: (id) => {
      if (id > storedTo) storedTo = id;
    },

    async close() {
      if (closed) return;
      closed = true;
      wakeAll();
      // Behind what was asked before it.
      if (link) await call('tick', leaseMs, presenceGraceMs, storedTo).catch(ignore);
      link?.fail(new Error('Closed'));
      link = undefined;
    },
  };
}
