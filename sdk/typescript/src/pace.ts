/** How many messages may go out before the first of them has come back: half of the burst that the contract allows. */
const burst = 10;
/** How many of these come back in a second: fewer than the contract allows, since other frames and tabs count too. */
const refillPerSecond = 5;
/** The pause after a refusal that doesn't say how long, the shortest and the longest one, in milliseconds. */
const refusalPauseMs = 1_000;
const leastPauseMs = 100;
const mostPauseMs = 30_000;

/**
 * Decides which messages may overlap. A server that refuses a message as too frequent may take the one behind it, and the
 * order would be lost: so several are on their way only while the limit is far, and else one follows the echo of another.
 */
export interface Pace {
  mayOverlap(): boolean;
  /** A message goes out. */
  spend(): void;
  /** The server refused one; returns how long to pause, in milliseconds. */
  refuse(retryAfterMs?: number): number;
}

export function createPace(): Pace {
  let credit = burst;
  let atMs = performance.now();
  function refill(): void {
    const nowMs = performance.now();
    credit = Math.min(burst, credit + ((nowMs - atMs) / 1_000) * refillPerSecond);
    atMs = nowMs;
  }
  return {
    mayOverlap: () => {
      refill();
      return credit >= 1;
    },
    spend: () => {
      refill();
      credit = Math.max(0, credit - 1);
    },
    refuse: (retryAfterMs = refusalPauseMs) => {
      refill();
      credit = 0;
      return Math.min(Math.max(retryAfterMs, leastPauseMs), mostPauseMs);
    },
  };
}
