import { describe, expect, it } from 'vitest';
import { type Chat, connect, handshake } from '../../harness/chat.ts';
import { type Answer, request, signUp } from '../../harness/http.ts';
import { keeping, startTestServer, type TestServer } from '../../harness/server.ts';
import { asyncapi, component } from '../../harness/spec.ts';
import { mint, nowS, testAdminToken } from '../../harness/tokens.ts';
import { startIssuer, verifierOf } from '../../unit/auth/issuer.ts';

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
const logout = (server: TestServer, token: string): Promise<Answer> =>
  request(server, 'POST', '/logout', bearer(token));
const admin = (server: TestServer, verb: 'disable' | 'enable', id: string): Promise<Answer> =>
  request(server, 'POST', `/admin/users/${encodeURIComponent(id)}/${verb}`, bearer(testAdminToken));
const asAdmin = (server: TestServer, path: string): Promise<Answer> =>
  request(server, 'POST', path, bearer(testAdminToken));
/** Returns the status and code of a handshake with a token. */
async function joinWith(server: TestServer, token: string): Promise<string> {
  const { status, json } = await handshake(server, { token });
  return `${status} ${json.code ?? ''}`.trim();
}
const refresh = (chat: Chat, token: string, nonce = 'r-1'): void =>
  chat.send({ type: 'token_refresh', msg: { token, nonce } });
const ann = { id: '1', username: 'Ann' };
/** Checks that a session is open: it receives its own message. */
async function expectOpen(chat: Chat): Promise<void> {
  chat.say('still here');
  expect((await chat.next('chat_message')).msg.text).toBe('still here');
}
describe('POST /logout', () => {
  it('closes the connections of the token and no others, and revokes the token', async () => {
    await using server = await startTestServer();
    const { email, password, token } = await signUp(server, 'Ann');
    const again = await request(server, 'POST', '/login', { json: { email, password } });
    const other = String(again.json.token);
    // Tokens of one user from the same second still differ.
    expect(other).not.toBe(token);
    const [mine, tab, elsewhere] = await Promise.all(
      [token, token, other].map((each) => connect(server, { token: each })),
    );
    expect((await logout(server, token)).status).toBe(204);
    expect(await Promise.all([mine!.closed(), tab!.closed()])).toEqual([4003, 4003]);
    await expectOpen(elsewhere!);
    expect([await joinWith(server, token), await joinWith(server, other)]).toEqual(['401 invalid_token', '101']);
    expect((await logout(server, token)).json.code).toBe('invalid_token');
  });

  it('holds over a restart, also for a token from another issuer', async () => {
    const env = keeping();
    const token = await mint(ann);
    {
      await using server = await startTestServer({ env });
      await logout(server, token);
    }
    await using server = await startTestServer({ env });
    expect([await joinWith(server, token), await joinWith(server, await mint({ ...ann, jti: '2' }))]).toEqual([
      '401 invalid_token',
      '101',
    ]);
  });

  it('revokes the token in every spelling of its signature', async () => {
    await using server = await startTestServer();
    const token = await mint(ann);
    // The last character of 43 in base64url carries two bits that don't matter.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const at = alphabet.indexOf(token.at(-1)!);
    const spelled = [0, 1, 2, 3].map((bits) => token.slice(0, -1) + alphabet[at ^ bits]);
    for (const each of spelled) expect(await joinWith(server, each)).toBe('101');
    await logout(server, token);
    for (const each of spelled) expect(await joinWith(server, each)).toBe('401 invalid_token');
  });
});

describe('an id in a path', () => {
  const verbs = ['disable', 'enable'] as const;
  it.each(['%ff', '%zz', '%', 'a%2', '%ed%a0%80', '%c0%80', 'a%ffb'])(
    '%s cannot be decoded, and disables nobody',
    async (id) => {
      await using server = await startTestServer();
      for (const verb of verbs) {
        const { status, json } = await asAdmin(server, `/admin/users/${id}/${verb}`);
        expect([status, json.code]).toEqual([400, 'invalid_parameter']);
        expect(json.errors).toEqual([{ pointer: '/id', detail: 'must be percent-encoded UTF-8' }]);
        expect(json.detail).toBe('id: must be percent-encoded UTF-8');
      }
    },
  );

  it.each(['.', '..', '%2e', '%2e%2e', '.%2E'])('%s is not an id and has no route', async (id) => {
    await using server = await startTestServer();
    const plain = decodeURIComponent(id);
    for (const verb of verbs) expect((await asAdmin(server, `/admin/users/${id}/${verb}`)).status).toBe(404);
    expect(await joinWith(server, await mint({ id: plain, username: 'Ann' }))).toBe('401 invalid_token');
  });
});

describe('a disabled user', () => {
  it('loses all sessions at once, cannot join, and can join again when it is enabled', async () => {
    await using server = await startTestServer();
    const { id, email, password, token } = await signUp(server, 'Ann');
    const bob = await connect(server, { token: await mint({ id: 'b', username: 'Bob' }) });
    const sessions = await Promise.all([connect(server, { token }), connect(server, { token })]);
    expect((await admin(server, 'disable', id)).status).toBe(204);
    expect(await Promise.all(sessions.map((chat) => chat.closed()))).toEqual([4003, 4003]);
    expect((await bob.next('user_left')).msg.username).toBe('Ann');
    const login = () => request(server, 'POST', '/login', { json: { email, password } });
    const told = async () => [
      await joinWith(server, token),
      (await login()).json.code,
      (await logout(server, token)).json.code,
    ];
    expect(await told()).toEqual(['403 user_disabled', 'user_disabled', 'user_disabled']);
    const wrong = await request(server, 'POST', '/login', { json: { email, password: 'a wrong one' } });
    expect(wrong.json.code).toBe('invalid_credentials');
    await admin(server, 'disable', id);
    await admin(server, 'enable', id);
    await admin(server, 'enable', id);
    expect([await joinWith(server, token), (await login()).status]).toEqual(['101', 200]);
    await expectOpen(bob);
  });

  it('stays disabled over a restart, with any characters in its id', async () => {
    const env = keeping();
    const ids = ['1', 'a/b', '%2e%2e', '?q#f', 'é😀', 'x'.repeat(128), '$ne'];
    {
      await using server = await startTestServer({ env });
      for (const id of ids) expect((await admin(server, 'disable', id)).status).toBe(204);
    }
    await using server = await startTestServer({ env });
    for (const id of ids) expect(await joinWith(server, await mint({ id, username: 'Ann' }))).toBe('403 user_disabled');
    expect(await joinWith(server, await mint({ id: 'a', username: 'Ann' }))).toBe('101');
  });

  it('can be a user of an external issuer', async () => {
    const issuer = await startIssuer();
    await using server = await startTestServer({ env: issuer.env });
    const token = await issuer.sign('k1');
    const chat = await connect(server, { token });
    await admin(server, 'disable', '1');
    expect(await chat.closed()).toBe(4003);
    expect(await joinWith(server, token)).toBe('403 user_disabled');
    await admin(server, 'enable', '1');
    expect((await logout(server, token)).status).toBe(204);
    expect(await joinWith(server, token)).toBe('401 invalid_token');
  });

  it('cannot join with a handshake that is under way', async () => {
    await using server = await startTestServer();
    const token = await mint(ann);
    const joining = Array.from({ length: 10 }, () =>
      connect(server, { token }).then(
        (chat) => chat.closed(),
        () => 0,
      ),
    );
    await admin(server, 'disable', '1');
    for (const code of await Promise.all(joining)) expect([0, 4003]).toContain(code);
    const watcher = await connect(server, { token: await mint({ id: 'b', username: 'Bob' }) });
    expect((await watcher.next('users_online')).msg.list).toEqual([]);
  });
});

describe('/admin', () => {
  it.each([
    ['without a token', undefined, 'missing_token'],
    ['with the token of a user', 'user', 'invalid_token'],
    ['with one that begins like it', testAdminToken.slice(0, -1), 'invalid_token'],
  ])('refuses a request %s, also for an impossible id', async (_, token, code) => {
    await using server = await startTestServer();
    const credentials = token === undefined ? {} : bearer(token === 'user' ? await mint(ann) : token);
    for (const id of ['1', 'x'.repeat(129)]) {
      const answer = await request(server, 'POST', `/admin/users/${id}/disable`, credentials);
      expect([answer.status, answer.json.code]).toEqual([401, code]);
    }
  });

  it('is absent without ADMIN_TOKEN, in the served contract too', async () => {
    await using server = await startTestServer({ env: { ADMIN_TOKEN: '' } });
    expect((await request(server, 'POST', '/admin/anything', bearer(testAdminToken))).status).toBe(404);
    const { text } = await request(server, 'GET', '/openapi.json');
    expect(Object.keys(JSON.parse(text).paths).filter((path) => path.startsWith('/admin'))).toEqual([]);
    expect(Object.keys(JSON.parse(text).paths)).toContain('/logout');
  });
});

describe('token_refresh', () => {
  it('extends a session beyond the expiry of its first token, and answers only that session', async () => {
    await using server = await startTestServer();
    const bob = await connect(server, { token: await mint({ id: 'b', username: 'Bob' }) });
    // The session ends 5 s after `exp`, the clock tolerance.
    const chat = await connect(server, { token: await mint({ ...ann, exp: nowS() - 3 }) });
    const exp = nowS() + 600;
    refresh(chat, await mint({ ...ann, exp }));
    expect((await chat.next('token_refreshed')).msg).toEqual({
      expires_at: new Date((exp + 5) * 1_000).toISOString(),
      nonce: 'r-1',
    });
    const witness = await connect(server, { token: await mint({ id: 'w', username: 'Wes', exp: nowS() - 3 }) });
    expect(await witness.closed()).toBe(4001);
    await expectOpen(chat);
    await bob.next('chat_message');
    expect(bob.frames.filter(({ type }) => type === 'token_refreshed')).toEqual([]);
  });

  it('accepts tokens as long as the handshake does', async () => {
    await using server = await startTestServer();
    // Other headers need some of the head's 16 KiB.
    const token = await mint({ ...ann, groups: 'g'.repeat(11_500) });
    expect(token.length).toBeGreaterThan(15_000);
    const chat = await connect(server, { token });
    refresh(chat, token);
    await chat.next('token_refreshed');
    const longest = component(asyncapi, 'Token').maxLength!;
    const signature = token.split('.')[2]!;
    const padded = (length: number): string => `a.${'b'.repeat(length - signature.length - 3)}.${signature}`;
    refresh(chat, padded(longest));
    expect((await chat.next('error')).msg.code).toBe('invalid_token');
    refresh(chat, padded(longest + 1));
    expect((await chat.next('error')).msg.code).toBe('invalid_message');
    await expectOpen(chat);
  });

  it('may shorten a session: it ends with its newest token', async () => {
    await using server = await startTestServer();
    const chat = await connect(server, { token: await mint(ann) });
    refresh(chat, await mint({ ...ann, exp: nowS() - 3 }));
    await chat.next('token_refreshed');
    expect(await chat.closed()).toBe(4001);
  });

  it.each([
    ['forged', () => mint(ann, { secret: 'another secret, of 32 bytes and more' })],
    ['expired', () => mint({ ...ann, exp: nowS() - 6 })],
    ['another user’s', () => mint({ ...ann, id: '2' })],
    [
      'revoked',
      async (server: TestServer) => {
        // Minted once: a token of the next second is another one.
        const token = await mint({ ...ann, jti: 'back' });
        await logout(server, token);
        return token;
      },
    ],
  ])('with a token that is %s is refused, and the session goes on', async (_, make) => {
    await using server = await startTestServer();
    const chat = await connect(server, { token: await mint(ann) });
    refresh(chat, await make(server));
    expect((await chat.next('error')).msg).toMatchObject({ code: 'invalid_token', nonce: 'r-1' });
    await expectOpen(chat);
  });

  it('keeps the session’s name', async () => {
    await using server = await startTestServer();
    const chat = await connect(server, { token: await mint(ann) });
    refresh(chat, await mint({ ...ann, username: 'Anna' }));
    await chat.next('token_refreshed');
    chat.say('hello');
    expect((await chat.next('chat_message')).msg.from_user).toBe('Ann');
  });

  it('ties the session to the new token, and no longer to the old one', async () => {
    await using server = await startTestServer();
    const [old, next] = [await mint({ ...ann, jti: '1' }), await mint({ ...ann, jti: '2' })];
    const chat = await connect(server, { token: old });
    refresh(chat, next);
    await chat.next('token_refreshed');
    await logout(server, old);
    await expectOpen(chat);
    await logout(server, next);
    expect(await chat.closed()).toBe(4003);
  });

  it('does not delay later frames while an external issuer is slow, and runs one at a time', async () => {
    const issuer = await startIssuer();
    let nowMs = 0;
    const verify = verifierOf(issuer, { now: () => nowMs });
    await using server = await startTestServer({ env: issuer.env, verify });
    const chat = await connect(server, { token: await issuer.sign('k1') });
    await issuer.addKey('k2');
    let answer = (): void => {};
    const asked = new Promise<void>((resolve) =>
      issuer.behave((response) => {
        answer = () => {
          issuer.behave();
          response.writeHead(500).end();
        };
        resolve();
      }),
    );
    nowMs += 30_000;
    refresh(chat, await issuer.sign('k2'), 'slow');
    await asked;
    await expectOpen(chat);
    refresh(chat, await issuer.sign('k1'), 'second');
    expect((await chat.next('error')).msg).toMatchObject({ code: 'unavailable', nonce: 'second' });
    answer();
    expect((await chat.next('error')).msg).toMatchObject({ code: 'unavailable', nonce: 'slow' });
    refresh(chat, await issuer.sign('k1'), 'third');
    expect((await chat.next('token_refreshed')).msg.nonce).toBe('third');
  });
});
