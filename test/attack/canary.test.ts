/** A recognizable secret, password and token, used in every way: nobody but their owner sees them. */
import { expect, it } from 'vitest';
import { createLocalBackplane } from '../../src/backplane/local.ts';
import type { StoredUser, UserStore } from '../../src/users/user-store.ts';
import { connect, handshake, handshakeLines } from '../harness/chat.ts';
import { head, untilClosed } from '../harness/conversation.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { paths } from '../harness/spec.ts';
import { mint } from '../harness/tokens.ts';

const secret = 'canary-secret-of-thirty-two-bytes-and-more';
const user = { email: 'ann@example.com', username: 'Ann', password: 'canary-password' };
const json = 'Content-Type: application/json';

/** Collects everything that a server sends to clients and writes to its log. */
async function said(attack: (server: TestServer, ask: (bytes: string) => Promise<string>) => Promise<void>, more = {}) {
  const lines: string[] = [];
  const answers: string[] = [];
  {
    await using server = await startTestServer({
      env: { LOG_LEVEL: 'trace', JWT_SECRET: secret },
      onLogLine: (line) => lines.push(line),
      ...more,
    });
    await attack(server, async (bytes) => {
      const answer = (await untilClosed(server, bytes)).toString('latin1');
      answers.push(answer);
      return answer;
    });
  }
  expect(lines.length).toBeGreaterThan(0);
  return { lines: lines.join(''), answers: answers.join('\n'), count: answers.length };
}

const post = (path: string, body: string, ...lines: string[]): string =>
  head(`POST ${path}`, json, 'Connection: close', `Content-Length: ${body.length}`, ...lines) + body;
const get = (path: string, ...lines: string[]): string => head(`GET ${path}`, 'Connection: close', ...lines);

it('keeps passwords and tokens out of the log and the answers: user routes', async () => {
  const token: string[] = [];
  const { lines, answers } = await said(async (_, ask) => {
    const body = JSON.stringify(user);
    await ask(post('/createUser', body));
    await ask(post('/createUser', body));
    await ask(post('/createUser', JSON.stringify({ ...user, email: 'canary-password', username: ' canary-password' })));
    await ask(post('/createUser', JSON.stringify({ ...user, password: ['canary-password'] })));
    await ask(post('/createUser', JSON.stringify({ ...user, password: `canary-${'x'.repeat(300)}` })));
    await ask(post('/login', JSON.stringify({ ...user, password: 'canary-wrong' })));
    await ask(post('/login', JSON.stringify({ ...user, email: 'canary@example.com' })));
    await ask(post('/login', body.slice(0, -1)));
    await ask(post('/login', `${body}canary`));
    await ask(post('/login', body.replace('{', '{canary')));
    await ask(post('/login', body.padEnd(20_000)));
    await ask(post('/login', `${body}\xff`));
    await ask(post('/login', body).replace(json, 'Content-Type: text/canary'));
    await ask(post('/login?password=canary-password', body.slice(1)));
    await ask(`${post('/login', body)}${'canary'.repeat(10)}`);
    await ask(`POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    await ask(`canary-password ${'x'.repeat(20_000)}\r\n\r\n`);
    token.push(/"token":"([^"]+)"/.exec(await ask(post('/login', body)))![1]!);
  });
  // The token occurs once: in the answer to its owner's login.
  expect(answers.split(token[0]!)).toHaveLength(2);
  expect(`${lines}${answers}`).not.toMatch(/canary/);
  expect(lines).not.toContain(token[0]!.split('.')[2]);
});

it('keeps tokens out of the log and the answers: handshakes, frames, and headers where clients misplace them', async () => {
  const token = await mint({ id: '1', username: 'Ann' }, { secret });
  const { lines, answers, count } = await said(async (server, ask) => {
    for (const path of [`/join?token=${token}`, `/join?access_token=${token}#${token}`, `/${token}`, `/join/${token}`])
      for (const lines of [[], handshakeLines]) await ask(get(path, ...lines));
    for (const value of [
      token,
      `Bearer ${token}x`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Basic ${token}`,
      `Token ${token}`,
      `Bearer "${token}"`,
      `Bearer ${token.repeat(200)}`,
    ]) {
      await ask(get('/join', `Authorization: ${value}`));
      await ask(head('GET /join', ...handshakeLines, `Authorization: ${value}`));
    }
    for (const value of [`bearer.${token}x`, `bearer.${token} bearer.${token}`, `palaver.v1, ${token}, ${token}`])
      await ask(head('GET /join', ...handshakeLines, `Sec-WebSocket-Protocol: ${value}`));
    await ask(get('/join', `Cookie: token=${token}`, `X-Request-Id: ${token}`, `Referer: http://x/?${token}`));
    await ask(get('/healthz', `Origin: http://${token}`, `If-None-Match: "${token}"`, `X-Forwarded-For: ${token}`));
    await ask(`${get('/join', `Authorization: Bearer ${token}`).slice(0, -4)}\nX: y\r\n\r\n`);

    const chat = await connect(server, { protocols: ['palaver.v1', `bearer.${token}`] });
    for (const text of [token, `{"type":"${token}"}`, `{"type":"chat_message","msg":{"text":["${token}"]}}`])
      chat.sendRaw(text);
    for (let errors = 0; errors < 3; errors += 1) await chat.next('error');
    chat.send({ type: 'chat_message', token, msg: { text: 'hi', token, from_user: token } });
    await chat.next('chat_message');
    expect(JSON.stringify(chat.frames)).not.toContain(token.split('.')[2]);
    chat.sendRaw(token, true);
    expect(await chat.closed()).toBe(1003);
    const big = await connect(server, { token });
    big.sendRaw(token.repeat(1_000));
    expect(await big.closed()).toBe(1009);
    for (const path of [...paths.keys(), '/docs', '/docs/websocket', '/docs/guide'])
      if (path !== '/createUser' && path !== '/login') await ask(get(path));
  });
  expect(count).toBeGreaterThan(30);
  expect(`${lines}${answers}`).not.toContain('canary');
  expect(`${lines}${answers}`).not.toContain(token.split('.')[2]);
  expect(lines).toContain('"userId":"1"');
});

it('logs a failed store or backplane without the secrets in its error', async () => {
  let kept: StoredUser | undefined;
  // Like a database driver, attach the whole operation to the error, several levels deep.
  const failing = (operation: string): Error =>
    Object.assign(new Error(`${operation} failed`), {
      code: 'E_CANARY',
      result: { writeErrors: [{ op: { ...user, ...kept }, token: user.password }] },
      request: { headers: { authorization: user.password } },
    });
  const users: UserStore = {
    insert: async (given) => {
      kept = given;
      throw failing('insert');
    },
    findByEmail: async () => Promise.reject(failing('find')),
    findById: async () => Promise.reject(failing('find')),
    list: async () => Promise.reject(failing('list')),
    replaceHash: async () => {},
  };
  const token = await mint({ id: '1', username: 'Ann' }, { secret });
  const backplane = {
    ...createLocalBackplane({ epoch: 0 }),
    admit: async () => Promise.reject(Object.assign(new Error('no'), { message: `no: ${token}` })),
  };
  const { lines, answers } = await said(
    async (server, ask) => {
      await ask(post('/createUser', JSON.stringify(user)));
      await ask(post('/login', JSON.stringify(user)));
      expect((await handshake(server, { token })).status).toBe(500);
    },
    { users, backplane },
  );
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 500', 'HTTP/1.1 500']);
  expect(lines).toContain('insert failed');
  expect(lines).toContain('E_CANARY');
  expect(`${lines}${answers}`).not.toMatch(/canary-/);
  expect(lines).not.toContain(kept!.passwordHash);
  expect(lines).not.toContain(token.split('.')[2]);
});
