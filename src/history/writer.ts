import type { Log } from '../log/log.ts';
import type { MessageStore } from './message-store.ts';
import type { RunRecorder } from './runs.ts';
import type { WriteQueue } from './write-queue.ts';

/** From a message to its write while the store is available. */
const writeDelayMs = 50;
/** Messages in one write. The embedded store blocks the event loop meanwhile. */
const maxBatch = 500;
const firstRetryMs = 500;
const maxRetryMs = 10_000;
/** Time that `close` tries to write the rest. */
const closeTimeoutMs = 3_000;
/** Pause between the tries of `close`: a store that refuses at once must not occupy the event loop. */
const closeRetryMs = 100;

interface WriterDeps {
  readonly store: Pick<MessageStore, 'append'>;
  readonly queue: WriteQueue;
  readonly runs: Pick<RunRecorder, 'isPending' | 'record'>;
  /** Called with the id up to which all messages are stored. */
  readonly onStored?: ((id: string) => void) | undefined;
  readonly log: Log;
}

/** Writes the queue to the store in batches, beside the chat and never in its way. */
export interface Writer {
  /** Schedules a write, unless one is scheduled or under way. */
  schedule(): void;
  /** Writes what is left, for three seconds at most. Resolves with whether all of it is stored. */
  close(): Promise<boolean>;
}

export function createWriter({ store, queue, runs, onStored, log }: WriterDeps): Writer {
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let retryMs = 0;
  let lostBefore = 0;
  let closed = false;

  const isWaiting = (): boolean => queue.size > 0 || runs.isPending;

  async function writeBatch(): Promise<void> {
    await runs.record();
    const batch = queue.peek(maxBatch);
    await store.append(batch.messages, batch.gaps);
    queue.remove(batch);
    if (batch.messages.length > 0) onStored?.(batch.messages.at(-1)!.id);
  }

  async function writeAll(): Promise<void> {
    try {
      while (isWaiting()) {
        await writeBatch();
        // The embedded store answers at once, and other work must have its turn.
        await new Promise(setImmediate);
      }
      if (retryMs > 0) log.event('history_caught_up', { lost: queue.lost - lostBefore });
      lostBefore = queue.lost;
      retryMs = 0;
    } catch (error) {
      if (retryMs === 0) log.event('history_behind', { err: error, waiting: queue.size });
      retryMs = Math.min(maxRetryMs, retryMs * 2 || firstRetryMs);
    }
  }

  function schedule(): void {
    if (closed || timer || writing) return;
    timer = setTimeout(() => {
      timer = undefined;
      writing = writeAll().finally(() => {
        writing = undefined;
        if (isWaiting()) schedule();
      });
    }, retryMs || writeDelayMs);
    timer.unref();
  }

  return {
    schedule,

    close: async () => {
      closed = true;
      clearTimeout(timer);
      await writing;
      const deadlineMs = performance.now() + closeTimeoutMs;
      for (await writeAll(); isWaiting() && performance.now() < deadlineMs; await writeAll())
        await new Promise((resolve) => setTimeout(resolve, closeRetryMs));
      return !isWaiting();
    },
  };
}
