import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHeartbeat } from '../../src/heartbeat.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start() {
  const [ask, onLost] = [vi.fn(), vi.fn()];
  const world = { isAnswerDue: false };
  const heartbeat = createHeartbeat({
    ...{ intervalMs: 1_000, answerMs: 300, ask, onLost },
    isAnswerDue: () => world.isAnswerDue,
  });
  return { heartbeat, ask, onLost, world };
}

describe('the heartbeat', () => {
  it('sends a probe after an interval of silence, and none while frames arrive', () => {
    const { heartbeat, ask } = start();
    for (let n = 0; n < 10; n += 1) {
      vi.advanceTimersByTime(500);
      heartbeat.received();
    }
    expect(ask).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('counts the connection as lost when no answer to a probe arrives', () => {
    const { onLost } = start();
    vi.advanceTimersByTime(1_299);
    expect(onLost).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onLost).toHaveBeenCalledTimes(1);
  });

  it('counts the connection as lost when no answer to a message arrives', () => {
    const { heartbeat, ask, onLost } = start();
    heartbeat.sent();
    vi.advanceTimersByTime(300);
    expect([ask.mock.calls.length, onLost.mock.calls.length]).toEqual([0, 1]);
  });

  it.each([
    ['restarts the time for an answer with each frame while one is due', true, 1],
    ['waits for nothing once all answers are here', false, 0],
  ])('%s', (_, isAnswerDue, losses) => {
    const { heartbeat, onLost, world } = start();
    world.isAnswerDue = isAnswerDue;
    heartbeat.sent();
    vi.advanceTimersByTime(299);
    heartbeat.received();
    vi.advanceTimersByTime(299);
    expect(onLost).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onLost).toHaveBeenCalledTimes(losses);
  });

  it('sends a probe at once on demand, and no other before the answer', () => {
    const { heartbeat, ask } = start();
    heartbeat.check();
    heartbeat.check();
    expect(ask).toHaveBeenCalledTimes(1);
    heartbeat.received();
    heartbeat.check();
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('leaves no timer behind when it stops', () => {
    const { heartbeat } = start();
    heartbeat.check();
    heartbeat.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
