/** A stream of events as a session of the room, beside WebSocket sessions. */
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Chat, connect, handshake } from '../../harness/chat.ts';
import { type EventReader, type EventRequest, eventRequest, openEvents } from '../../harness/event-stream.ts';
import { type Answer, request } from '../../harness/http.ts';
import { joinRaw } from '../../harness/raw-session.ts';
import { startRedis } from '../../harness/redis.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint, nowS, testAdminToken } from '../../harness/tokens.ts';
import { until } from '../../harness/until.ts';
import { sharedRooms } from '../../harness/worlds.ts';

const shared = await sharedRooms();

const tokenOf = (username: string, claims = {}): Promise<string> =>
  mint({ id: `id of ${username}`, username, ...claims });
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
const chat = async (server: TestServer, username: string): Promise<Chat> =>
  connect(server, { token: await tokenOf(username) });
const stream = async (server: TestServer, username: string, more: EventRequest = {}): Promise<EventReader> =>
  openEvents(server, { token: await tokenOf(username), ...more });

/** Returns the joins and leaves that a session has received up to a message of its own. */
async function presence(reader: Chat): Promise<string[]> {
  reader.say('up to here', `${reader.frames.length}`);
  await reader.next('chat_message');
  return reader.frames.flatMap((frame) =>
    frame.type === 'user_joined' || frame.type === 'user_left' ? [`${frame.type} ${frame.msg.username}`] : [],
  );
}

const worlds: [name: string, isShared: boolean, env: () => Record<string, string>][] = [
  ['a room on one node', false, () => ({})],
  ['a room over Redis', true, () => shared!.env()],
];
describe.each(worlds)('%s', (_, isShared, world) => {
  const skips = isShared && shared === undefined;
  const start = (env: Record<string, string> = {}): Promise<TestServer> =>
    startTestServer({ env: { ...world(), ...env } });

  describe.skipIf(skips)('gives a stream', () => {
    it('users_online first, then its own user_joined, and announces no second session on either transport', async () => {
      await using server = await start();
      const first = await stream(server, 'Ann');
      expect((await first.next('users_online')).msg).toEqual({ list: [], users: [] });
      expect((await first.next()).type).toBe('user_joined');
      const [second, tab] = [await stream(server, 'Ann'), await chat(server, 'Ann')];
      const users = [{ username: 'Ann', user_id: 'id of Ann' }];
      for (const session of [second, tab])
        expect((await session.next('users_online')).msg).toEqual({ list: ['Ann'], users });
      tab.say('Hello!');
      for (const session of [first, second, tab]) expect((await session.next()).type).toBe('chat_message');
    });

    it('the same frames in the same order as a WebSocket', async () => {
      await using server = await start();
      const readers = [await stream(server, 'Reader'), await chat(server, 'Listener'), await stream(server, 'Reader')];
      const talkers = await Promise.all(['Ann', 'Bob', 'Cleo'].map((name) => chat(server, name)));
      const guests = async (name: string): Promise<void> => {
        for (let n = 0; n < 5; n += 1) await (await stream(server, `${name} ${n}`)).leave();
      };
      const talk = async (talker: Chat, name: string): Promise<void> => {
        for (let n = 0; n < 40; n += 1) {
          talker.say(`${name} ${n} \u2028 "\n`);
          if (n % 4 === 0) await talker.next('chat_message');
        }
      };
      await Promise.all([
        ...talkers.map((talker, n) => talk(talker, `talker ${n}`)),
        ...['Dan', 'Eve'].map((name) => guests(name)),
      ]);
      const last = await chat(server, 'Last');
      last.say('the end', 'last');
      for (const reader of readers) while ((await reader.next('chat_message')).msg.nonce !== 'last');
      const [whole, ...others] = readers.map(({ frames }) => frames.slice(1));
      for (const frames of others) expect(whole!.slice(-frames.length)).toEqual(frames);
      const messages = whole!.flatMap((frame) => (frame.type === 'chat_message' ? [frame.msg.text] : []));
      expect(messages).toHaveLength(121);
      expect(new Set(messages).size).toBe(121);
      expect(whole!.filter(({ type }) => type === 'user_left').length).toBeGreaterThanOrEqual(1);
    });

    it('a seat until PRESENCE_GRACE after its client has ended it, and user_left to the others', async () => {
      await using server = await start({ PRESENCE_GRACE: '1s' });
      const bob = await chat(server, 'Bob');
      const ann = await stream(server, 'Ann');
      await ann.next('user_joined');
      const startMs = performance.now();
      if (isShared) ann.drop();
      else void ann.leave();
      expect((await bob.next('user_left')).msg.username).toBe('Ann');
      expect(performance.now() - startMs).toBeGreaterThan(900);
      expect(await presence(bob)).toEqual(['user_joined Bob', 'user_joined Ann', 'user_left Ann']);
    });

    it('a seat that a client keeps if it reconnects in time, over either transport', async () => {
      await using server = await start({ PRESENCE_GRACE: '60s' });
      const bob = await chat(server, 'Bob');
      for (let n = 0; n < 2; n += 1) await (await stream(server, 'Ann')).leave();
      const tab = await chat(server, 'Ann');
      expect((await tab.next('users_online')).msg.list).toEqual(['Bob', 'Ann']);
      tab.drop();
      expect((await (await stream(server, 'Ann')).next('users_online')).msg.list).toEqual(['Bob', 'Ann']);
      expect(await presence(bob)).toEqual(['user_joined Bob', 'user_joined Ann']);
    });
  });

  describe.skipIf(skips)('ends a stream', () => {
    it('with 4001 when its token expires, and keeps its user in the room', async () => {
      await using server = await start({ PRESENCE_GRACE: '60s' });
      const bob = await chat(server, 'Bob');
      const late = await openEvents(server, { token: await tokenOf('Ann', { exp: nowS() - 3 }) });
      expect(await late.closed()).toBe(4001);
      expect(JSON.parse(late.events.at(-1)!.data)).toEqual({ code: 4001, reason: 'token_expired' });
      expect((await (await stream(server, 'Ann')).next('users_online')).msg.list).toEqual(['Bob', 'Ann']);
      expect(await presence(bob)).toEqual(['user_joined Bob', 'user_joined Ann']);
    });

    const revocations: [name: string, revoke: (server: TestServer, token: string) => Promise<Answer>][] = [
      ['logout', (server, token) => request(server, 'POST', '/logout', bearer(token))],
      [
        'an operator disables the user',
        (server) => request(server, 'POST', '/admin/users/id%20of%20Ann/disable', bearer(testAdminToken)),
      ],
    ];
    it.each(revocations)('with 4003 after %s, and removes its user at once', async (_name, revoke) => {
      await using server = await start({ PRESENCE_GRACE: '60s' });
      const bob = await chat(server, 'Bob');
      const token = await tokenOf('Ann');
      const ann = await openEvents(server, { token });
      await ann.next('user_joined');
      expect((await revoke(server, token)).status).toBe(204);
      expect(await ann.closed()).toBe(4003);
      expect(JSON.parse(ann.events.at(-1)!.data).reason).toBe('access_revoked');
      expect((await bob.next('user_left')).msg.username).toBe('Ann');
      await expect(openEvents(server, { token })).rejects.toThrow(/401 invalid_token|403 user_disabled/);
    });

    it('with 1001 when the server stops, which waits until its client has read that', async () => {
      const server = await start();
      const readers = await Promise.all(['Ann', 'Bob', 'Cleo'].map((name) => stream(server, name)));
      const tab = await chat(server, 'Dan');
      for (const reader of readers) await reader.next('users_online');
      tab.say('last words');
      for (const reader of readers) await reader.next('chat_message');
      await server.stop();
      for (const reader of readers) {
        expect(await reader.closed()).toBe(1001);
        expect(JSON.parse(reader.events.at(-1)!.data).reason).toBe('going_away');
      }
      expect(server.counts.events.closed.server[1001]).toBe(3);
    });
  });

  describe.skipIf(skips)('counts streams and WebSockets together', () => {
    it('for too_many_sessions, and frees a place when one ends', async () => {
      await using server = await start({ MAX_SESSIONS_PER_USER: '3' });
      const streams = [await stream(server, 'Ann'), await stream(server, 'Ann')];
      const tab = await chat(server, 'Ann');
      const join = isShared ? stream : chat;
      await expect(join(server, 'Ann')).rejects.toThrow('429 too_many_sessions');
      await streams[0]!.leave();
      await stream(server, 'Ann');
      await tab.close();
      await chat(server, 'Ann');
      await streams[1]!.next('users_online');
    });

    it('for name_in_use', async () => {
      await using server = await start();
      const ann = await stream(server, 'Ann');
      const other = await mint({ id: 'another id', username: 'Ann' });
      await expect(openEvents(server, { token: other })).rejects.toThrow('409 name_in_use');
      await expect(connect(server, { token: other })).rejects.toThrow('409 name_in_use');
      await ann.leave();
      const tab = await connect(server, { token: other });
      await tab.next('users_online');
      await expect(stream(server, 'Ann')).rejects.toThrow('409 name_in_use');
    });

    it('for MAX_SESSIONS', async () => {
      await using server = await start({ MAX_SESSIONS: '2' });
      const [ann] = [await stream(server, 'Ann'), await chat(server, 'Bob')];
      await expect(stream(server, 'Cleo')).rejects.toThrow('503 server_full');
      expect((await handshake(server, { token: await tokenOf('Cleo') })).json.code).toBe('server_full');
      await ann.leave();
      await stream(server, 'Cleo');
    });
  });
});

it.skipIf(!shared)('ends streams with 1012 when Redis has lost the room, and lets them reconnect', async () => {
  const own = await startRedis();
  onTestFinished(() => own.remove());
  await using server = await startTestServer({ env: { ...shared!.env(), REDIS_URL: own.uri() } });
  const readers = [await stream(server, 'Ann'), await stream(server, 'Bob')];
  const tab = await chat(server, 'Cleo');
  for (const reader of readers) await reader.next('users_online');
  await own.restart({ keepData: false });
  for (const reader of readers) {
    expect(await reader.closed()).toBe(1012);
    expect(JSON.parse(reader.events.at(-1)!.data).reason).toBe('service_restart');
  }
  expect(await tab.closed()).toBe(1012);
  const ready = async (): Promise<boolean> => (await request(server, 'GET', '/readyz')).status === 200;
  while (!(await ready()));
  const back = await stream(server, 'Ann', { lastEventId: readers[0]!.lastEventId() });
  expect((await back.next('users_online')).msg.recovered).toBe(false);
});

it('keeps a stream open with comments, one in each HEARTBEAT_INTERVAL', async () => {
  await using server = await startTestServer({ env: { HEARTBEAT_INTERVAL: '1s' } });
  const startMs = performance.now();
  const ann = await stream(server, 'Ann');
  await ann.next('user_joined');
  await until(() => ann.comments.length === 3, 'three comments');
  // The first one comes after half of the interval at the earliest.
  expect(performance.now() - startMs).toBeGreaterThan(2_400);
  expect(ann.events.map(({ type }) => type)).toEqual(['users_online', 'user_joined']);
  expect(ann.socket.destroyed).toBe(false);
});

it('replaces a dead WebSocket by a stream', async () => {
  await using server = await startTestServer({ env: { MAX_SESSIONS_PER_USER: '2' } });
  const token = await tokenOf('Ann');
  const alive = await stream(server, 'Ann');
  const dead = await joinRaw(server, token);
  dead.resume();
  onTestFinished(() => void dead.destroy());
  const cut = once(dead, 'close');
  const back = await openEvents(server, { token });
  await back.next('users_online');
  await cut;
  expect(alive.socket.destroyed).toBe(false);
});

it('stops without a client that reads the close and never ends its side', async () => {
  const server = await startTestServer();
  const socket = dial({ host: server.host, port: server.port, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk));
  socket.write(eventRequest({ token: await tokenOf('Ann') }));
  await until(() => text.includes('event: user_joined'), 'the stream');
  const ended = once(socket, 'end');
  await server.stop();
  await ended;
  expect(text.endsWith('event: close\ndata: {"code":1001,"reason":"going_away"}\n\n')).toBe(true);
  expect(server.counts.events.closed.server[1001]).toBe(1);
});
