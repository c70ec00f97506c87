import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createThrottle } from '../../src/throttle.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start() {
  const onReady = vi.fn();
  return { throttle: createThrottle(onReady), onReady };
}

describe('the throttle', () => {
  it('lets messages overlap while there is credit, and sends one when there is none', () => {
    const { throttle } = start();
    let sent = 0;
    for (; throttle.maySend(sent) && sent < 100; sent += 1) throttle.sent();
    expect([sent, throttle.maySend(0)]).toEqual([10, true]);
    vi.advanceTimersByTime(200);
    expect(throttle.maySend(sent)).toBe(true);
  });

  it('sends one by one while it is serial, until no message is left', () => {
    const { throttle } = start();
    throttle.serialize();
    expect([throttle.isSerial, throttle.maySend(0), throttle.maySend(1)]).toEqual([true, true, false]);
    throttle.drained();
    expect([throttle.isSerial, throttle.maySend(1)]).toEqual([false, true]);
  });

  it.each([
    ['as long as a refusal asks', (throttle: Throttle) => throttle.rateLimited(400), 400],
    ['a second after a refusal that names no time', (throttle: Throttle) => throttle.rateLimited(), 1_000],
    ['100 ms at least', (throttle: Throttle) => throttle.rateLimited(0), 100],
    ['half a minute at most', (throttle: Throttle) => throttle.rateLimited(3_600_000), 30_000],
    ['a second while the server is unavailable', (throttle: Throttle) => throttle.unavailable(), 1_000],
  ])('pauses %s, and is serial then', (_, refuse, ms) => {
    const { throttle, onReady } = start();
    refuse(throttle);
    vi.advanceTimersByTime(ms - 1);
    expect([throttle.maySend(0), onReady.mock.calls.length]).toEqual([false, 0]);
    vi.advanceTimersByTime(1);
    expect([throttle.maySend(0), throttle.isSerial, onReady.mock.calls.length]).toEqual([true, true, 1]);
  });

  it('keeps the longest of several pauses', () => {
    const { throttle, onReady } = start();
    throttle.rateLimited(400);
    throttle.rateLimited(300);
    vi.advanceTimersByTime(399);
    expect(onReady).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onReady).toHaveBeenCalledTimes(1);
  });

  it('gives up on a server that refuses everything for half a minute', () => {
    const { throttle } = start();
    expect(throttle.rateLimited()).toBe(true);
    vi.advanceTimersByTime(29_000);
    expect(throttle.rateLimited()).toBe(true);
    throttle.accepted();
    vi.advanceTimersByTime(29_000);
    expect(throttle.rateLimited()).toBe(true);
    vi.advanceTimersByTime(30_000);
    expect(throttle.rateLimited()).toBe(false);
  });

  it('leaves no timer behind when it stops', () => {
    const { throttle } = start();
    throttle.unavailable();
    throttle.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

type Throttle = ReturnType<typeof createThrottle>;
