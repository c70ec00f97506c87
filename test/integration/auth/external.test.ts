import { describe, expect, it } from 'vitest';
import { connect, handshake } from '../../harness/chat.ts';
import { request } from '../../harness/http.ts';
import { exchange } from '../../harness/raw.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint, nowS } from '../../harness/tokens.ts';
import { startIssuer, verifierOf } from '../../unit/auth/issuer.ts';

describe('a server with an external issuer', () => {
  it('follows the key rotation of its issuer during a chat', async () => {
    const issuer = await startIssuer();
    let nowMs = 0;
    const verify = verifierOf(issuer, { now: () => nowMs });
    await using server = await startTestServer({ env: issuer.env, verify });
    const igor = await connect(server, { token: await issuer.sign('k1') });
    await igor.next('user_joined');
    expect(issuer.asked()).toBe(1);
    await issuer.addKey('k2', 'RS256');
    const old = issuer.sign('k1');
    issuer.removeKey('k1');
    nowMs += 30_000;
    const bob = await connect(server, { token: await issuer.sign('k2', { id: '2', username: 'Bob' }) });
    expect(await bob.next()).toMatchObject({ type: 'users_online', msg: { list: ['Igor'] } });
    igor.say('Did you see anything?');
    await bob.next('chat_message');
    expect(igor.frames.map(({ type }) => type)).toEqual(['users_online', 'user_joined', 'user_joined', 'chat_message']);
    const withdrawn = await handshake(server, { token: await old });
    expect([withdrawn.status, withdrawn.json.code]).toEqual([401, 'invalid_token']);
    await Promise.all([igor.close(), bob.close()]);
  });

  it('answers 503 if the issuer is unavailable, and 401 if it does not have the key', async () => {
    const issuer = await startIssuer();
    const token = await issuer.sign('k1');
    issuer.behave((response) => response.destroy());
    await using server = await startTestServer({ env: issuer.env });
    const away = await handshake(server, { token });
    expect([away.status, away.json.code]).toEqual([503, 'issuer_unavailable']);
    const foreign = await handshake(server, { token: await mint({ id: '1', username: 'Igor' }) });
    expect([foreign.status, foreign.json.code]).toEqual([401, 'invalid_token']);
  });

  it('has no user routes, in the served contract either', async () => {
    const issuer = await startIssuer();
    await using server = await startTestServer({ env: issuer.env });
    const user = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };
    for (const path of ['/createUser', '/login']) {
      for (const method of ['POST', 'GET']) {
        // Such a server serves only a part of the contract, so the answer is not recorded as an operation.
        const response = await fetch(`http://${server.host}:${server.port}${path}`, {
          method,
          ...(method === 'POST' && { body: JSON.stringify(user), headers: { 'content-type': 'application/json' } }),
        });
        expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([404, 'not_found']);
      }
    }
    expect((await request(server, 'GET', '/readyz')).status).toBe(200);
    const served = (await (await fetch(`http://${server.host}:${server.port}/openapi.json`)).json()) as Record<
      string,
      Record<string, unknown>
    >;
    expect(Object.keys(served.paths!)).not.toContain('/login');
    expect(Object.keys(served.paths!)).toContain('/join');
    expect(JSON.stringify(served)).not.toMatch(/CreateUserRequest|"Users"/);
  });

  it('answers an oversized token with a declared status', async () => {
    await using server = await startTestServer();
    const head = `GET /join HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'a'.repeat(20_000)}\r\n\r\n`;
    expect((await exchange(server, [head], { method: 'GET', path: '/join' })).status).toBe(431);
    const large = await handshake(server, { token: 'a.b.c'.padEnd(12_000, 'x') });
    expect([large.status, large.json.code]).toEqual([401, 'invalid_token']);
  });
});

describe('a server whose issuer cannot be reached', () => {
  const linesOf = (lines: readonly string[], ...events: string[]) =>
    lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ event }) => events.includes(String(event)));

  it('is ready only after it has fetched keys, logs that once, and stays ready without its issuer', async () => {
    const issuer = await startIssuer();
    issuer.behave((response) => response.writeHead(404).end());
    const lines: string[] = [];
    await using server = await startTestServer({
      env: { ...issuer.env, LOG_LEVEL: 'info' },
      onLogLine: (line) => lines.push(line),
    });
    const away = await request(server, 'GET', '/readyz');
    expect([away.status, away.json.code, away.json.detail]).toEqual([
      503,
      'issuer_unavailable',
      'The keys of JWKS_URL cannot be fetched.',
    ]);
    await expect.poll(() => issuer.asked(), { timeout: 10_000 }).toBeGreaterThan(0);
    issuer.behave();
    await expect.poll(async () => (await request(server, 'GET', '/readyz')).status, { timeout: 10_000 }).toBe(200);
    expect(linesOf(lines, 'issuer_unavailable', 'issuer_back')).toMatchObject([
      { event: 'issuer_unavailable', level: 40, err: { message: 'The issuer answered 404' } },
      { event: 'issuer_back' },
    ]);
    issuer.behave((response) => response.destroy());
    expect((await request(server, 'GET', '/readyz')).status).toBe(200);
  });

  it('defers tokens of an unknown key with Retry-After', async () => {
    const issuer = await startIssuer();
    let nowMs = 0;
    const verify = verifierOf(issuer, { now: () => nowMs });
    await using server = await startTestServer({ env: issuer.env, verify });
    await verify(await issuer.sign('k1'));
    await issuer.addKey('k2');
    const token = await issuer.sign('k2');
    nowMs += 10_000;
    const { status, headers, json } = await handshake(server, { token });
    expect([status, json.code, headers['retry-after']]).toEqual([503, 'issuer_unavailable', '20']);
    const page = await request(server, 'GET', '/messages', { headers: { authorization: `Bearer ${token}` } });
    expect([page.status, page.json.code, page.headers['retry-after']]).toEqual([503, 'issuer_unavailable', '20']);
  });
});

describe('why a token is refused', () => {
  it('is logged for requests, handshakes and token_refresh, with the expected value and without the token', async () => {
    const issuer = await startIssuer();
    const other = await startIssuer();
    const lines: string[] = [];
    const env = { ...issuer.env, LOG_LEVEL: 'debug' };
    await using server = await startTestServer({ env, onLogLine: (line) => lines.push(line) });
    const soon = nowS() + 600;
    const tries: [token: string, refusal: object][] = [
      [
        await issuer.sign('k1', { aud: 'account' }),
        { reason: 'claim_wrong', claim: 'aud', expected: 'palaver', got: '"account"' },
      ],
      [
        await issuer.sign('k1', { iss: `${issuer.url}/` }),
        { reason: 'claim_wrong', claim: 'iss', expected: issuer.url },
      ],
      [await issuer.sign('k1', { aud: undefined }), { reason: 'claim_missing', claim: 'aud' }],
      [await issuer.sign('k1', { exp: soon - 3_600 }), { reason: 'expired', claim: 'exp', got: String(soon - 3_600) }],
      [await issuer.sign('k1', { exp: undefined }), { reason: 'claim_missing', claim: 'exp' }],
      [await issuer.sign('k1', { nbf: soon }), { reason: 'not_yet_valid', claim: 'nbf', got: String(soon) }],
      [await issuer.sign('k1', { id: 42 }), { reason: 'claim_wrong', claim: 'id' }],
      [await issuer.sign('k1', { username: undefined }), { reason: 'claim_missing', claim: 'username' }],
      [await issuer.sign('k1', { username: 'secretive'.repeat(8) }), { reason: 'claim_wrong', claim: 'username' }],
      [await issuer.sign('k1', { sub: '2' }), { reason: 'claim_wrong', claim: 'sub' }],
      [await other.sign('k1'), { reason: 'signature' }],
      [await mint({ id: '1', username: 'Igor' }), { reason: 'algorithm', claim: 'alg', got: '"HS256"' }],
      ['a.b.c', { reason: 'not_a_token' }],
    ];
    const refusals = () =>
      lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === 'token_refused');
    const chat = await connect(server, { token: await issuer.sign('k1') });
    for (const [token, refusal] of tries) {
      lines.length = 0;
      await request(server, 'GET', '/messages', { headers: { authorization: `Bearer ${token}` } });
      await handshake(server, { token });
      chat.send({ type: 'token_refresh', msg: { token } });
      await chat.next('error');
      expect(refusals()).toMatchObject([refusal, refusal, { ...refusal, sessionId: expect.any(String) }]);
      expect(lines.join()).not.toMatch(/secretive/);
      if (token.length > 9) expect(lines.join()).not.toContain(token);
    }
    await chat.close();
  });

  it('is logged and returned for an unreadable header and for two different tokens', async () => {
    const lines: string[] = [];
    await using server = await startTestServer({ env: { LOG_LEVEL: 'debug' }, onLogLine: (line) => lines.push(line) });
    const token = await mint({ id: '1', username: 'Igor' });
    const refusal = async (headers: Record<string, string>) => {
      lines.length = 0;
      const { status, json } = await request(server, 'GET', '/messages', { headers });
      const reasons = lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .flatMap(({ reason }) => reason ?? []);
      return [status, json.code, json.detail, ...reasons];
    };
    const unreadable = 'Send Authorization once, as "Bearer", a space and one token.';
    for (const authorization of [
      `Bearer Bearer ${token}`,
      'Bearer',
      `Bearer ${token} x`,
      `Bearer ${token}, Bearer ${token}`,
    ])
      expect(await refusal({ authorization })).toEqual([401, 'invalid_token', unreadable, 'header_unreadable']);
    expect(await refusal({ authorization: `Bearer ${token}`, 'sec-websocket-protocol': 'bearer.x' })).toEqual([
      401,
      'invalid_token',
      'The request has two different tokens.',
      'tokens_differ',
    ]);
    expect(await refusal({ authorization: 'Bearer a.b.c' })).toEqual([401, 'invalid_token', undefined, 'not_a_token']);
  });
});
