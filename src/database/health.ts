import { type Calls, wrappedPort } from '../lib/observe.ts';
import type { Log } from '../log/log.ts';
import { StoreUnavailable } from './database.ts';

/** How often an unavailable store is asked whether it can be used again. */
const retryMs = 5_000;

/** Tells the log, once for each time, that the store is unavailable and why, and that it is available again. */
export interface StoreHealth {
  /** Returns the same port; its failures are noted. */
  watch<Port extends Calls<Port>>(port: Port): Port;
  /** Asks no more. */
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
    // Calls may fail while a ping succeeds: that is no end of it.
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
