/**
 * Retention goes by a time that the store keeps, not by the clock alone: a clock that is far off for a while, at a start
 * or by a jump, must not remove what it would remove months from now.
 */

const dayMs = 86_400_000;
/** A clock that differs from what is expected by more than this part of `HISTORY_MAX_AGE` is doubted, … */
const doubtfulPart = 1 / 24;
/** … but never for less than this, and always for more than a day. */
const leastDoubtfulMs = 60_000;
/** Time doesn't go back: a clock that is behind by more than this is worth a warning. */
const leastBehindMs = 300_000;
/** A doubted clock is believed after servers have run with it for so long, or for `HISTORY_MAX_AGE` if that is shorter. */
const beliefMs = dayMs;

/** How far retention has come; kept in the store. Times are milliseconds since 1970. */
export interface Retention {
  /** The time that pruning last went by. */
  readonly presentMs: number;
  /** Messages that were sent before it, by then, were removed. */
  readonly cutMs: number;
  /** For how long servers have run while the clock was doubted. */
  readonly doubtedMs: number;
  /** The last place, of a message or a gap, and since when it is the last one. */
  readonly lastId: string;
  readonly lastMs: number;
}

/** Bounds that one pruning goes by. */
export interface Pruning {
  readonly next: Retention;
  /** How far the clock is ahead of what is expected, or behind it (below 0), where that is implausible. */
  readonly offMs: number | undefined;
  /** Messages sent from `from` on and before `before` are due; those sent from then on and before `until` are not. */
  readonly from: string;
  readonly before: string;
  readonly until: string;
  /** Nothing was said for `HISTORY_MAX_AGE`: all up to `next.lastId` is due. */
  readonly isSilent: boolean;
}

interface Seen {
  readonly nowMs: number;
  /** How long this process has run since it pruned last, by a clock that can't be set. */
  readonly elapsedMs: number;
  readonly lastId: string;
  readonly maxAgeS: number;
}

const doubtfulMs = (maxAgeMs: number): number => Math.min(dayMs, Math.max(leastDoubtfulMs, maxAgeMs * doubtfulPart));

/** Where retention begins, for a store that knows nothing of it: at the last message, if the clock is far from that. */
export function firstRetention(nowMs: number, lastSentMs: number | undefined, maxAgeS: number): Retention {
  const isNear = lastSentMs === undefined || Math.abs(nowMs - lastSentMs) <= doubtfulMs(maxAgeS * 1_000);
  return { presentMs: isNear ? nowMs : lastSentMs, cutMs: 0, doubtedMs: 0, lastId: '', lastMs: 0 };
}

/** One pruning after another. */
export function nextPruning(known: Retention, { nowMs, elapsedMs, lastId, maxAgeS }: Seen): Pruning {
  const maxAgeMs = maxAgeS * 1_000;
  const mostOffMs = doubtfulMs(maxAgeMs);
  // Another node may have pruned meanwhile: so any time of what has elapsed will do.
  const latestMs = known.presentMs + elapsedMs;
  const offMs = nowMs > latestMs ? nowMs - latestMs : Math.min(0, nowMs - known.presentMs);
  const isDoubted = Math.abs(offMs) > mostOffMs;
  const doubtedMs = isDoubted ? known.doubtedMs + elapsedMs : 0;
  const isBelieved = !isDoubted || doubtedMs >= Math.min(beliefMs, maxAgeMs);
  // Time that this process has seen pass has passed, whatever the clock says; one that is behind removes nothing.
  const presentMs = isBelieved ? nowMs : offMs > 0 ? latestMs : known.presentMs;
  const cutMs = presentMs - maxAgeMs;
  // Where the time leaps, silence begins anew.
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
