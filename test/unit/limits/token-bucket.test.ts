import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenBucket } from '../../../src/limits/token-bucket.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Takes tokens until none are left. */
function drain(take: () => boolean): number {
  let taken = 0;
  while (take()) taken += 1;
  return taken;
}

describe('a token bucket', () => {
  it('starts full, and is empty after its capacity', () => {
    expect(drain(createTokenBucket({ capacity: 20, refillMs: 1_000 }))).toBe(20);
  });

  it.each([
    { waitMs: 999, tokens: 0 },
    { waitMs: 1_000, tokens: 1 },
    { waitMs: 2_500, tokens: 2 },
    { waitMs: 20_000, tokens: 20 },
    { waitMs: 3_600_000, tokens: 20 },
  ])('has $tokens tokens $waitMs ms after it was emptied', ({ waitMs, tokens }) => {
    const take = createTokenBucket({ capacity: 20, refillMs: 1_000 });
    drain(take);
    vi.advanceTimersByTime(waitMs);
    expect(drain(take)).toBe(tokens);
  });

  it('refills no later if it is asked while it is empty', () => {
    const take = createTokenBucket({ capacity: 1, refillMs: 1_000 });
    take();
    const answers = Array.from({ length: 8 }, () => {
      vi.advanceTimersByTime(250);
      return take();
    });
    expect(answers).toEqual([false, false, false, true, false, false, false, true]);
  });

  it('keeps no timer', () => {
    createTokenBucket({ capacity: 1, refillMs: 1_000 })();
    expect(vi.getTimerCount()).toBe(0);
  });
});
