import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TokenRefresh } from '../../src/index.ts';
import { createRenewal } from '../../src/renewal.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (seconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(seconds * 1_000);

/** A token of which the code reads only the expiry. */
const tokenUntil = (exp: unknown): string => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`;
/** The server's clock, which differs from the client's. */
const nowS = 1_000_000;
const at = (seconds: number): string => new Date((nowS + seconds) * 1_000).toISOString();

/** A connection whose token is valid for 100 s. */
function start(getToken: () => Promise<string>, token = tokenUntil(nowS + 100)) {
  const sent: TokenRefresh['msg'][] = [];
  const renewal = createRenewal({ token, nowMs: nowS * 1_000, getToken, send: ({ msg }) => sent.push(msg) });
  return { renewal, sent, tokens: () => sent.map((msg) => msg.token) };
}
const accept = (nonce: string | undefined, goodForS: number) =>
  ({
    type: 'token_refreshed',
    sent_at: at(0),
    msg: { expires_at: at(goodForS), ...(nonce && { nonce }) },
  }) as const;
const refuse = (nonce: string | undefined) =>
  ({ type: 'error', sent_at: at(0), msg: { code: 'invalid_token', detail: 'no', ...(nonce && { nonce }) } }) as const;

describe('a token is renewed', () => {
  it('when most of its lifetime has passed by the server’s clock, and so is its successor', async () => {
    const next = [tokenUntil(1), tokenUntil(2)];
    const { renewal, sent, tokens } = start(async () => next.shift()!);
    await pass(69);
    expect(sent).toEqual([]);
    await pass(12);
    expect(tokens()).toEqual([tokenUntil(1)]);
    expect(renewal.settle(accept(sent[0]!.nonce, 1_000))).toBe(true);
    await pass(690);
    expect(sent).toHaveLength(1);
    await pass(120);
    expect(tokens()).toEqual([tokenUntil(1), tokenUntil(2)]);
  });

  it.each([
    ['there is no other yet', () => Promise.resolve(tokenUntil(nowS + 100))],
    ['none can be had', () => Promise.reject(new Error('offline'))],
  ])('later if %s, some times and not for ever', async (_, answer) => {
    const getToken = vi.fn(answer);
    const { sent } = start(getToken);
    await pass(200);
    expect(sent).toEqual([]);
    expect(getToken.mock.calls.length).toBeGreaterThan(2);
    expect(getToken.mock.calls.length).toBeLessThan(10);
  });

  it('once more if the new one is refused', async () => {
    const next = ['a.b.c', tokenUntil(1)];
    const { renewal, sent, tokens } = start(async () => next.shift()!);
    await pass(81);
    expect(renewal.settle(refuse(sent[0]!.nonce))).toBe(true);
    await pass(16);
    expect(tokens()).toEqual(['a.b.c', tokenUntil(1)]);
  });

  it.each([['text'], [undefined], [null], [nowS - 1]])('never if its expiry is %j', async (exp) => {
    const getToken = vi.fn(async () => 'a.b.c');
    start(getToken, tokenUntil(exp));
    await pass(1_000_000);
    expect(getToken).not.toHaveBeenCalled();
  });

  it('never after the connection has ended, even if the token arrives then', async () => {
    let give: (token: string) => void = () => {};
    const { renewal, sent } = start(() => new Promise((resolve) => (give = resolve)));
    await pass(81);
    renewal.stop();
    give('a.b.c');
    await pass(100);
    expect(sent).toEqual([]);
  });
});

it('ignores answers to other messages', async () => {
  const { renewal, sent } = start(async () => 'a.b.c');
  expect([renewal.settle(accept(undefined, 10)), renewal.settle(refuse('n'))]).toEqual([false, false]);
  await pass(81);
  expect([renewal.settle(refuse(undefined)), renewal.settle(refuse('n'))]).toEqual([false, false]);
  expect(renewal.settle(refuse(sent[0]!.nonce))).toBe(true);
});
