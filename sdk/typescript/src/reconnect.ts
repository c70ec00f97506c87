import type { Ended } from './ended.ts';
import { backoffMs, maxRetryAfterMs, pause } from './timing.ts';

/** A connection that lasts this long resets the wait before the next one, in milliseconds. */
const steadyMs = 10_000;
/** An attempt younger than this goes on when the user returns to the page, in milliseconds. */
const hangingMs = 1_000;

interface ReconnectDeps {
  /** Makes one connection. Resolves when it has ended. */
  readonly connectOnce: (giveUp: AbortSignal) => Promise<Ended>;
  /** Tells whether no connection has been open yet. */
  readonly isJoining: () => boolean;
  /** Called when a room that was open waits for its next connection. */
  readonly onLost: (ended: Ended) => void;
  /** How often joining is tried again. An open room is tried for ever. */
  readonly maxRetries: number;
}

/** Makes one connection after the other. */
export interface Reconnect {
  /** Resolves when it is over: with the last failure, or with nothing after `stop`. */
  keepConnected(): Promise<Ended | undefined>;
  /** Notes that the server has answered, so that the attempt can't hang any more. */
  answered(): void;
  /** Notes that the connection is open. */
  opened(): void;
  /** Tries now: the network or the user is back. */
  wake(why: 'online' | 'visible'): void;
  stop(): void;
}

export function createReconnect({ connectOnce, isJoining, onLost, maxRetries }: ReconnectDeps): Reconnect {
  const stopping = new AbortController();
  let waking = new AbortController();
  /** The attempt that the server has not answered yet. */
  let attempt: { readonly sinceMs: number; readonly giveUp: AbortController } | undefined;
  let openedAtMs = Number.POSITIVE_INFINITY;

  async function keepConnected(): Promise<Ended | undefined> {
    for (let failures = 0; ; failures += 1) {
      const giveUp = new AbortController();
      attempt = { sinceMs: performance.now(), giveUp };
      const ended = await connectOnce(giveUp.signal);
      attempt = undefined;
      if (stopping.signal.aborted) return undefined;
      if (giveUp.signal.aborted) {
        // The attempt did not fail: `wake` makes room for a better one.
        failures -= 1;
        continue;
      }
      const { retryAfterMs = 0 } = ended.error;
      const isOver = isJoining() && (failures >= maxRetries || retryAfterMs > maxRetryAfterMs);
      if (ended.next === 'stop' || isOver) return ended;
      if (!isJoining()) onLost(ended);
      if (performance.now() - openedAtMs >= steadyMs) failures = 0;
      openedAtMs = Number.POSITIVE_INFINITY;
      // Waking must not shorten a pause that the server asks for.
      await pause(retryAfterMs + backoffMs(failures), retryAfterMs > 0 ? stopping.signal : waking.signal);
      if (stopping.signal.aborted) return undefined;
    }
  }

  return {
    keepConnected,
    answered: () => {
      attempt = undefined;
    },
    opened: () => {
      openedAtMs = performance.now();
    },
    wake: (why) => {
      waking.abort();
      waking = new AbortController();
      // An attempt that began without a network may hang until it times out.
      if (attempt && (why === 'online' || performance.now() - attempt.sinceMs > hangingMs)) attempt.giveUp.abort();
    },
    stop: () => {
      stopping.abort();
      attempt?.giveUp.abort();
      waking.abort();
    },
  };
}
