import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ChatMessage, PalaverError, type PalaverErrorCode } from '../../src/index.ts';
import { createPublisher } from '../../src/publisher.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(2_000);

const frame = (id: string): ChatMessage => ({
  ...{ type: 'chat_message', id, sent_at: '' },
  msg: { from_user: 'Me', text: id, nonce: id },
});
const failure = (code: PalaverErrorCode, status?: number, retryAfterMs?: number): PalaverError =>
  new PalaverError(code, 'It failed.', { ...(status !== undefined && { status }), retryAfterMs });

/** A publisher whose requests the test answers in order, and its effects as texts. */
function start(answers: readonly (ChatMessage | PalaverError)[]) {
  const asked: string[] = [];
  const log: string[] = [];
  let position = '';
  const publisher = createPublisher({
    publish: async ({ text }) => {
      asked.push(text);
      const answer = answers[asked.length - 1]!;
      if (answer instanceof PalaverError) throw answer;
      return answer;
    },
    hasReached: (id) => id <= position,
    onConfirmed: ({ id }) => log.push(`confirmed ${id}`),
    onRefused: ({ msg: { code, nonce, retry_after_ms } }) => log.push(`${code} ${nonce} ${retry_after_ms}`),
    onAnswered: () => {},
    onEnded: ({ code, next }) => log.push(`ended ${code} ${next}`),
  });
  return {
    publisher,
    asked,
    log,
    send: (...nonces: string[]) => nonces.forEach((nonce) => void publisher.send({ text: nonce, nonce })),
    reach: (id: string) => {
      position = id;
      publisher.reached();
    },
  };
}

describe('the publisher', () => {
  it('publishes one message after the other, and confirms each when the stream has shown it', async () => {
    const { send, asked, log, reach } = start([frame('1'), frame('2')]);
    send('1', '2');
    expect(asked).toEqual(['1']);
    await settled();
    expect([asked, log]).toEqual([['1', '2'], []]);
    reach('1');
    expect(log).toEqual(['confirmed 1']);
    reach('3');
    expect(log).toEqual(['confirmed 1', 'confirmed 2']);
  });

  it('confirms at once what the stream has shown before, as after a repeat', async () => {
    const { send, log, reach } = start([frame('1')]);
    reach('1');
    send('1');
    await settled();
    expect(log).toEqual(['confirmed 1']);
  });

  it('confirms what the server has confirmed if the stream ends before it shows it', async () => {
    const { send, log, publisher } = start([frame('1')]);
    send('1');
    await settled();
    publisher.stop();
    expect(log).toEqual(['confirmed 1']);
  });

  it('refuses all waiting messages as too frequent, so that none overtakes another', async () => {
    const { send, asked, log } = start([failure('rate_limited', 429, 3_000)]);
    send('1', '2', '3');
    await settled();
    expect([asked, log]).toEqual([['1'], ['1', '2', '3'].map((nonce) => `rate_limited ${nonce} 3000`)]);
  });

  it.each([
    [failure('invalid_body', 400), 'invalid_message'],
    [failure('body_too_large', 413), 'invalid_message'],
    [failure('unavailable', 503), 'unavailable'],
    [failure('connection_failed', 502), 'unavailable'],
    [failure('name_in_use', 409), 'name_in_use'],
  ])('refuses a message, and publishes the next one', async (error, code) => {
    const { send, log } = start([error, frame('2')]);
    send('1', '2');
    await settled();
    expect(log).toEqual([`${code} 1 undefined`]);
  });

  it('tries a message three times if nobody answers, and then gives up the connection', async () => {
    const lost = failure('connection_failed');
    const once = start([lost, failure('timeout'), frame('1')]);
    once.send('1');
    await settled();
    expect([once.asked, once.log]).toEqual([['1', '1', '1'], []]);
    const { send, asked, log } = start([lost, lost, lost]);
    send('1');
    await settled();
    expect([asked, log]).toEqual([['1', '1', '1'], ['ended connection_failed reconnect']]);
  });

  it.each([
    [failure('invalid_token', 401), 'ended invalid_token new_token'],
    [failure('user_disabled', 403), 'ended user_disabled stop'],
  ])('ends the connection if the server refuses the token', async (error, ended) => {
    const { send, log } = start([error]);
    send('1');
    await settled();
    expect(log).toEqual([ended]);
  });

  it('publishes nothing once it was stopped', async () => {
    const { send, asked, publisher } = start([failure('connection_failed')]);
    send('1', '2');
    await vi.advanceTimersByTimeAsync(0);
    publisher.stop();
    await settled();
    expect([asked, vi.getTimerCount()]).toEqual([['1'], 0]);
  });
});
