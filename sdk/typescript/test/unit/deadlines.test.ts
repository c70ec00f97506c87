import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeadlines } from '../../src/deadlines.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answerMs = 1_000;
const message = (waitDeadlineMs: number, more: { isUnsettled?: boolean; isPatient?: boolean } = {}) => ({
  ...{ waitDeadlineMs, isUnsettled: false, isPatient: false },
  ...more,
});
type Message = ReturnType<typeof message>;

function start() {
  const expired: Message[] = [];
  const deadlines = createDeadlines<Message>({ answerMs, onExpired: (messages) => expired.push(...messages) });
  return { deadlines, expired };
}

describe('the waiting time of a message', () => {
  it('expires at its deadline, for all messages that share it', () => {
    const { deadlines, expired } = start();
    const [early, same, late] = [message(100), message(100), message(200)];
    deadlines.watch([late, early, same]);
    vi.advanceTimersByTime(99);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual([early, same]);
  });

  it('passes only while the clock runs', () => {
    const { deadlines, expired } = start();
    const waiting = [message(100)];
    vi.advanceTimersByTime(40);
    deadlines.stopClock();
    deadlines.watch(waiting);
    vi.advanceTimersByTime(10_000);
    expect([expired, deadlines.nowMs]).toEqual([[], 40]);
    deadlines.runClock();
    deadlines.watch(waiting);
    vi.advanceTimersByTime(60);
    expect(expired).toEqual(waiting);
  });

  it.each([
    ['never expires for an unsettled message, whose answer time goes on', { isUnsettled: true }, 0],
    ['expires for a patient message, unsettled or not', { isUnsettled: true, isPatient: true }, 1],
  ])('%s', (_, more, count) => {
    const { deadlines, expired } = start();
    deadlines.watch([message(100, more)]);
    vi.advanceTimersByTime(100);
    expect(expired.length).toBe(count);
  });

  it('is no longer watched after a stop, or for messages that left the queue', () => {
    const { deadlines, expired } = start();
    deadlines.watch([message(100)]);
    deadlines.watch([]);
    deadlines.watch([message(Number.POSITIVE_INFINITY)]);
    deadlines.watch([message(100)]);
    deadlines.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(expired).toEqual([]);
  });
});

describe('the answer time of a message', () => {
  it('expires when no answer comes', () => {
    const { deadlines, expired } = start();
    const [answered, silent] = [message(0), message(0)];
    deadlines.sent(answered);
    deadlines.sent(silent);
    deadlines.clear(answered);
    vi.advanceTimersByTime(answerMs);
    expect(expired).toEqual([silent]);
  });

  it('starts over when the server refused the message and it is sent again', () => {
    const { deadlines, expired } = start();
    const refused = message(0);
    deadlines.sent(refused);
    vi.advanceTimersByTime(900);
    deadlines.waits(refused);
    vi.advanceTimersByTime(10_000);
    deadlines.sent(refused);
    vi.advanceTimersByTime(999);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual([refused]);
  });

  it.each([
    ['goes on over the end of the connection', { isUnsettled: true }, 100],
    ['starts over on the next connection for a patient message', { isUnsettled: true, isPatient: true }, answerMs],
  ])('%s', (_, more, leftMs) => {
    const { deadlines, expired } = start();
    const unsettled = message(Number.POSITIVE_INFINITY);
    deadlines.sent(unsettled);
    vi.advanceTimersByTime(900);
    Object.assign(unsettled, more);
    deadlines.waits(unsettled);
    deadlines.sent(unsettled);
    vi.advanceTimersByTime(leftMs - 1);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual([unsettled]);
  });
});
