/**
 * Retention goes by a time in the store, not by the clock alone. A clock that is far ahead for a while, at a start or
 * after a jump, must not remove messages before they are old enough.
 */

const dayMs = 86_400_000;
/** A clock is doubted if it differs from the expected time by more than this part of `HISTORY_MAX_AGE`, … */
const doubtfulPart = 1 / 24;
/** … but not for less than this, and always for more than a day. */
const leastDoubtfulMs = 60_000;
/** A clock that is behind the expected time by more than this is worth a warning. */
const leastBehindMs = 300_000;
/** A doubted clock is believed after servers have run with it for this time, or for `HISTORY_MAX_AGE` if shorter. */
const beliefMs = dayMs;

/** State of retention, as it is stored. Times are milliseconds since 1970. */
export interface Retention {
  /** The time that the last pruning went by. */
  readonly presentMs: number;
  /** Messages sent before this time were removed. */
  readonly cutMs: number;
  /** For how long servers have run while the clock was doubted. */
  readonly doubtedMs: number;
  /** The last position, of a message or a gap, and since when it is the last one. */
  readonly lastId: string;
  readonly lastMs: number;
}

/** Bounds of one pruning. */
export interface Pruning {
  readonly next: Retention;
  /** How far the clock is ahead of the expected time, or behind it (below 0), if that is implausible. */
  readonly offMs: number | undefined;
  /** Messages sent from `from` on and before `before` are due; those sent from then on and before `until` are not. */
  readonly from: string;
  readonly before: string;
  readonly until: string;
  /** Whether no message was sent for `HISTORY_MAX_AGE`: all up to `next.lastId` is due. */
  readonly isSilent: boolean;
}

interface Seen {
  readonly nowMs: number;
  /** Time since this process pruned last, by a clock that can't be set. */
  readonly elapsedMs: number;
  readonly lastId: string;
  readonly maxAgeS: number;
}

const doubtfulMs = (maxAgeMs: number): number => Math.min(dayMs, Math.max(leastDoubtfulMs, maxAgeMs * doubtfulPart));

/**
 * Returns the first state of retention for a store without one. It starts at the last message if the clock is far from that.
 */
export function firstRetention(nowMs: number, lastSentMs: number | undefined, maxAgeS: number): Retention {
  const isNear = lastSentMs === undefined || Math.abs(nowMs - lastSentMs) <= doubtfulMs(maxAgeS * 1_000);
  return { presentMs: isNear ? nowMs : lastSentMs, cutMs: 0, doubtedMs: 0, lastId: '', lastMs: 0 };
}

/** Returns the bounds of the next pruning, and the state of retention after it. */
export function nextPruning(known: Retention, { nowMs, elapsedMs, lastId, maxAgeS }: Seen): Pruning {
  const maxAgeMs = maxAgeS * 1_000;
  const mostOffMs = doubtfulMs(maxAgeMs);
  // Another node may have pruned meanwhile, so any time up to the elapsed one is plausible.
  const latestMs = known.presentMs + elapsedMs;
  const offMs = nowMs > latestMs ? nowMs - latestMs : Math.min(0, nowMs - known.presentMs);
  const isDoubted = Math.abs(offMs) > mostOffMs;
  const doubtedMs = isDoubted ? known.doubtedMs + elapsedMs : 0;
  const isBelieved = !isDoubted || doubtedMs >= Math.min(beliefMs, maxAgeMs);
  // Elapsed time counts, whatever the clock says. A clock that is behind removes nothing.
  const presentMs = isBelieved ? nowMs : offMs > 0 ? latestMs : known.presentMs;
  const cutMs = presentMs - maxAgeMs;
  // After a leap of the time, silence is measured from the start.
  const isLeap = isDoubted && isBelieved;
  const lastMs = lastId === known.lastId && !isLeap ? Math.min(known.lastMs, presentMs) : presentMs;
  return {
    next: { presentMs, cutMs, doubtedMs: isBelieved ? 0 : doubtedMs, lastId, lastMs },
    offMs: !isBelieved || offMs < -leastBehindMs ? offMs : undefined,
    from: timeOf(Math.min(known.cutMs, cutMs)),
    before: timeOf(cutMs),
    until: timeOf(presentMs + mostOffMs),
    isSilent: lastId !== '' && lastMs <= cutMs,
  };
}

const timeOf = (ms: number): string => new Date(ms).toISOString();
