import type { MessagePage } from '../../generated/http/index.ts';
import type { Beginning, Envelope } from '../backplane/backplane.ts';
import type { Log } from '../log/log.ts';
import { createBacklog } from './backlog.ts';
import type { MessageStore, Run, Slice, StoredMessage } from './message-store.ts';
import { pageOf } from './page.ts';
import { createPruner } from './pruner.ts';

/** From a message to the write that keeps it, while the store is there. */
const writeDelayMs = 50;
/** One write. The embedded store's holds the event loop up. */
const maxBatch = 500;
const firstRetryMs = 500;
const maxRetryMs = 10_000;
/** How long the end may take to keep what still waits. */
const closeTimeoutMs = 3_000;
/** Between its tries: a store that refuses at once must not hold up all else that ends. */
const closeRetryMs = 100;

interface HistoryOptions {
  readonly store: MessageStore;
  /** Of this run, as its ids begin, where it is this process's alone; else `begin` says it. */
  readonly epoch?: string;
  /** Hears up to where all is stored. */
  readonly onStored?: (id: string) => void;
  readonly maxAgeS: number;
  readonly maxCount: number;
  readonly log: Log;
  /** Milliseconds since 1970, by a clock that may be wrong. */
  readonly now?: () => number;
}

/** What was said: kept in batches, beside the chat and never in its way. */
export interface History {
  /** Takes note of what was delivered. */
  add(envelope: Envelope): void;
  /** The order begins for this node, or begins anew. */
  begin(beginning: Beginning): void;
  /** The last messages before an id, or of all; those that aren't kept yet, too. @throws {StoreUnavailable} */
  page(before: string | undefined, limit: number): Promise<MessagePage>;
  /** Returns the time that retention goes by, in milliseconds since 1970: not later than the clock, or than it can be. */
  believedMs(): number;
  /** Keeps what waits, if the store lets it. Nothing is added after this. */
  close(): Promise<void>;
  /** Messages, and gaps, that are not stored yet. */
  readonly waiting: number;
  /** Messages that were given up since the start. */
  readonly lost: number;
}

/** What earlier runs left behind. */
export interface Past extends Slice {
  readonly runs: readonly Run[];
}

/**
 * What was said before this run: the last `limit` messages. A run that did not end as it should has lost who knows what:
 * it ends with a gap. @throws {StoreUnavailable}
 */
export async function readPast(store: MessageStore, limit: number): Promise<Past> {
  const runs = await endRuns(store, await store.runs());
  return { ...(await store.before(undefined, limit)), runs };
}

/**
 * These runs; those before this epoch, or all, that did not end as they should end with a gap now.
 * @throws {StoreUnavailable}
 */
async function endRuns(store: MessageStore, runs: readonly Run[], before?: string): Promise<Run[]> {
  const ended: Run[] = [];
  for (const run of runs) {
    const { epoch, lastId } = run;
    if (lastId !== undefined || (before !== undefined && epoch >= before)) {
      ended.push(run);
      continue;
    }
    // Behind every id that it can have given.
    const end = `${epoch}-~`;
    await store.append([], [end]);
    await store.putRun({ epoch, lastId: end });
    ended.push({ epoch, lastId: end });
  }
  return ended;
}

/** From where on nothing is missing in what is left of the past; undefined where nothing is left. */
export const completeFrom = ({ messages, gaps }: Slice): string | undefined =>
  messages.length === 0 ? undefined : [messages[0]!.id, ...gaps].sort().at(-1);

/** A kept message as it was delivered. */
export const envelopeOf = ({ id, sentAt, userId, msg }: StoredMessage): Envelope => ({
  id,
  sentAt,
  userId,
  frame: { type: 'chat_message', msg },
});

/** Begins to keep what a run delivers. @throws {StoreUnavailable} */
export async function openHistory({
  store,
  epoch,
  maxAgeS,
  maxCount,
  log,
  now = Date.now,
  onStored,
}: HistoryOptions): Promise<History> {
  const backlog = createBacklog();
  let lastId = `${epoch}-`;
  /** An epoch that the store doesn't know yet. */
  let begun: string | undefined;
  /** That of this node, and the one before. */
  let current: string | undefined;
  let previous: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let retryMs = 0;
  let closed = false;
  let writing: Promise<void> | undefined;
  let lostBefore = 0;

  /** One batch; rejects where the store is away. */
  async function write(): Promise<void> {
    if (begun !== undefined) await openRun(begun);
    const batch = backlog.peek(maxBatch);
    await store.append(batch.messages, batch.gaps);
    backlog.drop(batch);
    if (batch.messages.length > 0) onStored?.(batch.messages.at(-1)!.id);
  }

  /** Any node may be the first to say so, and a late one is right, too. */
  async function openRun(run: string): Promise<void> {
    const kept = await store.runs();
    const isKept = (epoch: string): boolean => kept.some((known) => known.epoch === epoch);
    // A store that doesn't know it any more has lost what was said in it: that is to show.
    const lost = previous === undefined || isKept(previous) ? [] : [{ epoch: previous, lastId: undefined }];
    await endRuns(store, [...kept, ...lost], run);
    if (!isKept(run)) await store.putRun({ epoch: run, lastId: undefined });
    if (begun === run) begun = undefined;
  }

  const isWaiting = (): boolean => backlog.size > 0 || begun !== undefined;

  async function writeAll(): Promise<void> {
    try {
      while (isWaiting()) {
        await write();
        // The embedded store answers at once: others come in between.
        await new Promise(setImmediate);
      }
      if (retryMs > 0) log.event('history_caught_up', { lost: backlog.lost - lostBefore });
      lostBefore = backlog.lost;
      retryMs = 0;
    } catch (error) {
      if (retryMs === 0) log.event('history_behind', { err: error, waiting: backlog.size });
      retryMs = Math.min(maxRetryMs, retryMs * 2 || firstRetryMs);
    }
  }

  function writeSoon(): void {
    if (closed || timer || writing) return;
    timer = setTimeout(() => {
      timer = undefined;
      writing = writeAll().finally(() => {
        writing = undefined;
        if (isWaiting()) writeSoon();
      });
    }, retryMs || writeDelayMs);
    timer.unref();
  }

  function take({ id, sentAt, userId, frame }: Envelope): boolean {
    if (frame.type !== 'chat_message' || userId === undefined) return false;
    backlog.add({ id, sentAt, userId, msg: frame.msg });
    return true;
  }

  if (epoch !== undefined) await store.putRun({ epoch, lastId: undefined });
  const pruner = createPruner({ store, epoch, maxAgeS, maxCount, log, now });

  return {
    add: (envelope) => {
      lastId = envelope.id;
      if (take(envelope)) writeSoon();
    },

    begin: ({ epoch: run, unstored: { messages, gap } }) => {
      if (run !== current) [previous, current] = [current, run];
      begun = run;
      if (gap !== undefined) backlog.addGap(gap);
      for (const envelope of messages) take(envelope);
      writeSoon();
    },

    page: async (before, limit) => {
      // What the epochs before it lost must show.
      if (begun !== undefined) await openRun(begun);
      // First: what is kept meanwhile is in one of both at least.
      const waiting = backlog.all();
      const { messages, ...rest } = pageOf(await store.before(before, limit), waiting, before, limit);
      return {
        messages: messages.map(({ id, sentAt, msg }) => ({ type: 'chat_message', id, sent_at: sentAt, msg })),
        ...rest,
      };
    },

    believedMs: pruner.believedMs,

    get waiting() {
      return backlog.size;
    },
    get lost() {
      return backlog.lost;
    },

    close: async () => {
      closed = true;
      clearTimeout(timer);
      await pruner.close();
      await writing;
      const deadlineMs = performance.now() + closeTimeoutMs;
      for (await writeAll(); isWaiting() && performance.now() < deadlineMs; await writeAll())
        await new Promise((resolve) => setTimeout(resolve, closeRetryMs));
      if (isWaiting()) log.event('history_lost', { lost: backlog.size });
      else if (epoch !== undefined) await store.putRun({ epoch, lastId }).catch(() => {});
    },
  };
}
