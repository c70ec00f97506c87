/** How many messages may go out before the first is answered: half of the burst that the contract allows. */
const burst = 10;
/** How much credit returns in a second: less than the contract allows, since other frames and tabs count too. */
const refillPerSecond = 5;
/** Pause after a refusal that names none, in milliseconds. */
const refusalPauseMs = 1_000;
/** Bounds of a pause that the server asks for, in milliseconds. */
const leastPauseMs = 100;
const mostPauseMs = 30_000;

/**
 * Decides whether messages may overlap. A server that refuses one message as too frequent may take the next one, and
 * the order would be lost. So several are in flight only while the limit is far; else each waits for the echo of the
 * last.
 */
export interface Pace {
  mayOverlap(): boolean;
  /** Notes that a message goes out. */
  spend(): void;
  /** Notes that the server refused a message. Returns how long to pause, in milliseconds. */
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
