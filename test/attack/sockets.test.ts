/** Connections that end, or half end, at any moment. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTokens, type VerifyToken } from '../../src/auth/tokens.ts';
import { type Chat, connect, handshakeLines } from '../harness/chat.ts';
import { head } from '../harness/conversation.ts';
import { within } from '../harness/deadline.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { frame, opcodes } from '../harness/frame.ts';
import { request } from '../harness/http.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint, testIssuer, testSecret } from '../harness/tokens.ts';
import { until } from '../harness/until.ts';
import { type ServerProcess, serve } from '../system/process.ts';
import { ann, dialled, handshakeOf, over, say } from './bare-socket.ts';

describe('a reset', () => {
  let server: ServerProcess;
  let address: TestServer;
  beforeEach(async () => {
    server = serve({ DATA_DIR: temporaryFolder(), JWT_SECRET: testSecret, RATE_LIMIT_FRAMES: '0' });
    address = (await server.address()) as TestServer;
  });

  /** The process runs, and the room is empty. */
  async function unharmed(): Promise<void> {
    const { status } = await request(address, 'GET', '/healthz').catch(() => ({ status: 0 }));
    expect([status, server.child.exitCode]).toEqual([200, null]);
    const bob = await connect(address, { token: await mint({ id: '2', username: 'Bob' }) });
    const { msg } = await bob.next('users_online');
    for (const name of msg.list) expect((await bob.next('user_left')).msg.username).toBe(name);
    await bob.close();
    expect(server.output()).not.toMatch(/"level":(50|60)/);
  }

  it('after any number of bytes of a handshake ends neither the process nor another session', async () => {
    const whole = await handshakeOf();
    for (let sent = 0; sent <= whole.length; sent += 7) {
      const socket = await dialled(address);
      if (sent > 0) await new Promise((resolve) => socket.write(whole.slice(0, sent), resolve));
      socket.resetAndDestroy();
    }
    await unharmed();
  });

  it.each<[name: string, bytes: () => Promise<string>]>([
    ['accepted', handshakeOf],
    ['refused', async () => head('GET /join', ...handshakeLines)],
    ['refused by its form', async () => head('GET /join', 'Connection: Upgrade', 'Upgrade: websocket')],
  ])('right behind a handshake that is %s, and once the answer has arrived', async (_, bytes) => {
    const sent = await bytes();
    const attack = async (answered: boolean): Promise<void> => {
      const socket = await dialled(address);
      socket.write(sent);
      if (answered) await once(socket, 'data');
      socket.resetAndDestroy();
    };
    for (let n = 0; n < 10; n += 1)
      // The end of the test checks that the server still runs.
      await within(Promise.allSettled([attack(false), attack(false), attack(true)]), 'three resets');
    await unharmed();
  });

  it('within a frame, and behind a close', async () => {
    const ends = [say('a').subarray(0, 9), frame(opcodes.text, 'a', { fin: false }), frame(opcodes.close)];
    for (const bytes of ends) {
      const socket = await dialled(address);
      socket.write(await handshakeOf());
      await once(socket, 'data');
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket.resetAndDestroy();
    }
    await unharmed();
  });
});

/** A server that checks tokens only when the test allows it, and somebody who watches its room. */
async function slowServer() {
  const { verify } = createTokens({ secret: Buffer.from(testSecret), issuer: testIssuer, ttlS: 60 });
  const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slowly: VerifyToken = async (token) => {
    const identity = await verify(token);
    if (identity.id === ann.id) {
      asked.resolve();
      await held.promise;
    }
    return identity;
  };
  // Without users of its own, so that the test can choose how tokens are checked.
  const env = { JWT_SECRET: '', JWKS_URL: 'http://127.0.0.1:1', JWT_ISSUER: testIssuer, JWT_AUDIENCE: 'x' };
  const server = await startTestServer({ env, verify: slowly });
  const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
  await bob.next('user_joined');
  return { server, bob, asked: within(asked.promise, 'the token to be checked'), letGo: held.resolve };
}

/** Returns the frames about Ann that a watcher has seen before the echo of its own message. */
async function seenOfAnn(bob: Chat): Promise<string[]> {
  bob.say('and now?');
  while ((await bob.next('chat_message')).msg.from_user !== 'Bob');
  return bob.frames.flatMap((seen) => {
    if (seen.type === 'chat_message' && seen.msg.from_user === 'Ann') return [seen.msg.text];
    return (seen.type === 'user_joined' || seen.type === 'user_left') && seen.msg.username === 'Ann' ? [seen.type] : [];
  });
}

describe('while a token is being checked', () => {
  it('a reset leaves nobody in the room', async () => {
    const { server, bob, asked, letGo } = await slowServer();
    const socket = await dialled(server);
    socket.write(await handshakeOf());
    await asked;
    socket.resetAndDestroy();
    await request(server, 'GET', '/healthz');
    letGo();
    await until(() => bob.frames.filter(({ type }) => type === 'user_left').length === 1, 'Ann to leave');
    expect(await seenOfAnn(bob)).toEqual(['user_joined', 'user_left']);
    await server.stop();
  });

  it('a half-close leaves nobody in the room either', async () => {
    const { server, bob, asked, letGo } = await slowServer();
    const socket = await dialled(server);
    socket.end(Buffer.concat([Buffer.from(await handshakeOf()), say('early')]));
    await asked;
    await request(server, 'GET', '/healthz');
    letGo();
    await over(socket);
    await until(() => bob.frames.filter(({ type }) => type === 'user_left').length === 1, 'Ann to leave');
    // The client could not know yet that it had a session, so the frame that it sent is lost.
    expect(await seenOfAnn(bob)).toEqual(['user_joined', 'user_left']);
    await server.stop();
  });
});

describe('a client that ends its sending side', () => {
  const join = async (server: TestServer): Promise<Socket> => {
    const socket = await dialled(server);
    socket.write(await handshakeOf());
    await once(socket, 'data');
    return socket;
  };

  it.each<[name: string, bytes: Buffer, texts: string[]]>([
    ['right after the 101', Buffer.alloc(0), []],
    ['behind a frame', say('last words'), ['last words']],
    ['within the header of a frame', say('a').subarray(0, 1), []],
    ['within a frame', say('a').subarray(0, 9), []],
    ['between two fragments', frame(opcodes.text, '{', { fin: false }), []],
    ['behind a ping', frame(opcodes.ping, 'x'), []],
    ['behind a close', frame(opcodes.close), []],
  ])('%s leaves the room, and the others see it leave once', async (_, bytes, texts) => {
    await using server = await startTestServer();
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    const socket = await join(server);
    socket.end(bytes);
    await over(socket);
    await until(() => bob.frames.filter(({ type }) => type === 'user_left').length === 1, 'Ann to leave');
    expect(await seenOfAnn(bob)).toEqual(['user_joined', ...texts, 'user_left']);
    await bob.close();
  });

  it('gets its answer all the same if the request opened no session', async () => {
    await using server = await startTestServer();
    for (const [bytes, status] of [
      [head('GET /join', ...handshakeLines), 401],
      [head('GET /healthz', 'Connection: close'), 200],
      [head('POST /login', 'Content-Type: application/json', 'Content-Length: 10'), 400],
    ] as const) {
      const socket = await dialled(server);
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.end(bytes);
      await over(socket);
      expect([bytes, text.slice(9, 12)]).toEqual([bytes, String(status)]);
    }
    expect((await request(server, 'GET', '/healthz')).status).toBe(200);
  });
});
