import type { MessagePage } from '../../generated/http/index.ts';
import type { Beginning, Envelope } from '../backplane/backplane.ts';
import type { Log } from '../log/log.ts';
import type { MessageStore } from './message-store.ts';
import { pageOf } from './page.ts';
import { createPruner } from './pruner.ts';
import { createRunRecorder } from './runs.ts';
import { createWriteQueue } from './write-queue.ts';
import { createWriter } from './writer.ts';

interface HistoryOptions {
  readonly store: MessageStore;
  /** Epoch of this run, where the stream is this process's alone; otherwise `begin` provides it. */
  readonly epoch?: string;
  /** Called with the id up to which all messages are stored. */
  readonly onStored?: (id: string) => void;
  readonly maxAgeS: number;
  readonly maxCount: number;
  readonly log: Log;
  /** Returns milliseconds since 1970, by a clock that may be wrong. */
  readonly now?: () => number;
}

/** The message history: stores what this node delivers, and reads it again. */
export interface History {
  /** Queues a delivered message to be stored. */
  add(envelope: Envelope): void;
  /** Notes that the stream begins on this node, or starts over. */
  begin(beginning: Beginning): void;
  /** Returns the last messages before an id, or of all, including those not stored yet. @throws {StoreUnavailable} */
  page(before: string | undefined, limit: number): Promise<MessagePage>;
  /** Returns the time that retention goes by, in milliseconds since 1970. It is never ahead of the clock. */
  believedMs(): number;
  /** Stores what is queued, if the store is available. Nothing may be added after this. */
  close(): Promise<void>;
  /** Messages, and gaps, that are not stored yet. */
  readonly waiting: number;
  /** Messages dropped unstored since the start. */
  readonly lost: number;
}

/** Opens the history for a run of the stream. @throws {StoreUnavailable} */
export async function openHistory(options: HistoryOptions): Promise<History> {
  const { store, epoch, onStored, maxAgeS, maxCount, log, now = Date.now } = options;
  if (epoch !== undefined) await store.putRun({ epoch, lastId: undefined });
  const queue = createWriteQueue();
  const runs = createRunRecorder(store);
  const writer = createWriter({ store, queue, runs, onStored, log });
  const pruner = createPruner({ store, epoch, maxAgeS, maxCount, log, now });
  let lastId = `${epoch}-`;

  function enqueue({ id, sentAt, userId, frame }: Envelope): boolean {
    if (frame.type !== 'chat_message' || userId === undefined) return false;
    queue.add({ id, sentAt, userId, msg: frame.msg });
    return true;
  }

  return {
    add: (envelope) => {
      lastId = envelope.id;
      if (enqueue(envelope)) writer.schedule();
    },

    begin: ({ epoch: begun, unstored: { messages, gap } }) => {
      runs.begin(begun);
      if (gap !== undefined) queue.addGap(gap);
      for (const envelope of messages) enqueue(envelope);
      writer.schedule();
    },

    page: async (before, limit) => {
      // The gaps that earlier runs end with belong to the page.
      await runs.record();
      // Copied before the read: a message stored meanwhile is then in at least one of both.
      const waiting = queue.all();
      const { messages, ...rest } = pageOf(await store.before(before, limit), waiting, before, limit);
      return {
        messages: messages.map(({ id, sentAt, msg }) => ({ type: 'chat_message', id, sent_at: sentAt, msg })),
        ...rest,
      };
    },

    believedMs: pruner.believedMs,

    get waiting() {
      return queue.size;
    },
    get lost() {
      return queue.lost;
    },

    close: async () => {
      await pruner.close();
      if (!(await writer.close())) log.event('history_lost', { lost: queue.size });
      else if (epoch !== undefined) await store.putRun({ epoch, lastId }).catch(() => {});
    },
  };
}
