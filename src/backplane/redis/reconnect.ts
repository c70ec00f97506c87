/** Keeps this node attached to Redis: connects with back-off, renews the lease, and reads the stream. */
import type { Log } from '../../log/log.ts';
import type { Greeting, Lease } from './lease.ts';
import type { StreamEntry } from './link.ts';
import type { Replica } from './replica.ts';

const firstPauseMs = 50;
const maxPauseMs = 2_000;

interface ReconnectOptions {
  /** Opens a link and attaches this node over it. @throws where that fails */
  readonly connect: () => Promise<{ readonly lease: Lease; readonly greeting: Greeting }>;
  /** Hears of each new lease once scripts can be called with it. */
  readonly onConnected: (greeting: Greeting) => void;
  /** Delivers entries in order. @throws where they don't follow what was delivered: then the link is over */
  readonly deliver: (entries: readonly StreamEntry[]) => void;
  /** Hears when the link is over. */
  readonly onDisconnected: () => void;
  /** Where this node is in the stream. */
  readonly replica: Pick<Replica, 'epoch' | 'offset'>;
  readonly leaseMs: number;
  readonly log: Pick<Log, 'event'>;
}

export interface Reconnect {
  /** Connects for the first time, and keeps connected from then on. @throws where the first time fails */
  start(): Promise<void>;
  /** Returns the current lease; undefined while there is no link. */
  lease(): Lease | undefined;
  /** Ends the link after the calls that were made before. */
  close(): Promise<void>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

export function createReconnect(options: ReconnectOptions): Reconnect {
  const { connect, onConnected, deliver, onDisconnected, replica, leaseMs, log } = options;
  let current: Lease | undefined;
  let closed = false;

  /** Resolves with nothing where this was closed meanwhile. */
  async function reconnect(): Promise<Lease | undefined> {
    const { lease, greeting } = await connect();
    if (closed) {
      lease.fail(new Error('Closed'));
      return undefined;
    }
    current = lease;
    onConnected(greeting);
    return lease;
  }

  async function beat(own: Lease): Promise<void> {
    while (current === own) {
      const more = await own.renew();
      await new Promise((resolve) => void setTimeout(resolve, more ? 0 : leaseMs / 3).unref());
    }
  }

  async function read(own: Lease): Promise<void> {
    for (;;) {
      const entries = await own.entriesAfter(replica.epoch, replica.offset);
      // The process may have been suspended: until it has asked, it cannot know that its sessions still count.
      if (!own.isSure()) await own.renew();
      if (current !== own) return;
      deliver(entries);
    }
  }

  async function keepConnected(): Promise<void> {
    for (let failures = 0; !closed; failures += 1) {
      try {
        const own = current ?? (await reconnect());
        if (own === undefined) return;
        if (failures > 0) log.event('redis_back', {});
        failures = 0;
        await Promise.race([beat(own), read(own), own.over]);
      } catch (error) {
        if (closed) return;
        if (failures === 0) log.event('redis_lost', { err: error });
        current?.fail(error as Error);
        current = undefined;
        onDisconnected();
      }
      await pause(Math.min(maxPauseMs, firstPauseMs * 2 ** failures) * (0.5 + Math.random() / 2));
    }
  }

  return {
    start: async () => {
      await reconnect();
      void keepConnected();
    },
    lease: () => current,
    close: async () => {
      if (closed) return;
      closed = true;
      // Calls are answered in order: once this one is, all that were made before it are done.
      await current?.renew().catch(() => {});
      current?.fail(new Error('Closed'));
      current = undefined;
    },
  };
}
