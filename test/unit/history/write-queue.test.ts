import { describe, expect, it } from 'vitest';
import { createWriteQueue } from '../../../src/history/write-queue.ts';
import { idOf, stored } from './messages.ts';

describe('the write queue', () => {
  it('keeps the messages that arrive while a batch is stored', () => {
    const queue = createWriteQueue();
    for (let n = 1; n <= 5; n += 1) queue.add(stored(n));
    const batch = queue.peek(3);
    queue.add(stored(6));
    queue.remove(batch);
    expect(queue.all().messages.map(({ id }) => id)).toEqual([4, 5, 6].map(idOf));
  });

  it('removes a stored batch of which messages were dropped meanwhile', () => {
    const queue = createWriteQueue();
    for (let n = 1; n <= 10_000; n += 1) queue.add(stored(n));
    const batch = queue.peek(3);
    for (let n = 10_001; n <= 10_005; n += 1) queue.add(stored(n));
    queue.remove(batch);
    expect([queue.all().messages[0]!.id, queue.all().gaps]).toEqual([idOf(6), [idOf(5)]]);
  });

  it('is bounded by its characters, and merges the gaps of messages dropped in a row', () => {
    const queue = createWriteQueue();
    const long = 'x'.repeat(4_096);
    for (let n = 1; n <= 4_100; n += 1) queue.add(stored(n, long));
    expect([queue.lost, queue.all().messages.length, queue.all().gaps]).toEqual([4, 4_096, [idOf(4)]]);
    const batch = queue.peek(1);
    queue.add(stored(5_000, long));
    queue.remove(batch);
    expect(queue.all().messages[0]!.id).toBe(idOf(6));
    expect(queue.all().gaps).toEqual([idOf(5)]);
  });

  it('counts messages and gaps until they are removed', () => {
    const queue = createWriteQueue();
    queue.add(stored(1));
    queue.addGap(idOf(1));
    expect(queue.size).toBe(2);
    queue.remove(queue.peek(10));
    expect([queue.size, queue.lost]).toEqual([0, 0]);
  });
});
