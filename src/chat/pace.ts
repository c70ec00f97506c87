import { performance } from 'node:perf_hooks';

/** Calls `flush` once, in a later turn of the event loop. */
export type Pace = (flush: () => void) => void;

/** Longest time that a flush waits. */
const maxWaitMs = 10;
/** Longest time that a flush waits, as a multiple of the time that the last one took. */
const maxWaitRatio = 4;

/**
 * Creates a pace that waits while more frames are to come. A flush costs a write for every session, however much it
 * carries. So it is due in the first turn of the event loop without an event while `isExpecting` returns false. It
 * waits at most four times as long as the last flush took, which keeps flushes below a fifth of the time under any load.
 * @param isExpecting Returns whether something is known to be on its way
 * @param now Clock, in milliseconds
 */
export function createPace(isExpecting: () => boolean, now = (): number => performance.now()): Pace {
  let lastTookMs = 0;
  return (flush) => {
    const deadlineMs = now() + Math.min(maxWaitMs, maxWaitRatio * lastTookMs);
    let eventsBefore = -1;
    const look = (): void => {
      const nowMs = now();
      const { events } = performance.nodeTiming.uvMetricsInfo;
      if (nowMs < deadlineMs && isExpecting()) {
        // Looking in every turn would take the core that the awaited work may need.
        setTimeout(look, deadlineMs - nowMs);
      } else if (nowMs < deadlineMs && events !== eventsBefore) {
        eventsBefore = events;
        setImmediate(look);
      } else {
        flush();
        lastTookMs = now() - nowMs;
      }
    };
    setImmediate(look);
  };
}
