import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ended, endedBy } from '../../src/ended.ts';
import { PalaverError } from '../../src/index.ts';
import { createReconnect } from '../../src/reconnect.ts';

beforeEach(() => {
  vi.useFakeTimers();
  // The longest wait that chance allows.
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const lost: Ended = endedBy(new PalaverError('connection_lost', 'The connection ended.'));
const final: Ended = endedBy(new PalaverError('name_in_use', 'Somebody has the name.', { status: 409 }));
const busy = (retryAfterMs: number): Ended =>
  endedBy(new PalaverError('server_full', 'The server is full.', { status: 503, retryAfterMs }));

/** A loop whose connections the test ends, and its outcome once there is one. */
function start({ isJoining = false, maxRetries = 2 } = {}) {
  const attempts: { readonly end: (how: Ended) => Promise<unknown>; readonly giveUp: AbortSignal }[] = [];
  const losses: string[] = [];
  const world: { outcome?: Ended | 'stopped' } = {};
  const reconnect = createReconnect({
    connectOnce: (giveUp) =>
      new Promise((resolve) => {
        const end = (how: Ended): Promise<unknown> => {
          resolve(how);
          return pass(0);
        };
        giveUp.addEventListener('abort', () => resolve(lost));
        attempts.push({ end, giveUp });
      }),
    isJoining: () => isJoining,
    onLost: ({ code }) => losses.push(code),
    maxRetries,
  });
  reconnect.keepConnected().then((ended) => {
    world.outcome = ended ?? 'stopped';
  });
  return { reconnect, attempts, losses, world, end: (how: Ended) => attempts.at(-1)!.end(how) };
}

describe('reconnecting', () => {
  it('waits longer after each failure, 10 seconds at most, and goes on for ever', async () => {
    const { attempts, losses, end } = start();
    for (const [n, ms] of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
      await end(lost);
      await pass(ms - 1);
      expect(attempts.length).toBe(n + 1);
      await pass(1);
      expect(attempts.length).toBe(n + 2);
    }
    expect(losses.length).toBe(7);
  });

  it.each([
    ['starts with short waits again after a connection that lasted 10 seconds', 10_000, 500],
    ['goes on with longer waits after a shorter one', 9_999, 1_000],
  ])('%s', async (_, lastedMs, waitMs) => {
    const { reconnect, attempts, end } = start();
    await end(lost);
    await pass(500);
    reconnect.opened();
    await pass(lastedMs);
    await end(lost);
    await pass(waitMs - 1);
    expect(attempts.length).toBe(2);
    await pass(1);
    expect(attempts.length).toBe(3);
  });

  it('ends with a final failure', async () => {
    const { world, losses, end } = start();
    await end(final);
    expect([world.outcome, losses]).toEqual([final, []]);
  });

  it('adds the time that the server asks for, and nothing shortens it', async () => {
    const { reconnect, attempts, end } = start();
    await end(busy(5_000));
    reconnect.wake('online');
    await pass(5_499);
    expect(attempts.length).toBe(1);
    await pass(1);
    expect(attempts.length).toBe(2);
  });

  it('tries at once when the network or the user returns', async () => {
    for (const why of ['online', 'visible'] as const) {
      const { reconnect, attempts, end } = start();
      await end(lost);
      reconnect.wake(why);
      await pass(0);
      expect(attempts.length).toBe(2);
    }
  });
});

describe('joining', () => {
  it.each([
    ['as often as it may be retried', lost, 3],
    ['not again where the server asks for more than 30 seconds', busy(30_001), 1],
    ['not again after a final failure', final, 1],
  ])('is tried %s', async (_, failure, tries) => {
    const { attempts, losses, world, end } = start({ isJoining: true });
    while (!world.outcome) {
      await end(failure);
      await pass(20_000);
    }
    expect([attempts.length, losses, world.outcome]).toEqual([tries, [], failure]);
  });
});

describe('an attempt without an answer', () => {
  it.each([
    ['is abandoned when the network is back', 0, 'online', 2],
    ['goes on when the user returns within a second', 1_000, 'visible', 1],
    ['is abandoned when the user returns later', 1_001, 'visible', 2],
  ] as const)('%s', async (_, ageMs, why, tries) => {
    const { reconnect, attempts, losses } = start();
    await pass(ageMs);
    reconnect.wake(why);
    await pass(0);
    expect([attempts.length, losses]).toEqual([tries, []]);
  });

  it('is never abandoned once the server has answered', async () => {
    const { reconnect, attempts } = start();
    reconnect.answered();
    reconnect.wake('online');
    await pass(0);
    expect(attempts.map(({ giveUp }) => giveUp.aborted)).toEqual([false]);
  });
});

describe('a stop', () => {
  it.each(['in an attempt', 'in a wait', 'in a wait that the server asked for'])('ends it %s', async (when) => {
    const { reconnect, attempts, world, end } = start();
    if (when !== 'in an attempt') await end(when === 'in a wait' ? lost : busy(10_000));
    reconnect.stop();
    await pass(0);
    expect([world.outcome, attempts.length, vi.getTimerCount()]).toEqual(['stopped', 1, 0]);
  });
});
