import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { createWriteQueue } from '../../../src/history/write-queue.ts';
import { createWriter } from '../../../src/history/writer.ts';
import type { Log } from '../../../src/log/log.ts';
import { idOf, stored } from './messages.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

function start() {
  const queue = createWriteQueue();
  let isAvailable = true;
  /** Messages in each write, and the time of the attempt. */
  const writes: [atMs: number, messages: number][] = [];
  const events: string[] = [];
  const storedUpTo: string[] = [];
  const beganMs = performance.now();
  const log: Log = { event: (name) => void events.push(name), ofRequest: () => log };
  const writer = createWriter({
    store: {
      append: async (messages) => {
        writes.push([performance.now() - beganMs, messages.length]);
        if (!isAvailable) throw new StoreUnavailable('planted');
      },
    },
    queue,
    runs: { isPending: false, record: async () => {} },
    onStored: (id) => void storedUpTo.push(id),
    log,
  });
  const add = (from: number, to = from): void => {
    for (let n = from; n <= to; n += 1) queue.add(stored(n));
    writer.schedule();
  };
  return { queue, writer, writes, events, storedUpTo, add, setAvailable: (to: boolean) => (isAvailable = to) };
}

describe('the writer', () => {
  it('writes queued messages every 50 ms, 500 at once, and reports the last id', async () => {
    const { add, writes, storedUpTo } = start();
    add(1);
    await vi.advanceTimersByTimeAsync(49);
    expect(writes).toEqual([]);
    add(2, 700);
    await vi.advanceTimersByTimeAsync(10);
    expect(writes.map(([, messages]) => messages)).toEqual([500, 200]);
    expect(storedUpTo).toEqual([500, 700].map(idOf));
  });

  it('retries after pauses that double up to ten seconds, and logs an outage once', async () => {
    const { add, writes, events, setAvailable } = start();
    setAvailable(false);
    add(1);
    await vi.advanceTimersByTimeAsync(40_000);
    const pauses = writes.slice(1).map(([atMs], at) => atMs - writes[at]![0]);
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(events).toEqual(['history_behind']);
    setAvailable(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(events).toEqual(['history_behind', 'history_caught_up']);
  });

  it('writes the rest at once when it is closed', async () => {
    const { add, queue, writer } = start();
    add(1, 3);
    const closed = writer.close();
    await vi.advanceTimersByTimeAsync(1);
    expect([await closed, queue.size]).toEqual([true, 0]);
  });

  it('gives up three seconds after it is closed, and writes nothing from then on', async () => {
    const { add, queue, writer, writes, setAvailable } = start();
    setAvailable(false);
    add(1, 3);
    const closed = writer.close();
    await vi.advanceTimersByTimeAsync(3_100);
    expect([await closed, queue.size]).toEqual([false, 3]);
    const tries = writes.length;
    setAvailable(true);
    writer.schedule();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(writes).toHaveLength(tries);
  });
});
