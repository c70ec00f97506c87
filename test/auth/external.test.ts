import { describe, expect, it } from 'vitest';
import { createExternalVerify } from '../../src/auth/tokens.ts';
import { readConfig } from '../../src/config.ts';
import { connect, handshake } from '../harness/chat.ts';
import { request } from '../harness/http.ts';
import { exchange } from '../harness/raw.ts';
import { startTestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';
import { startIssuer } from './issuer.ts';

describe('a server whose users are elsewhere', () => {
  it('rotates keys with its issuer under a running chat, and nobody notices', async () => {
    const issuer = await startIssuer();
    let nowMs = 0;
    const verify = createExternalVerify(readConfig(issuer.env).externalIssuer!, () => nowMs);
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

  it('says 503 where the issuer can not be asked, and 401 where it does not have the key', async () => {
    const issuer = await startIssuer();
    const token = await issuer.sign('k1');
    issuer.behave((response) => response.destroy());
    await using server = await startTestServer({ env: issuer.env });
    const away = await handshake(server, { token });
    expect([away.status, away.json.code]).toEqual([503, 'issuer_unavailable']);
    const foreign = await handshake(server, { token: await mint({ id: '1', username: 'Igor' }) });
    expect([foreign.status, foreign.json.code]).toEqual([401, 'invalid_token']);
  });

  it('has no user endpoints, and its contract does not name them', async () => {
    const issuer = await startIssuer();
    await using server = await startTestServer({ env: issuer.env });
    const user = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };
    for (const path of ['/createUser', '/login']) {
      for (const method of ['POST', 'GET']) {
        // What such a server serves is not what the whole contract declares: it is not recorded as an operation.
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

  it('answers an oversized token with a status that is declared', async () => {
    await using server = await startTestServer();
    const head = `GET /join HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'a'.repeat(20_000)}\r\n\r\n`;
    expect((await exchange(server, [head], { method: 'GET', path: '/join' })).status).toBe(400);
    const large = await handshake(server, { token: 'a.b.c'.padEnd(12_000, 'x') });
    expect([large.status, large.json.code]).toEqual([401, 'invalid_token']);
  });
});
