/** The backplane of several nodes: scripts in Redis decide the stream and presence, and every node delivers the stream. */
import { randomUUID } from 'node:crypto';
import type { ObserveCall } from '../../lib/observe.ts';
import type { Log } from '../../log/log.ts';
import type { Backplane } from '../backplane.ts';
import { createAdmissions } from './admission.ts';
import { createDelivery } from './delivery.ts';
import { attach, type CallScript, type Greeting, type Lease } from './lease.ts';
import { type Connected, openLink } from './link.ts';
import { createPosting } from './posting.ts';
import { createReconnect } from './reconnect.ts';
import { createReplica } from './replica.ts';
import { createSeats } from './seats.ts';

export interface RedisBackplaneOptions {
  /** Makes a connection. */
  readonly create: () => Promise<Connected>;
  readonly log: Log;
  /** Milliseconds; a new epoch is greater. */
  readonly afterEpoch?: number;
  /** Without it there is no bound. */
  readonly maxSessionsPerUser?: number | undefined;
  /** Time that a user stays in the roster after its last connection broke; 0 is none. */
  readonly presenceGraceMs?: number;
  /** Lease of a node: it counts as dead if it does not renew the lease in this time. */
  readonly leaseMs?: number;
  /** Called with every script that this node runs. */
  readonly onCall?: ObserveCall;
}

/** Prefix of all keys that the nodes share in Redis, in one hash slot. */
export const roomKey = 'palaver:{main}';
const noBound = 2 ** 40;

/** Returns a function that logs the policy by which Redis may evict keys, once for each change of it. */
function createEvictionReport(log: Log): (policy: string | undefined) => void {
  let reported: string | undefined;
  return (policy) => {
    if (policy === reported) return;
    reported = policy;
    if (policy !== undefined) log.event('redis_may_evict', { policy });
  };
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
  const seats = createSeats(replica);
  const delivery = createDelivery({ node, replica, seats });
  const reportEviction = createEvictionReport(log);
  let storedTo = '';
  let owesAnnouncement = false;

  const call: CallScript = async (script, ...args) => {
    const lease = reconnect.lease();
    if (!lease) throw new Error('There is no connection to Redis');
    return lease.call(script, ...args);
  };
  const admissions = createAdmissions({ node, call, replica, seats, delivery, maxSessionsPerUser, presenceGraceMs });

  async function connect(): Promise<{ readonly lease: Lease; readonly greeting: Greeting }> {
    const link = await openLink({ create, room: roomKey, blockMs: Math.ceil(leaseMs / 3), onCall });
    reportEviction(link.eviction);
    try {
      const leastEpoch = Math.max(afterEpoch, replica.epoch);
      const lastStored = (): string => storedTo;
      const attached = await attach(link, { node, leastEpoch, leaseMs, presenceGraceMs, lastStored });
      const { greeting } = attached;
      if (!delivery.continues(greeting))
        delivery.begin(greeting, await link.entriesTo(greeting.epoch, greeting.offset));
      return attached;
    } catch (error) {
      link.fail(error as Error);
      throw error;
    }
  }

  function announceAccess(): void {
    owesAnnouncement = true;
    call('announce').then(
      () => {
        owesAnnouncement = false;
      },
      // The next link announces it.
      () => {},
    );
  }

  const reconnect = createReconnect({
    connect,
    onConnected: ({ sessions }) => {
      // Shows the outcome of calls that had no answer.
      admissions.reconcile(sessions);
      // An announcement may have been missed.
      delivery.accessChanged();
      if (owesAnnouncement) announceAccess();
    },
    deliver: delivery.deliver,
    onDisconnected: delivery.interrupt,
    replica,
    leaseMs,
    log,
  });

  return {
    start: async (listener) => {
      delivery.listen(listener);
      await reconnect.start();
    },
    admit: admissions.admit,
    publish: createPosting(call, delivery),
    refusalOf: admissions.refusalOf,
    isReady: () => reconnect.lease() !== undefined,
    memberCount: () => replica.members,
    announceAccess,
    announceCrowded: (userId) => {
      call('crowded', userId).catch(() => {});
      return true;
    },
    noteStored: (id) => {
      if (id > storedTo) storedTo = id;
    },
    close: async () => {
      admissions.close();
      delivery.interrupt();
      await reconnect.close();
    },
  };
}
