import { describe, expect, it } from 'vitest';
import { createPace } from '../../../src/chat/pace.ts';
import { within } from '../../harness/deadline.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the pace of a room', () => {
  it('flushes once for each call, after the caller is done', async () => {
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
    for (let n = 0; n < 20; n += 1) await turn();
    expect(flushes).toBe(3);
  });

  it('waits for frames on their way after a long flush, but not without end', async () => {
    let expecting = true;
    let nowMs = 0;
    const pace = createPace(
      () => expecting,
      () => nowMs,
    );
    const flush = (): Promise<void> => new Promise((resolve) => pace(resolve));
    const longFlush = (): Promise<void> =>
      new Promise((resolve) =>
        pace(() => {
          nowMs += 20;
          resolve();
        }),
      );
    await within(longFlush(), 'the first flush');
    let flushed = false;
    const waiting = flush().then(() => (flushed = true));
    nowMs += 9;
    for (let waited = 0; waited < 20; waited += 1) {
      await turn();
      expect(flushed).toBe(false);
    }
    nowMs += 1;
    await within(waiting, 'the flush that something is waited for');
    await within(longFlush(), 'another long flush');
    expecting = false;
    // Nothing is expected to happen, so a few turns are enough.
    const quiet = flush().then(() => (flushed = true));
    await within(quiet, 'the flush of a quiet room');
  });
});
