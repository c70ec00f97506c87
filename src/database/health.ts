import { type Calls, wrappedPort } from '../lib/observe.ts';
import type { Log } from '../log/log.ts';
import { StoreUnavailable } from './database.ts';

/** Interval of pings to an unavailable store. */
const retryMs = 5_000;

/** Logs each outage of the store once: when it becomes unavailable and why, and when it is available again. */
export interface StoreHealth {
  /** Returns the port, which reports its failures. */
  watch<Port extends Calls<Port>>(port: Port): Port;
  /** Stops pinging. */
  close(): void;
}

export function createStoreHealth(ping: () => Promise<void>, log: Log): StoreHealth {
  let timer: NodeJS.Timeout | undefined;
  let hasFailed = false;
  let closed = false;

  function note(error: unknown): void {
    hasFailed = true;
    if (timer !== undefined || closed) return;
    log.event('store_unavailable', { err: error });
    askLater();
  }

  function askLater(): void {
    timer = setTimeout(ask, retryMs).unref();
  }

  async function ask(): Promise<void> {
    hasFailed = false;
    await ping().catch(() => {
      hasFailed = true;
    });
    if (closed) return;
    // Calls may fail while a ping succeeds, and then the outage goes on.
    if (hasFailed) return askLater();
    timer = undefined;
    log.event('store_available', {});
  }

  return {
    watch: (port) =>
      wrappedPort(port, async (_, call) => {
        try {
          return await call();
        } catch (error) {
          if (error instanceof StoreUnavailable) note(error);
          throw error;
        }
      }),
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
