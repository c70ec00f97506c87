/** Removes messages that are too old or too many, at the start and every ten minutes. */

import { within } from '../lib/with-timeout.ts';
import type { Log } from '../log/log.ts';
import type { MessageStore } from './message-store.ts';
import { firstRetention, nextPruning, type Retention } from './retention.ts';

const intervalMs = 600_000;
/** Time that `close` waits for a pruning in progress. */
const closeTimeoutMs = 3_000;

interface PrunerOptions {
  readonly store: MessageStore;
  /** Epoch of this run, where the stream is this process's alone. */
  readonly epoch: string | undefined;
  readonly maxAgeS: number;
  readonly maxCount: number;
  readonly log: Log;
  readonly now: () => number;
}

export interface Pruner {
  /** Returns the time that retention goes by, in milliseconds since 1970. It is 0 until the first pruning. */
  believedMs(): number;
  /** Stops pruning. Resolves when no pruning is under way, after three seconds at most. */
  close(): Promise<void>;
}

export function createPruner({ store, epoch, maxAgeS, maxCount, log, now }: PrunerOptions): Pruner {
  let prunedMs: number | undefined;
  let believed: { readonly presentMs: number; readonly atMs: number } | undefined;
  let isDoubted = false;
  let isAlone = true;
  let closed = false;

  async function known(lastSentAt: string | undefined): Promise<Retention> {
    const kept = await store.retention();
    return kept ?? firstRetention(now(), lastSentAt === undefined ? undefined : Date.parse(lastSentAt), maxAgeS);
  }

  /** Logs that the clock is implausible, once until it is plausible again. */
  function note(offMs: number | undefined, presentMs: number): void {
    if (offMs !== undefined && !isDoubted)
      log.event('clock_implausible', {
        aheadS: Math.round(offMs / 1_000),
        lastKnown: new Date(presentMs).toISOString(),
      });
    isDoubted = offMs !== undefined;
  }

  /** Logs that a second server uses this database without Redis: the earlier one sees the run of the later one. */
  async function lookForAnother(): Promise<void> {
    if (epoch === undefined || !isAlone) return;
    const other = (await store.runs()).find((run) => run.epoch > epoch);
    if (other === undefined) return;
    isAlone = false;
    log.event('second_server', { epoch: other.epoch });
  }

  async function prune(): Promise<void> {
    const { messages, gaps } = await store.before(undefined, 1);
    const retention = await known(messages[0]?.sentAt);
    const atMs = performance.now();
    const lastId = [messages[0]?.id ?? '', gaps.at(-1) ?? ''].sort().at(-1)!;
    const elapsedMs = prunedMs === undefined ? 0 : atMs - prunedMs;
    const { next, offMs, isSilent, ...times } = nextPruning(retention, { nowMs: now(), elapsedMs, lastId, maxAgeS });
    prunedMs = atMs;
    believed = { presentMs: next.presentMs, atMs };
    note(offMs, retention.presentMs);
    await store.prune((isSilent ? lastId : await store.lastDue(times)) ?? '', maxCount);
    // After the removal: if that fails, the same messages stay due.
    await store.putRetention(next);
    await lookForAnother();
  }

  let underway: Promise<void> | undefined;
  function pruneSoon(): void {
    underway ??= prune()
      .catch((error: unknown) => {
        if (!closed) log.event('history_not_pruned', { err: error });
      })
      .finally(() => {
        underway = undefined;
      });
  }
  pruneSoon();
  const timer = setInterval(pruneSoon, intervalMs).unref();

  return {
    believedMs: () =>
      believed === undefined ? 0 : Math.min(now(), believed.presentMs + performance.now() - believed.atMs),
    close: async () => {
      closed = true;
      clearInterval(timer);
      if (underway) await within(underway, closeTimeoutMs, () => new Error('A pruning takes too long')).catch(() => {});
    },
  };
}
