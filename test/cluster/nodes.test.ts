/** Two nodes of one room, with faults between them and Redis. */
import { once } from 'node:events';
import { Redis as Client } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ChatMessage } from '../../generated/chat/index.ts';
import { type Chat, connect, lastId, messagesOf } from '../harness/chat.ts';
import { request } from '../harness/http.ts';
import { anyMongo, type Mongo, noMongo } from '../harness/mongo.ts';
import { joinRaw } from '../harness/raw-session.ts';
import { noRedis, type Redis, startRedis } from '../harness/redis.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { mint, testAdminToken } from '../harness/tokens.ts';

const leaseMs = 2_000;
const poll = { timeout: 15_000, interval: 20 };

let mongo: Pick<Mongo, 'uri' | 'remove'>;
let redis: Redis;

interface Node extends TestServer {
  /** Proxy between the node and Redis. */
  readonly wire: TcpProxy;
}

interface Cluster {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<Node>;
}

function cluster(more: Readonly<Record<string, string>> = {}): Cluster {
  const url = redis.uri();
  const env = { MONGODB_URI: mongo.uri(), NODE_LEASE: `${leaseMs / 1_000}s`, ...more };
  const start: Cluster['start'] = async (own = {}) => {
    const wire = await startTcpProxy(redis.port);
    const through = new URL(url);
    through.port = `${wire.port}`;
    const server = await startTestServer({ env: { ...env, REDIS_URL: through.href, ...own } });
    onTestFinished(async () => {
      wire.resume();
      await server.stop();
      await wire.close();
    });
    return { ...server, wire };
  };
  return { url, env, start };
}

async function twoNodes(more?: Readonly<Record<string, string>>) {
  const room = cluster(more);
  return { ...room, a: await room.start(), b: await room.start() };
}

const tokenOf = (name: string): Promise<string> => mint({ id: `id of ${name}`, username: name });
const join = async (node: TestServer, name: string, lastEventId?: string): Promise<Chat> =>
  connect(node, { token: await tokenOf(name), ...(lastEventId !== undefined && { lastEventId }) });
const textsOf = (chat: Chat): string[] => messagesOf(chat).map(({ msg }) => msg.text);
const heard = (chat: Chat, text: string): Promise<void> =>
  expect.poll(() => textsOf(chat), poll).toContain(text) as Promise<void>;
const typesOf = ({ frames }: Chat): string[] =>
  frames.map((frame) =>
    frame.type === 'user_joined' || frame.type === 'user_left' ? `${frame.type} ${frame.msg.username}` : frame.type,
  );
const statusOf = async (node: TestServer): Promise<number> => (await request(node, 'GET', '/readyz')).status;
const history = async (node: TestServer): Promise<ChatMessage[]> => {
  const headers = { Authorization: `Bearer ${await tokenOf('Reader')}` };
  return (await request(node, 'GET', '/messages?limit=100', { headers })).json.messages as ChatMessage[];
};
/** Joins as soon as the server admits it. */
async function back(node: TestServer, name: string, lastEventId?: string): Promise<Chat> {
  let chat: Chat | undefined;
  await expect
    .poll(async () => {
      chat = await join(node, name, lastEventId).catch(() => undefined);
      return chat;
    }, poll)
    .toBeDefined();
  return chat!;
}

describe.skipIf(noRedis ?? noMongo)('several nodes', () => {
  beforeAll(async () => {
    [mongo, redis] = await Promise.all([anyMongo(), startRedis()]);
  });
  afterAll(() => Promise.all([mongo.remove(), redis.remove()]));

  it('share one room: one message order, one roster, each join and leave once', async () => {
    const { a, b } = await twoNodes();
    const [ann, bob] = [await join(a, 'Ann'), await join(b, 'Bob')];
    expect((await bob.next('users_online')).msg.list).toEqual(['Ann']);
    const tab = await join(a, 'Bob');
    expect((await tab.next('users_online')).msg.list).toEqual(['Ann', 'Bob']);
    for (let n = 0; n < 50; n += 1) {
      ann.say(`ann ${n}`);
      bob.say(`bob ${n}`);
    }
    await Promise.all([ann, bob, tab].map((chat) => Promise.all([heard(chat, 'ann 49'), heard(chat, 'bob 49')])));
    expect(messagesOf(bob)).toEqual(messagesOf(ann));
    expect(messagesOf(tab)).toEqual(messagesOf(ann));
    await bob.close();
    ann.say('still here');
    await heard(tab, 'still here');
    await tab.close();
    await expect.poll(() => typesOf(ann).at(-1), poll).toBe('user_left Bob');
    expect(typesOf(ann).filter((type) => type.startsWith('user_'))).toEqual([
      'user_joined Ann',
      'user_joined Bob',
      'user_left Bob',
    ]);
  });

  it('replay missed messages to a user that reconnects to the other node', async () => {
    const { a, b } = await twoNodes();
    const [ann, bob] = [await join(a, 'Ann'), await join(b, 'Bob')];
    ann.say('1');
    await heard(bob, '1');
    const seen = lastId(bob);
    await bob.close();
    ann.say('2');
    await heard(ann, '2');
    const again = await join(a, 'Bob', seen);
    expect((await again.next('users_online')).msg.recovered).toBe(true);
    await heard(again, '2');
    expect(textsOf(again)).toEqual(['2']);
  });

  it('count nonces, sessions and frames of a user together', async () => {
    const { a, b } = await twoNodes({ MAX_SESSIONS_PER_USER: '2', RATE_LIMIT_FRAMES: '5' });
    const [ann, elsewhere] = [await join(a, 'Ann'), await join(b, 'Ann')];
    await expect(join(b, 'Ann')).rejects.toThrow('429 too_many_sessions');
    ann.say('once', 'n');
    const first = await ann.next('chat_message');
    await heard(elsewhere, 'once');
    elsewhere.say('twice', 'n');
    await expect.poll(() => messagesOf(elsewhere).length, poll).toBe(2);
    expect(messagesOf(elsewhere)).toEqual([first, first]);
    for (let n = 0; n < 10; n += 1) {
      ann.say('flood');
      elsewhere.say('flood');
    }
    const refused = (chat: Chat): number => chat.frames.filter(({ type }) => type === 'error').length;
    await expect.poll(() => refused(ann) + refused(elsewhere) + textsOf(ann).length - 1, poll).toBe(20);
    expect(refused(ann) + refused(elsewhere)).toBeGreaterThanOrEqual(5);
  });

  it('admit a user whose dead connections are on the other node, and close no live one', async () => {
    const { a, b } = await twoNodes({ MAX_SESSIONS_PER_USER: '2' });
    const dead = await joinRaw(a, await tokenOf('Ann'));
    dead.resume();
    onTestFinished(() => void dead.destroy());
    const living = await join(a, 'Ann');
    const gone = once(dead, 'close');
    const back = await join(b, 'Ann');
    await gone;
    await expect(join(b, 'Ann')).rejects.toThrow('429 too_many_sessions');
    back.say('both here');
    await Promise.all([heard(back, 'both here'), heard(living, 'both here')]);
  });

  it('disable a user on both', async () => {
    const { a, b } = await twoNodes();
    // Minted once: a token minted a second later would be another one.
    const token = await tokenOf('Bob');
    const [ann, bob] = [await join(b, 'Ann'), await connect(b, { token })];
    const admin = { headers: { Authorization: `Bearer ${testAdminToken}` } };
    await request(a, 'POST', '/admin/users/id%20of%20Ann/disable', admin);
    expect(await ann.closed()).toBe(4_003);
    await expect(join(b, 'Ann')).rejects.toThrow('403');
    await request(a, 'POST', '/admin/users/id%20of%20Ann/enable', admin);
    const tab = await back(b, 'Ann');
    // The refusal is not published, so there is no position to wait for.
    await request(a, 'POST', '/admin/users/nobody/disable', admin);
    const resumed = await join(b, 'Ann', lastId(tab));
    expect((await resumed.next('users_online')).msg).toMatchObject({ list: ['Bob', 'Ann'], recovered: true });
    await request(a, 'POST', '/logout', { headers: { Authorization: `Bearer ${token}` } });
    expect(await bob.closed()).toBe(4_003);
  });

  it('store delivered messages from whichever node can', async () => {
    const room = cluster();
    const a = await room.start();
    const b = await room.start();
    const ann = await join(a, 'Ann');
    ann.say('kept');
    await heard(ann, 'kept');
    await expect.poll(async () => (await history(b)).map(({ msg }) => msg.text), poll).toEqual(['kept']);
    await a.stop();
    await b.stop();
    const c = await room.start();
    await expect.poll(async () => history(c), poll).toEqual(messagesOf(ann));
  });

  it('end the sessions of a node that is cut off for longer than its lease, and let it start over', async () => {
    const { a, b } = await twoNodes();
    const [ann, bob] = [await join(a, 'Ann'), await join(b, 'Bob')];
    await expect.poll(() => typesOf(ann), poll).toContain('user_joined Bob');
    const seen = lastId(ann);
    a.wire.stall();
    ann.say('into the void', 'n');
    await expect.poll(() => typesOf(bob).at(-1), poll).toBe('user_left Ann');
    bob.say('gone?');
    await heard(bob, 'gone?');
    expect(textsOf(ann)).toEqual([]);
    a.wire.resume();
    expect(await ann.closed()).toBe(1_012);
    expect(ann.frames.filter(({ type }) => type === 'error')).toHaveLength(1);
    const again = await back(a, 'Ann', seen);
    expect((await again.next('users_online')).msg).toMatchObject({ list: ['Bob'], recovered: true });
    await heard(again, 'gone?');
    expect(textsOf(bob)).toEqual(['gone?']);
    await expect
      .poll(() => typesOf(bob).filter((type) => type.endsWith(' Ann')), poll)
      .toEqual(['user_left Ann', 'user_joined Ann']);
  });

  it('keep all sessions and messages when Redis is out of reach for a moment', async () => {
    const { a, b } = await twoNodes();
    const [ann, bob] = [await join(a, 'Ann'), await join(b, 'Bob')];
    await expect.poll(() => typesOf(ann), poll).toContain('user_joined Bob');
    await a.wire.down();
    a.wire.cut();
    await expect.poll(() => statusOf(a), poll).toBe(503);
    expect(await statusOf(b)).toBe(200);
    ann.say('not now', 'n');
    expect((await ann.next('error')).msg).toMatchObject({ code: 'unavailable', nonce: 'n' });
    await expect(join(a, 'Cleo')).rejects.toThrow('503 unavailable');
    bob.say('meanwhile');
    await heard(bob, 'meanwhile');
    await a.wire.up();
    await heard(ann, 'meanwhile');
    await expect.poll(() => statusOf(a), poll).toBe(200);
    ann.say('again', 'n');
    await heard(bob, 'again');
    expect(messagesOf(ann)).toEqual(messagesOf(bob));
  });

  it('wait once for a Redis that doesn’t answer, not once for each frame', async () => {
    const { a } = await twoNodes({ RATE_LIMIT_FRAMES: '1000' });
    const ann = await join(a, 'Ann');
    await ann.next('users_online');
    a.wire.stall();
    // A second each, one after the other, would be far too long.
    for (let n = 0; n < 60; n += 1) ann.say(`into the void ${n}`);
    await expect.poll(() => typesOf(ann).filter((type) => type === 'error').length, poll).toBe(60);
  });

  it.each([true, false])('begin a new epoch after Redis restarts (with its data: %s)', async (keepData) => {
    const { a, b } = await twoNodes();
    const [ann, bob] = [await join(a, 'Ann'), await join(b, 'Bob')];
    ann.say('before');
    await heard(bob, 'before');
    const seen = lastId(bob);
    await expect.poll(async () => (await history(a)).length, poll).toBe(1);
    await redis.stop();
    await expect.poll(async () => [await statusOf(a), await statusOf(b)], poll).toEqual([503, 503]);
    bob.say('not now');
    expect((await bob.next('error')).msg.code).toBe('unavailable');
    await redis.start({ keepData });
    expect(await Promise.all([ann.closed(), bob.closed()])).toEqual([1_012, 1_012]);
    const again = await back(a, 'Bob', seen);
    const { msg, id } = await again.next('users_online');
    expect(msg).toEqual({ list: [], users: [], recovered: false });
    expect(id > seen).toBe(true);
    again.say('after');
    await heard(again, 'after');
    await expect
      .poll(async () => (await history(b)).map((message) => message.msg.text), poll)
      .toEqual(['before', 'after']);
    const page = await request(b, 'GET', '/messages', {
      headers: { Authorization: `Bearer ${await tokenOf('Reader')}` },
    });
    const gaps = page.json.gaps as string[];
    expect(gaps.map((gap) => gap > seen && gap < lastId(again))).toEqual([true]);
  });

  it('report a gap where the stream has lost entries that a node has not read', async () => {
    const { a, b, url } = await twoNodes();
    const [ann, bob] = [await join(a, 'Ann'), await join(b, 'Bob')];
    await expect.poll(() => typesOf(ann), poll).toContain('user_joined Bob');
    const seen = lastId(ann);
    await a.wire.down();
    a.wire.cut();
    bob.say('lost to Ann');
    bob.say('and this');
    await heard(bob, 'and this');
    const client = new Client(url);
    onTestFinished(() => client.disconnect());
    await client.xtrim('palaver:{main}:log', 'MAXLEN', 1);
    await a.wire.up();
    expect(await ann.closed()).toBe(1_012);
    const again = await back(a, 'Ann', seen);
    expect((await again.next('users_online')).msg.recovered).toBe(false);
    expect(textsOf(ann)).toEqual([]);
  });

  it('store the messages that a dead node had not stored', async () => {
    const room = cluster();
    const a = await room.start();
    const ann = await join(a, 'Ann');
    ann.say('delivered');
    await heard(ann, 'delivered');
    await expect.poll(async () => (await history(a)).length, poll).toBe(1);
    await a.stop();
    // As if the node had stored nothing: with each tick it notes in Redis the last id that it has stored.
    const client = new Client(room.url);
    onTestFinished(() => client.disconnect());
    await client.hdel('palaver:{main}:state', 'stored');
    const b = await room.start({ MONGODB_URI: mongo.uri() });
    await expect.poll(async () => history(b), poll).toEqual(messagesOf(ann));
  });
});
