import { describe, expect, it } from 'vitest';
import { createPace } from '../../../src/chat/pace.ts';
import { within } from '../../harness/deadline.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Keeps the core busy, as a flush to many sockets does. */
function work(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

describe('the pace of a room', () => {
  it('flushes once for each time it is asked to, and not before the caller is done', async () => {
    const pace = createPace(() => false);
    let flushes = 0;
    for (let n = 1; n <= 3; n += 1) {
      pace(() => (flushes += 1));
      expect(flushes).toBe(n - 1);
      const flushed = async (): Promise<void> => {
        while (flushes < n) await turn();
      };
      await within(flushed(), 'a flush');
    }
    await after(50);
    expect(flushes).toBe(3);
  });

  it('waits for what is on its way after a flush that took long, but not for ever', async () => {
    let expecting = true;
    const pace = createPace(() => expecting);
    const flush = (): Promise<void> => new Promise((resolve) => pace(resolve));
    await within(new Promise<void>((resolve) => pace(() => resolve(work(20)))), 'the first flush');
    let waited = 0;
    let flushed = false;
    const waiting = flush().then(() => (flushed = true));
    for (; waited < 3; waited += 1) {
      await turn();
      expect(flushed).toBe(false);
    }
    await within(waiting, 'the flush that something is waited for');
    await within(new Promise<void>((resolve) => pace(() => resolve(work(20)))), 'another long flush');
    expecting = false;
    // Nothing comes, nothing is expected: some turns are enough, and no timer is asked for.
    const quiet = flush().then(() => (flushed = true));
    await within(quiet, 'the flush of a quiet room');
  });
});
