import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ended, endedBy } from '../../src/ended.ts';
import { type Credentials, PalaverError } from '../../src/index.ts';
import { createTokenSource } from '../../src/token-source.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const { signal } = new AbortController();
const lost: Ended = endedBy(new PalaverError('connection_lost', 'The connection ended.'));
const refused: Ended = endedBy(new PalaverError('invalid_token', 'The token has expired.', { status: 401 }));

/** Runs one connection after the other with the source's tokens. Each ends as the test says, and is recorded. */
async function run(credentials: Credentials, ...endings: Ended[]) {
  const source = createTokenSource(credentials, 1_000);
  const tokens: string[] = [];
  const outcomes: string[] = [];
  for (const ending of endings) {
    const { code, next } = await source.use(async (token) => {
      tokens.push(token);
      return ending;
    }, signal);
    outcomes.push(`${code} ${next}`);
  }
  return { source, tokens, outcomes };
}

describe('the token source', () => {
  it('gives each connection a new token, without surrounding white space', async () => {
    const given = [' a.b.1\n', 'a.b.2'];
    const { tokens, outcomes } = await run({ getToken: () => given.shift()! }, lost, lost);
    expect([tokens, outcomes]).toEqual([
      ['a.b.1', 'a.b.2'],
      ['connection_lost reconnect', 'connection_lost reconnect'],
    ]);
  });

  it('stops when the server refuses the only token', async () => {
    expect((await run({ token: 'a.b.c' }, lost, refused)).outcomes).toEqual([
      'connection_lost reconnect',
      'invalid_token stop',
    ]);
  });

  it('asks for another token once, and stops when that is refused, too', async () => {
    let asked = 0;
    const { tokens, outcomes } = await run({ getToken: () => `a.b.${++asked}` }, refused, refused);
    expect([tokens, outcomes]).toEqual([
      ['a.b.1', 'a.b.2'],
      ['invalid_token new_token', 'invalid_token stop'],
    ]);
  });

  it('stops without a connection if getToken returns the refused token again', async () => {
    const { tokens, outcomes } = await run({ getToken: () => 'a.b.c' }, refused, lost);
    expect([tokens, outcomes]).toEqual([['a.b.c'], ['invalid_token new_token', 'invalid_token stop']]);
  });

  it('counts refusals from zero after the server has accepted a token', async () => {
    let asked = 0;
    const source = createTokenSource({ getToken: () => `a.b.${++asked}` }, 1_000);
    const next = async (): Promise<string> => (await source.use(async () => refused, signal)).next;
    expect(await next()).toBe('new_token');
    source.accepted();
    expect([await next(), await next()]).toEqual(['new_token', 'stop']);
  });

  const failures: [name: string, getToken: () => unknown, code: string, next: string][] = [
    ['throws', () => Promise.reject(new TypeError('offline')), 'connection_failed', 'reconnect'],
    ['is refused by the server', () => Promise.reject(refused.error), 'invalid_token', 'stop'],
    ['returns no string', () => 5, 'invalid_token', 'stop'],
    ['returns an empty string', () => '', 'invalid_token', 'stop'],
    ['never answers', () => new Promise(() => {}), 'timeout', 'reconnect'],
  ];
  it.each(failures)('makes no connection if getToken %s', async (_, getToken, code, next) => {
    const connect = vi.fn();
    const using = createTokenSource({ getToken: getToken as () => string }, 1_000).use(connect, signal);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([await using, connect.mock.calls]).toMatchObject([{ code, next }, []]);
  });
});
