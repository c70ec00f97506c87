/**
 * Requests sent before the answers to earlier ones. Answers leave in order (RFC 9112, 9.3.2), or the connection ends.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPasswords } from '../../src/users/passwords.ts';
import { connect, handshakeLines } from '../harness/chat.ts';
import { conversation, head, untilClosed } from '../harness/conversation.ts';
import { within } from '../harness/deadline.ts';
import { type Answer, request } from '../harness/http.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';
import { dialled, over } from './bare-socket.ts';

let server: TestServer;
/** Releases the waiting password hashes, as a slow server would at some time. */
let hash: () => void;
let hashing: Promise<void>;
const passwords = createPasswords({ params: { logN: 10, r: 8, p: 1 } });
let held = 0;

/** Holds all hashes back until `hash` is called. */
function hold(): void {
  held = 0;
  const gate = Promise.withResolvers<void>();
  hash = gate.resolve;
  hashing = gate.promise;
}

beforeAll(async () => {
  hash = () => {};
  hashing = Promise.resolve();
  server = await startTestServer({
    passwords: {
      ...passwords,
      verify: async (password, stored) => {
        held += 1;
        await hashing;
        return passwords.verify(password, stored);
      },
    },
  });
});
afterAll(() => server.stop());

const body = '{"email":"a@b.c","password":"x"}';
const login = head('POST /login', 'Content-Type: application/json', `Content-Length: ${body.length}`) + body;
const handshake = async (): Promise<string> =>
  head('GET /join', ...handshakeLines, `Authorization: Bearer ${await mint({ id: '1', username: 'Ann' })}`);
const asked = {
  login: { method: 'POST', path: '/login' },
  join: { method: 'GET', path: '/join' },
  healthz: { method: 'GET', path: '/healthz' },
  headHealthz: { method: 'HEAD', path: '/healthz' },
};
const told = (answers: readonly Answer[]): string[] =>
  answers.map(({ status, json }) => (json.code === undefined ? `${status}` : `${status} ${json.code}`));
const refusedLogin = '401 invalid_credentials';
/** Reads the rest of a conversation once the slow answer may leave. */
async function afterHash<Result>(started: Promise<Result>): Promise<Result> {
  for (let tries = 0; held === 0 && tries < 1_000; tries += 1) await request(server, 'GET', '/healthz');
  hash();
  return started;
}

describe('a handshake in one packet with a request before it', () => {
  it.each<[name: string, before: string, asked: { method: string; path: string }, want: string]>([
    ['a slow login', login, asked.login, refusedLogin],
    ['a quick request', head('GET /healthz'), asked.healthz, '200'],
    [
      'a request that waits for 100 Continue',
      `${head('POST /login', 'Content-Type: application/json', 'Expect: 100-continue', `Content-Length: ${body.length}`)}${body}`,
      asked.login,
      refusedLogin,
    ],
  ])('behind %s is answered in its turn, and the connection ends', async (_, before, first, want) => {
    hold();
    const bytes = before + (await handshake());
    const started = untilClosed(server, bytes);
    if (first === asked.login) await afterHash(started);
    const raw = (await started).toString('latin1').replace('HTTP/1.1 100 Continue\r\n\r\n', '');
    expect(raw.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${want.split(' ')[0]}`, 'HTTP/1.1 426']);
    expect(raw.endsWith('"code":"upgrade_required"}')).toBe(true);
  });

  it('behind a HEAD is answered in its turn, and the HEAD without a body', async () => {
    const raw = (await untilClosed(server, head('HEAD /healthz') + (await handshake()))).toString('latin1');
    expect(raw.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 426']);
    expect(raw).toContain('\r\n\r\nHTTP/1.1 426');
  });

  it('behind a slow login opens no session', async () => {
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    await bob.next('user_joined');
    hold();
    await afterHash(conversation(server, login + (await handshake()), [asked.login, asked.join]));
    bob.say('Anybody?');
    expect(await bob.next()).toMatchObject({ type: 'chat_message' });
    await bob.close();
  });

  it('gets its refusal behind the answer before it', async () => {
    hold();
    const refused = head('GET /join', ...handshakeLines);
    const answers = await afterHash(conversation(server, login + refused, [asked.login, asked.join]));
    expect(told(answers)).toEqual([refusedLogin, '401 missing_token']);
  });

  it('stops the requests after it from running', async () => {
    hold();
    const more = head('POST /createUser', 'Content-Type: application/json', 'Content-Length: 2');
    const answers = await afterHash(
      conversation(server, [login + (await handshake()) + more + login, login], [asked.login, asked.join]),
    );
    expect(told(answers)).toEqual([refusedLogin, '426 upgrade_required']);
    expect(held).toBe(1);
  });

  it('gets one 101 if a second handshake follows', async () => {
    const raw = (await untilClosed(server, (await handshake()) + (await handshake()))).toString('latin1');
    expect(raw.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 101']);
  });

  it('opens a session if the answer before it was read first', async () => {
    hold();
    hash();
    const socket = await dialled(server);
    socket.write(login);
    await within(once(socket, 'data'), 'the answer to the login');
    socket.write(await handshake());
    const [answer] = (await within(once(socket, 'data'), 'the answer to the handshake')) as [Buffer];
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
    socket.end();
    await over(socket);
  });
});

describe('bytes that are not a request', () => {
  it('are refused in their turn behind a slow answer', async () => {
    hold();
    const answers = await afterHash(conversation(server, `${login}garbage\r\n\r\n`, [asked.login]));
    expect(told(answers)).toEqual([refusedLogin, '400 malformed_request']);
  });

  it('end only the request whose body they are in, behind a slow answer', async () => {
    hold();
    const broken = head('POST /login', 'Content-Type: application/json', 'Transfer-Encoding: chunked');
    const answers = await afterHash(conversation(server, `${login}${broken}ZZ\r\n`, [asked.login]));
    expect(told(answers)).toEqual([refusedLogin, '400 malformed_request']);
  });

  it('get no second answer within a body that was already refused', async () => {
    const early = head('POST /nothing', 'Transfer-Encoding: chunked');
    const answers = await conversation(server, [early, 'ZZ\r\n'], [{ method: 'POST', path: '/nothing' }]);
    expect(told(answers)).toEqual(['404 not_found']);
  });

  it('get no answer behind a request with `Connection: close`, which does', async () => {
    hold();
    const last = login.replace('\r\n', '\r\nConnection: close\r\n');
    const answers = await afterHash(conversation(server, `${last}${login}garbage`, [asked.login]));
    expect(told(answers)).toEqual([refusedLogin]);
  });
});

it('holds a request until the one before it is answered', async () => {
  hold();
  const started = conversation(server, login + login + head('GET /healthz', 'Connection: close'), [
    asked.login,
    asked.login,
    asked.healthz,
  ]);
  for (let tries = 0; held === 0 && tries < 1_000; tries += 1) await request(server, 'GET', '/healthz');
  await request(server, 'GET', '/healthz');
  expect(held).toBe(1);
  hash();
  expect(told(await started)).toEqual([refusedLogin, refusedLogin, '200']);
});

it('ends a connection that sends thousands of requests in one packet, at no cost to others', async () => {
  hold();
  const raw = untilClosed(server, login + 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2_000));
  expect((await raw).toString()).toBe('');
  hash();
  expect((await request(server, 'GET', '/healthz')).status).toBe(200);
});
