import { describe, expect, it, vi } from 'vitest';
import { createAttemptLimit } from '../../../src/limits/attempts.ts';
import { request } from '../../harness/http.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';

describe('attempts', () => {
  it('are allowed again after a minute', async () => {
    vi.useFakeTimers();
    try {
      const count = createAttemptLimit(2);
      await count('a', 'x@y.z');
      await count('a', 'x@y.z');
      vi.advanceTimersByTime(20_500);
      expect(await count('a', 'x@y.z')).toBe(40);
      vi.advanceTimersByTime(39_500);
      expect(await count('a', 'x@y.z')).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  it('from a blocked network do not count against the e-mail address', async () => {
    const count = createAttemptLimit(2);
    for (let n = 0; n < 50; n += 1) await count('a', n < 2 ? 'other@y.z' : 'x@y.z');
    expect(await count('b', 'x@y.z')).toBeUndefined();
  });

  it('for one e-mail address count from every network, in any spelling', async () => {
    const count = createAttemptLimit(1);
    expect(await count('a', 'X@y.z')).toBeUndefined();
    expect(await count('b', 'x@Y.Z')).toBeTypeOf('number');
  });
});

describe('behind a proxy that names clients', () => {
  const attempt = async (server: TestServer, entry: string, email: string): Promise<number> => {
    const headers = { 'X-Forwarded-For': `198.51.100.1, ${entry}` };
    return (await request(server, 'POST', '/login', { json: { email, password: 'wrong one' }, headers })).status;
  };

  it.each(['203.0.113.N', '203.0.113.N:4915N', '[2001:db8:0:N::1]:49152', '[2001:db8:0:N::1]', '::ffff:203.0.113.N'])(
    '%s counts as an address of its own',
    async (entry) => {
      await using server = await startTestServer({ env: { TRUST_PROXY: '1', RATE_LIMIT_LOGIN: '2' } });
      for (let n = 1; n <= 4; n += 1)
        expect(await attempt(server, entry.replaceAll('N', String(n)), `${n}@example.com`)).toBe(401);
      const first = entry.replaceAll('N', '1');
      expect([await attempt(server, first, 'a@example.com'), await attempt(server, first, 'b@example.com')]).toEqual([
        401, 429,
      ]);
    },
  );

  it('counts a client without a valid address as the proxy, and logs that once', async () => {
    const lines: string[] = [];
    const onLogLine = (line: string): void => void lines.push(line);
    const env = { TRUST_PROXY: '1', RATE_LIMIT_LOGIN: '2', LOG_LEVEL: 'warn' };
    await using server = await startTestServer({ env, onLogLine });
    const statuses = [];
    for (let n = 1; n <= 3; n += 1) statuses.push(await attempt(server, `unknown-${n}`, `${n}@example.com`));
    expect(statuses).toEqual([401, 401, 429]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ event: 'forwarded_unread', entry: 'unknown-1' }]);
  });
});

describe('the user routes', () => {
  const password = 'correct horse';
  const login = (server: TestServer, email: string, forwarded?: string) =>
    request(server, 'POST', '/login', { json: { email, password }, headers: { 'X-Forwarded-For': forwarded } });

  it('answer one attempt too many with 429 and Retry-After, whether the password is right or wrong', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_LOGIN: '2', RATE_LIMIT_SIGNUP: '1' } });
    const json = { email: 'ann@example.com', username: 'Ann', password };
    expect((await request(server, 'POST', '/createUser', { json })).status).toBe(201);
    expect((await request(server, 'POST', '/createUser', { json })).json.code).toBe('too_many_attempts');
    expect((await login(server, 'ann@example.com')).status).toBe(200);
    expect((await login(server, 'nobody@example.com')).status).toBe(401);
    const { status, headers } = await login(server, 'ann@example.com');
    const waitS = Number(headers['retry-after']);
    expect([status, waitS > 0 && waitS <= 60]).toEqual([429, true]);
  });

  it('ignore X-Forwarded-For without TRUST_PROXY', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_LOGIN: '2' } });
    const statuses = [];
    for (const n of [1, 2, 3]) statuses.push((await login(server, `${n}@example.com`, `192.0.2.${n}`)).status);
    expect(statuses).toEqual([401, 401, 429]);
  });

  it('read as many entries of X-Forwarded-For as TRUST_PROXY says, from the right', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_LOGIN: '1', TRUST_PROXY: '2' } });
    const from = async (forwarded: string) => (await login(server, `${Math.random()}@example.com`, forwarded)).status;
    expect(await from('192.0.2.1, 10.0.0.1')).toBe(401);
    expect(await from('192.0.2.2, 10.0.0.1')).toBe(401);
    expect(await from('203.0.113.9, 192.0.2.1, 10.0.0.1')).toBe(429);
    expect(await from('no address, 10.0.0.1')).toBe(401);
    expect(await from('no address either, 10.0.0.1')).toBe(429);
  });
});
