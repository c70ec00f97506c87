import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { closeCodes } from '../../../generated/chat/index.ts';
import { createChatCounts } from '../../../src/chat/counts.ts';
import { Replies } from '../../../src/chat/replies.ts';
import { textsIn } from '../../harness/fan-out.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function startReplies() {
  const sent: { type: string; msg: Record<string, unknown> }[] = [];
  const finished: number[] = [];
  const noted: unknown[][] = [];
  const counts = createChatCounts();
  const replies = new Replies({
    roomSession: { reply: (bytes) => void sent.push(...textsIn(bytes).map((text) => JSON.parse(text))) },
    counts,
    note: (...line) => void noted.push(line),
    finish: (code) => void finished.push(code),
  });
  return { replies, sent, finished, noted, counts };
}

describe('an invalid frame', () => {
  it('is answered with its error and nonce, counted and logged', () => {
    const { replies, sent, noted, counts } = startReplies();
    replies.refuse({ code: 'malformed_json', detail: 'The frame is not JSON.', nonce: 'n' });
    expect(sent).toMatchObject([
      { type: 'error', msg: { code: 'malformed_json', detail: 'The frame is not JSON.', nonce: 'n' } },
    ]);
    expect([counts.refused.malformed_json, counts.sent.error]).toEqual([1, 1]);
    expect(noted).toEqual([['frame_refused', { code: 'malformed_json' }]]);
  });
});

describe('a client', () => {
  const invalid = { code: 'unknown_type', detail: '' } as const;
  it.each<[name: string, capacity: number, refillMs: number, act: (replies: Replies) => void]>([
    ['invalid frames', 20, 1_000, (replies) => replies.refuse(invalid)],
    ['frames above the rate limit', 200, 100, (replies) => replies.slowDown(500, 'n')],
  ])('is closed with 1008 for too many %s, and not before', (_, capacity, refillMs, act) => {
    const { replies, sent, finished } = startReplies();
    for (let n = 0; n < capacity; n += 1) act(replies);
    expect([sent.length, finished]).toEqual([capacity, []]);
    vi.advanceTimersByTime(refillMs);
    act(replies);
    expect([sent.length, finished]).toEqual([capacity + 1, []]);
    act(replies);
    expect([sent.length, finished]).toEqual([capacity + 1, [closeCodes.policy]]);
  });

  it('may send invalid frames and frames above the rate limit each up to their own limit', () => {
    const { replies, finished } = startReplies();
    for (let n = 0; n < 20; n += 1) replies.refuse(invalid);
    for (let n = 0; n < 200; n += 1) replies.slowDown(500);
    expect(finished).toEqual([]);
  });

  it('above the rate limit learns when it may send again', () => {
    const { replies, sent } = startReplies();
    replies.slowDown(750, 'n');
    expect(sent).toMatchObject([{ type: 'error', msg: { code: 'rate_limited', retry_after_ms: 750, nonce: 'n' } }]);
  });
});
