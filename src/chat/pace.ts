import { performance } from 'node:perf_hooks';

/** Says when: calls `flush` once, after this. */
export type Pace = (flush: () => void) => void;

const maxWaitMs = 10;

/**
 * Waits while there is more to come, and no longer. A flush costs a write for every session, however much it carries, so
 * it leaves in the first turn of the event loop that has brought nothing new; at the latest after twice the time that
 * the last one took, so that no load can spend more than a third of its time on flushes, nor make anything wait long.
 */
export function createPace(): Pace {
  let lastTookMs = 0;
  return (flush) => {
    const deadlineMs = performance.now() + Math.min(maxWaitMs, 2 * lastTookMs);
    let eventsBefore = -1;
    const look = (): void => {
      const startMs = performance.now();
      const { events } = performance.nodeTiming.uvMetricsInfo;
      if (events !== eventsBefore && startMs < deadlineMs) {
        eventsBefore = events;
        setImmediate(look);
        return;
      }
      flush();
      lastTookMs = performance.now() - startMs;
    };
    setImmediate(look);
  };
}
