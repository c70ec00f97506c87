import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat } from '../../../src/chat/heartbeat.ts';

const intervalMs = 30_000;
beforeEach(() => {
  vi.useFakeTimers();
  // The clock of a running process is never 0.
  vi.advanceTimersByTime(1);
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A heartbeat whose first ping comes after one whole interval, and a record of its calls. */
function startHeartbeat({ expiresInMs = 3_600_000 } = {}) {
  const calls: string[] = [];
  const webSocket = { ping: () => void calls.push('ping'), isPaused: false };
  const queue = { isMoving: false, isStalled: false };
  const heartbeat = new Heartbeat(webSocket, {
    intervalMs,
    queue,
    onStalled: () => void calls.push('stalled'),
    onDead: () => void calls.push('dead'),
    onExpired: () => void calls.push('expired'),
  });
  heartbeat.keepUntil(Date.now() + expiresInMs);
  return { heartbeat, webSocket, queue, calls };
}

describe('pings', () => {
  it('are sent once an interval to a client that answers', () => {
    const { heartbeat, calls } = startHeartbeat();
    for (let n = 1; n <= 4; n += 1) {
      vi.advanceTimersByTime(intervalMs);
      heartbeat.hear();
    }
    expect(calls).toEqual(['ping', 'ping', 'ping', 'ping']);
  });

  it.each([
    [0, 15_000],
    [0.5, 22_500],
    [1, 30_000],
  ])('begin after a random part of the interval: with %f after %d ms', (random, waitMs) => {
    vi.mocked(Math.random).mockReturnValue(random);
    const { calls } = startHeartbeat();
    vi.advanceTimersByTime(waitMs - 1);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual(['ping']);
  });

  it('stop once the heartbeat is stopped', () => {
    const { heartbeat, calls } = startHeartbeat();
    heartbeat.stop();
    vi.advanceTimersByTime(10 * intervalMs);
    expect([calls, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

describe('a connection', () => {
  it('is dead if a ping has had no answer for an interval', () => {
    const { calls } = startHeartbeat();
    vi.advanceTimersByTime(10 * intervalMs);
    expect(calls).toEqual(['ping', 'dead']);
  });

  it('stays open while its client reads the queue, and gets no second ping', () => {
    const { queue, calls } = startHeartbeat();
    queue.isMoving = true;
    vi.advanceTimersByTime(5 * intervalMs);
    expect(calls).toEqual(['ping']);
    queue.isMoving = false;
    vi.advanceTimersByTime(intervalMs);
    expect(calls).toEqual(['ping', 'dead']);
  });

  it('is a slow consumer if the socket takes nothing of the queue', () => {
    const { queue, calls } = startHeartbeat();
    queue.isStalled = true;
    vi.advanceTimersByTime(10 * intervalMs);
    expect(calls).toEqual(['stalled']);
  });

  it.each([
    { askedBeforeMs: 14_999, want: [] },
    { askedBeforeMs: 15_001, want: ['dead'] },
  ])('asked $askedBeforeMs ms before a beat has at least half an interval to answer', ({ askedBeforeMs, want }) => {
    const { heartbeat, calls } = startHeartbeat();
    vi.advanceTimersByTime(intervalMs - askedBeforeMs);
    heartbeat.ask(() => {});
    vi.advanceTimersByTime(askedBeforeMs);
    expect(calls).toEqual(['ping', ...want]);
  });
});

describe('the end of a token', () => {
  it('is called at its time, between two pings', () => {
    const { heartbeat, calls } = startHeartbeat({ expiresInMs: 2.5 * intervalMs });
    vi.advanceTimersByTime(intervalMs);
    heartbeat.hear();
    vi.advanceTimersByTime(intervalMs);
    heartbeat.hear();
    vi.advanceTimersByTime(intervalMs / 2 - 1);
    expect(calls).toEqual(['ping', 'ping']);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual(['ping', 'ping', 'expired']);
  });

  it('is called at once if it has passed', () => {
    const { calls } = startHeartbeat({ expiresInMs: -1_000 });
    vi.advanceTimersByTime(0);
    expect(calls).toEqual(['expired']);
  });

  it('moves with a new token, and there is still one timer', () => {
    const { heartbeat, calls } = startHeartbeat({ expiresInMs: 10_000 });
    vi.advanceTimersByTime(9_000);
    heartbeat.keepUntil(Date.now() + 3_600_000);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(intervalMs);
    expect(calls).toEqual(['ping']);
  });
});

describe('a client that is pinged on demand', () => {
  it('is pinged once for several checks, which all get the answer', () => {
    const { heartbeat, calls } = startHeartbeat();
    expect(heartbeat.ask(() => void calls.push('first'))).toBe(0);
    vi.advanceTimersByTime(700);
    expect(heartbeat.ask(() => void calls.push('second'))).toBe(700);
    expect(calls).toEqual(['ping']);
    heartbeat.hear();
    heartbeat.hear();
    expect(calls).toEqual(['ping', 'first', 'second']);
  });

  it.each<[name: string, prepare: (parts: ReturnType<typeof startHeartbeat>) => void]>([
    ['reads what waits', ({ queue }) => (queue.isMoving = true)],
    ['has sent frames that nobody has read', ({ webSocket }) => (webSocket.isPaused = true)],
    ['has left', ({ heartbeat }) => heartbeat.stop()],
  ])('is not pinged if it %s', (_, prepare) => {
    const started = startHeartbeat();
    prepare(started);
    const { heartbeat, calls } = started;
    expect(heartbeat.ask(() => void calls.push('sign'))).toBe(0);
    expect(calls).toEqual(['sign']);
  });

  it('is dead if the caller of the check drops it', () => {
    const { heartbeat, calls } = startHeartbeat();
    heartbeat.drop();
    expect(calls).toEqual(['dead']);
  });
});
