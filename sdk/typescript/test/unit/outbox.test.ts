import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChatMessageFromClient, ErrorCode, SendOptions } from '../../src/index.ts';
import { createOutbox } from '../../src/outbox.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const timeoutMs = 1_000;

/** Starts an outbox, and records its frames and the outcome of each message. */
function start() {
  const outbox = createOutbox(timeoutMs);
  const sent: ChatMessageFromClient[] = [];
  const ends: string[] = [];
  return {
    outbox,
    sent,
    ends,
    say: (text: string, options?: SendOptions) =>
      outbox.send(text, options).then(
        ({ msg }) => ends.push(`${msg.text} delivered`),
        ({ code }) => ends.push(`${text} ${code}`),
      ),
    open: () => outbox.open((message) => sent.push(message)),
    echo: ({ msg: { text, nonce } }: ChatMessageFromClient) =>
      outbox.settle({ type: 'chat_message', id: '1', sent_at: '', msg: { from_user: 'Me', text, nonce: nonce! } }),
    refuse: ({ msg: { nonce } }: ChatMessageFromClient, code: ErrorCode, retryAfterMs?: number) =>
      outbox.settle({
        type: 'error',
        sent_at: '',
        msg: { code, detail: 'no', nonce: nonce!, ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }) },
      }),
  };
}
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe('a message that waits for the room', () => {
  it('waits 30 seconds, and no longer', async () => {
    const { say, open, sent, ends } = start();
    void say('early');
    await pass(29_000);
    void say('late');
    await pass(1_000);
    expect(ends).toEqual(['early timeout']);
    open();
    expect(sent.map(({ msg }) => msg.text)).toEqual(['late']);
  });

  it('waits as long as the caller says, and its answer time passes only while connected', async () => {
    const { outbox, say, open, echo, sent, ends } = start();
    const forever = { maxWaitMs: Number.POSITIVE_INFINITY };
    void say('1', forever);
    await pass(3_600_000);
    open();
    outbox.suspend();
    await pass(3_600_000);
    void say('2', { maxWaitMs: 100 });
    await pass(100);
    expect(ends).toEqual(['2 timeout']);
    open();
    echo(sent[1]!);
    void say('3', forever);
    await pass(timeoutMs);
    expect(ends).toEqual(['2 timeout', '1 delivered', '3 timeout']);
    expect(new Set(sent.map(({ msg }) => msg.nonce)).size).toBe(2);
  });

  it('goes out one by one with the others, and before later messages', async () => {
    const { say, open, echo, sent, ends } = start();
    void say('1');
    void say('2');
    open();
    void say('3');
    expect(sent.length).toBe(1);
    for (let n = 0; n < 3; n += 1) echo(sent[n]!);
    await pass(0);
    expect(ends).toEqual(['1 delivered', '2 delivered', '3 delivered']);
  });

  it('is refused if a hundred wait already, unsettled ones not counted', async () => {
    const { outbox, say, open, ends } = start();
    open();
    for (let n = 0; n < 200; n += 1) void say(`${n}`);
    outbox.suspend();
    for (let n = 200; n < 301; n += 1) void say(`${n}`);
    await pass(0);
    expect(ends).toEqual(['300 offline_queue_full']);
  });
});

describe('a message that waits for its turn', () => {
  it('is sent again in its place and with its nonce after a rate limit error', async () => {
    const { say, open, echo, refuse, sent, ends } = start();
    void say('1');
    void say('2');
    open();
    refuse(sent[0]!, 'rate_limited');
    await pass(999);
    expect(sent.length).toBe(1);
    await pass(1);
    echo(sent[1]!);
    echo(sent[2]!);
    for (const text of ['3', '4', '5']) void say(text);
    refuse(sent[3]!, 'rate_limited', 400);
    echo(sent[4]!);
    refuse(sent[5]!, 'rate_limited', 300);
    void say('6');
    await pass(399);
    expect(sent.length).toBe(6);
    await pass(1);
    for (const n of [6, 7, 8]) {
      expect(sent.length).toBe(n + 1);
      echo(sent[n]!);
    }
    await pass(0);
    expect(sent.map(({ msg }) => msg.text)).toEqual(['1', '1', '2', '3', '4', '5', '3', '5', '6']);
    expect(sent[6]).toEqual(sent[3]);
    expect(ends).toEqual(['1', '2', '4', '3', '5', '6'].map((text) => `${text} delivered`));
  });

  it('goes out while few others are unanswered, and waits as long as it takes', async () => {
    const { say, open, echo, sent, ends } = start();
    open();
    for (let n = 0; n < 300; n += 1) void say(`${n}`);
    expect(sent.length).toBe(10);
    for (let n = 0; n < 300; n += 1) {
      // Each answer is in time. All of them together take longer than a message may be in flight or wait for the room.
      await pass(n < 10 ? 0 : 150);
      echo(sent[n]!);
    }
    await pass(0);
    expect(ends).toEqual(Array.from({ length: 300 }, (_, n) => `${n} delivered`));
    expect(sent.length).toBe(300);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is rejected if the server accepts nothing for half a minute, however short the pauses it asks for', async () => {
    const { outbox, open, refuse, sent } = start();
    open();
    const refusal = outbox.send('1').catch((error) => error);
    let refusals = 0;
    for (let ms = 0; ms < 31_000; ms += 50) {
      if (sent.length > refusals) {
        refuse(sent[refusals]!, 'rate_limited', 0);
        refusals += 1;
      }
      await pass(50);
    }
    expect(await refusal).toMatchObject({ code: 'rate_limited', retryAfterMs: 0 });
    // The pause is at least 100 ms, even if the server asks for less.
    expect(refusals).toBeLessThanOrEqual(301);
    expect(refusals).toBeGreaterThan(30);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  it('is rejected while the server is unavailable, and sent again if it waited for the room', async () => {
    const { say, open, refuse, sent, ends } = start();
    void say('1');
    open();
    refuse(sent[0]!, 'unavailable');
    for (let s = 1; s < 30; s += 1) {
      await pass(1_000);
      refuse(sent[s]!, 'unavailable');
    }
    expect(ends).toEqual([]);
    await pass(1_000);
    refuse(sent[30]!, 'unavailable');
    await pass(1_000);
    expect(ends).toEqual(['1 timeout']);
    void say('2');
    refuse(sent.at(-1)!, 'unavailable');
    await pass(0);
    expect(ends).toEqual(['1 timeout', '2 unavailable']);
  });

  it('is refused if eleven hundred are unanswered', async () => {
    const { say, open, echo, sent, ends } = start();
    open();
    for (let n = 0; n < 1_101; n += 1) void say(`${n}`);
    await pass(0);
    expect([sent.length, ends]).toEqual([10, ['1100 offline_queue_full']]);
    for (let n = 0; n < 10; n += 1) echo(sent[n]!);
    expect(sent.length).toBe(11);
  });
});

describe('an answer', () => {
  it('carries the caller’s nonce, which is refused if it is in use or too long', async () => {
    const { say, open, echo, sent, ends } = start();
    open();
    const nonce = '😀'.repeat(64);
    void say('1', { nonce });
    void say('2', { nonce });
    for (const bad of ['', `${nonce}x`, 7, null]) void say(`${bad && 'bad'}`, { nonce: bad as string });
    await pass(0);
    expect(sent.map(({ msg }) => msg.nonce)).toEqual([nonce, expect.stringMatching(/^[0-9a-f]{32}$/)]);
    echo(sent[0]!);
    await pass(0);
    void say('3', { nonce });
    expect(sent.at(-1)?.msg).toEqual({ text: '3', nonce });
    expect(ends).toEqual([
      '2 invalid_message',
      ' invalid_message',
      'bad invalid_message',
      'bad invalid_message',
      '1 delivered',
    ]);
  });

  it('is awaited until the timeout, and then the next message goes out', async () => {
    const { say, open, sent, ends } = start();
    void say('1');
    void say('2');
    open();
    await pass(timeoutMs);
    expect([ends, sent.length]).toEqual([['1 timeout'], 2]);
  });

  it('is not taken from a message of another user, or one without a nonce', async () => {
    const { outbox, say, open, sent, ends } = start();
    open();
    void say('1');
    for (const nonce of ['guess', undefined]) {
      const msg = { from_user: 'Mallory', text: '1', ...(nonce && { nonce }) };
      outbox.settle({ type: 'chat_message', id: '1', sent_at: '', msg });
    }
    await pass(0);
    expect([ends, sent[0]!.msg.nonce!.length]).toEqual([[], 32]);
  });
});

describe('a message in flight when the connection ends', () => {
  it('waits, and is rejected if missed messages are not recovered', async () => {
    const { outbox, say, open, echo, sent, ends } = start();
    void say('1');
    void say('2');
    open();
    outbox.suspend();
    await pass(0);
    expect([ends, outbox.hasUnsettled(), outbox.hasInFlight()]).toEqual([[], true, false]);
    outbox.rejectUnsettled();
    await pass(0);
    expect([ends, outbox.hasUnsettled()]).toEqual([['1 connection_lost'], false]);
    open();
    echo(sent[1]!);
    await pass(0);
    expect(sent.map(({ msg }) => msg.text)).toEqual(['1', '2']);
    expect(ends).toEqual(['1 connection_lost', '2 delivered']);
  });

  it('is sent again with its nonce, before messages that wait or come later', async () => {
    const { outbox, say, open, echo, sent, ends } = start();
    open();
    for (const text of ['1', '2', '3', '4']) void say(text);
    echo(sent[0]!);
    outbox.suspend();
    void say('5');
    // The missed messages settle it.
    echo(sent[1]!);
    open();
    void say('6');
    for (let n = 4; n < 8; n += 1) {
      expect(sent.length).toBe(n + 1);
      echo(sent[n]!);
    }
    await pass(0);
    expect(sent.slice(4).map(({ msg }) => msg.text)).toEqual(['3', '4', '5', '6']);
    expect(sent.slice(4, 6)).toEqual(sent.slice(2, 4));
    expect(new Set(sent.map(({ msg }) => msg.nonce)).size).toBe(6);
    expect(ends).toEqual(['1', '2', '3', '4', '5', '6'].map((text) => `${text} delivered`));
  });

  it('keeps its place over several connections', async () => {
    const { outbox, say, open, echo, sent, ends } = start();
    open();
    for (const text of ['1', '2', '3']) void say(text);
    outbox.suspend();
    void say('4');
    open();
    outbox.suspend();
    open();
    for (let n = 4; n < 8; n += 1) echo(sent[n]!);
    await pass(0);
    expect(sent.map(({ msg }) => msg.text)).toEqual(['1', '2', '3', '1', '1', '2', '3', '4']);
    expect(ends).toEqual(['1 delivered', '2 delivered', '3 delivered', '4 delivered']);
  });

  it.each(['rate_limited', 'unavailable'] as const)(
    'is sent once more after it was sent again and is %s',
    async (code) => {
      const { outbox, say, open, echo, refuse, sent, ends } = start();
      open();
      void say('1');
      outbox.suspend();
      void say('2');
      await pass(timeoutMs / 2);
      open();
      refuse(sent[1]!, code);
      expect([outbox.hasUnsettled(), outbox.hasInFlight()]).toEqual([true, false]);
      // Its deadline stays.
      await pass(timeoutMs / 2);
      expect(ends).toEqual(['1 timeout']);
      await pass(500);
      echo(sent[2]!);
      await pass(0);
      expect(sent.map(({ msg }) => msg.text)).toEqual(['1', '1', '2']);
      expect(ends).toEqual(['1 timeout', '2 delivered']);
    },
  );

  it('is rejected with the code of a final refusal', async () => {
    const { outbox, say, open, refuse, sent, ends } = start();
    open();
    void say('1');
    void say('2');
    outbox.suspend();
    open();
    refuse(sent[2]!, 'invalid_message');
    await pass(0);
    expect([ends, sent.at(-1)?.msg.text]).toEqual([['1 invalid_message'], '2']);
  });

  it.each(['sent again', 'not sent again'])('is rejected when its time is over, %s', async (how) => {
    const { outbox, say, open, ends } = start();
    open();
    void say('1');
    await pass(400);
    outbox.suspend();
    await pass(400);
    if (how === 'sent again') open();
    await pass(199);
    expect(ends).toEqual([]);
    await pass(1);
    expect([ends, outbox.hasUnsettled(), vi.getTimerCount()]).toEqual([['1 timeout'], false, 0]);
  });
});

describe('a closed outbox', () => {
  it('rejects every message', async () => {
    const { outbox, say, open, ends } = start();
    open();
    void say('1');
    outbox.suspend();
    void say('2');
    outbox.close();
    void say('3');
    await pass(0);
    expect(ends).toEqual(['1 connection_lost', '2 closed', '3 closed']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
