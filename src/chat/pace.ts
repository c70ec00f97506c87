import { performance } from 'node:perf_hooks';

/** Says when: calls `flush` once, after this. */
export type Pace = (flush: () => void) => void;

const maxWaitMs = 10;
/** How much longer than a flush takes it may be waited for. */
const patience = 4;

/**
 * Waits while more is to come, and no longer. A flush costs a write for every session, however much it carries, so it
 * comes in the first turn of the event loop that has brought nothing new while nothing is known to be on its way
 * (`isExpecting`); at the latest after four times what the last one took, so that no load can spend more than a fifth
 * of its time on flushes, and 10 ms at most.
 */
export function createPace(isExpecting: () => boolean): Pace {
  let lastTookMs = 0;
  return (flush) => {
    const deadlineMs = performance.now() + Math.min(maxWaitMs, patience * lastTookMs);
    let eventsBefore = -1;
    const look = (): void => {
      const nowMs = performance.now();
      const { events } = performance.nodeTiming.uvMetricsInfo;
      if (nowMs < deadlineMs && isExpecting()) {
        // Not at every turn: who is waited for may need this core.
        setTimeout(look, deadlineMs - nowMs);
      } else if (nowMs < deadlineMs && events !== eventsBefore) {
        eventsBefore = events;
        setImmediate(look);
      } else {
        flush();
        lastTookMs = performance.now() - nowMs;
      }
    };
    setImmediate(look);
  };
}
