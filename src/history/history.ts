import type { MessagePage } from '../../generated/http/index.ts';
import type { Backplane, Beginning, Envelope } from '../backplane/backplane.ts';
import { padded } from '../backplane/ids.ts';
import type { Log } from '../log/log.ts';
import type { MessageStore } from './message-store.ts';
import { type Page, pageAfter, pageBefore } from './page.ts';
import { deliveredMsg } from './past.ts';
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
  /** Returns whether the stream is available: only then is the position of this node as good as any other. */
  readonly isReady: Backplane['isReady'];
  readonly maxAgeS: number;
  readonly maxCount: number;
  readonly log: Log;
  /** Returns milliseconds since 1970, by a clock that may be wrong. */
  readonly now?: () => number;
}

/** Where a page is: before a position, or after one, but not both; otherwise at the end. */
export interface PagePlace {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** The message history: stores what this node delivers, and reads it again. */
export interface History {
  /** Queues a delivered message to be stored. */
  add(envelope: Envelope): void;
  /** Notes that the stream begins on this node, or starts over. */
  begin(beginning: Beginning): void;
  /** Returns a page, including messages that are not stored yet. @throws {StoreUnavailable} */
  page(place: PagePlace, limit: number): Promise<MessagePage>;
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
  const { store, epoch, onStored, isReady, maxAgeS, maxCount, log, now = Date.now } = options;
  if (epoch !== undefined) await store.putRun({ epoch, lastId: undefined });
  const queue = createWriteQueue();
  const runs = createRunRecorder(store);
  const writer = createWriter({ store, queue, runs, onStored, log });
  const pruner = createPruner({ store, epoch, maxAgeS, maxCount, log, now });
  /** Position that this node has delivered up to; empty until the stream begins. */
  let position = epoch === undefined ? '' : `${epoch}-${padded(0)}`;

  function enqueue({ id, sentAt, userId, frame }: Envelope): boolean {
    if (frame.type !== 'chat_message' || userId === undefined) return false;
    const { from_user_id, ...msg } = frame.msg;
    queue.add({ id, sentAt, userId, msg });
    return true;
  }

  async function read({ before, after }: PagePlace, limit: number): Promise<Page & { readonly as_of?: string }> {
    // In the same tick, and before the read: a message stored meanwhile is then in at least one of queue and store.
    const waiting = queue.all();
    const upTo = position;
    const isKnown = isReady();
    if (after !== undefined) {
      // Ends at the position also while that isn't told: the store may have later messages and lack some before them.
      const page = pageAfter(await store.after(after, limit + 1), waiting, { after, upTo }, limit);
      // A client that comes from a node ahead of this one knows more.
      return { ...page, ...(isKnown && { as_of: after > upTo ? after : upTo }) };
    }
    if (!isKnown) return pageBefore(await store.before(before, limit), waiting, before, limit);
    // The first string after the position: the page has a message there.
    const next = `${upTo}!`;
    const end = before !== undefined && before < next ? before : next;
    return { ...pageBefore(await store.before(end, limit), waiting, end, limit), as_of: upTo };
  }

  return {
    add: (envelope) => {
      position = envelope.id;
      if (enqueue(envelope)) writer.schedule();
    },

    begin: ({ id, epoch: begun, unstored: { messages, gap } }) => {
      position = id;
      runs.begin(begun);
      if (gap !== undefined) queue.addGap(gap);
      for (const envelope of messages) enqueue(envelope);
      writer.schedule();
    },

    page: async (place, limit) => {
      // The gaps that earlier runs end with belong to the page. The stream may begin anew meanwhile.
      while (runs.isPending) await runs.record();
      const { messages, ...rest } = await read(place, limit);
      return {
        messages: messages.map((message) => ({
          type: 'chat_message',
          id: message.id,
          sent_at: message.sentAt,
          msg: deliveredMsg(message),
        })),
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
      else if (epoch !== undefined) await store.putRun({ epoch, lastId: position }).catch(() => {});
    },
  };
}
