/** Nodes whose Redis runs but cannot do its work. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis as Client } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { MessagePage } from '../../generated/http/index.ts';
import { type Chat, connect, lastId, messagesOf } from '../harness/chat.ts';
import { request } from '../harness/http.ts';
import { root } from '../harness/process.ts';
import { noRedis, type Redis, startRedis } from '../harness/redis.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { type Issuer, startIssuer } from '../unit/auth/issuer.ts';

const poll = { timeout: 15_000, interval: 20 };
type Line = Readonly<Record<string, unknown>>;

describe.skipIf(noRedis)('a node without a database', () => {
  async function ownRedis(settings: Readonly<Record<string, string>> = {}): Promise<[Redis, Client]> {
    const redis = await startRedis(undefined, { databases: '16', ...settings });
    const client = new Client(redis.port, { retryStrategy: null });
    client.on('error', () => {});
    onTestFinished(async () => {
      client.disconnect();
      await redis.remove();
    });
    return [redis, client];
  }

  async function node(url: string, more: Readonly<Record<string, string>> = {}) {
    const issuer = await startIssuer();
    const lines: Line[] = [];
    const env = { ...issuer.env, MONGODB_URI: '', REDIS_URL: url, LOG_LEVEL: 'info', NODE_LEASE: '2s', ...more };
    const server = await startTestServer({ env, onLogLine: (line) => lines.push(JSON.parse(line)) });
    onTestFinished(() => server.stop());
    const events = (...names: string[]): string[] =>
      lines.flatMap(({ event, use }) => (names.includes(`${event}`) ? [use ? `${event} ${use}` : `${event}`] : []));
    return { issuer, server, lines, events };
  }

  const tokenOf = (issuer: Issuer, username: string): Promise<string> =>
    issuer.sign('k1', { id: `id of ${username}`, username, jti: crypto.randomUUID() });
  const ready = (server: TestServer) =>
    request(server, 'GET', '/readyz').then(({ status, json }) => [status, json.code ?? 'ready']);
  async function textsKept(server: TestServer, token: string): Promise<string[]> {
    const answer = await request(server, 'GET', '/messages', { headers: { Authorization: `Bearer ${token}` } });
    if (answer.status !== 200) return [`${answer.status}`];
    return (answer.json as unknown as MessagePage).messages.map(({ msg }) => msg.text);
  }
  async function joined(server: TestServer, token: string): Promise<Chat> {
    let chat: Chat | undefined;
    await expect
      .poll(async () => {
        chat = await connect(server, { token }).catch(() => undefined);
        return chat;
      }, poll)
      .toBeDefined();
    return chat!;
  }
  async function logout(server: TestServer, token: string): Promise<number> {
    const answer = await request(server, 'POST', '/logout', { headers: { Authorization: `Bearer ${token}` } });
    return answer.status;
  }

  it('continues on the new master after a planned failover, with its history, revocations and limits', async () => {
    const [[first, firstClient], [second, secondClient]] = [await ownRedis(), await ownRedis()];
    const proxy = await startTcpProxy(first.port);
    onTestFinished(() => proxy.close());
    const { issuer, server, events } = await node(`redis://127.0.0.1:${proxy.port}`, { RATE_LIMIT_FRAMES: '1000' });
    const token = await tokenOf(issuer, 'Ann');
    const ann = await connect(server, { token });
    ann.say('before');
    await ann.next('chat_message');
    await expect.poll(() => textsKept(server, token), poll).toEqual(['before']);
    await secondClient.replicaof('127.0.0.1', first.port);
    await expect.poll(() => secondClient.info('replication'), poll).toMatch(/master_link_status:up/);

    // The address still leads to the old master for a while.
    await secondClient.replicaof('NO', 'ONE');
    await firstClient.replicaof('127.0.0.1', second.port);
    await expect.poll(() => ready(server), poll).toEqual([503, 'unavailable']);
    await expect
      .poll(async () => (await request(server, 'GET', '/readyz')).json.detail, poll)
      .toMatch(/Redis can.*The store can/);
    proxy.moveTo(second.port);
    await expect.poll(() => ready(server), poll).toEqual([200, 'ready']);
    const again = await joined(server, token);
    again.say('after');
    await again.next('chat_message');
    await expect.poll(() => textsKept(server, token), poll).toEqual(['before', 'after']);
    expect(await logout(server, await tokenOf(issuer, 'Bob'))).toBe(204);
    const counted = async (): Promise<string[]> => {
      // Reading a page counts as a frame.
      await textsKept(server, token);
      return secondClient.keys('palaver:{main}:limit:*');
    };
    await expect.poll(counted, poll).not.toEqual([]);
    await expect
      .poll(() => events('redis_unusable', 'redis_usable').sort(), poll)
      .toEqual(['redis_unusable limits', 'redis_unusable store', 'redis_usable limits', 'redis_usable store']);
    expect(events('history_lost')).toEqual([]);
  });

  it('keeps messages while Redis refuses writes, logs it, and stores them afterwards', async () => {
    const [redis, client] = await ownRedis();
    const { issuer, server, events } = await node(`redis://127.0.0.1:${redis.port}/3`);
    const token = await tokenOf(issuer, 'Ann');
    const ann = await connect(server, { token });
    ann.say('before');
    await ann.next('chat_message');
    await client.select(3);
    await expect.poll(() => client.zcard('palaver:{main}:history:ids'), poll).toBe(1);
    await client.config('SET', 'maxmemory', '1');
    await expect.poll(() => ready(server), poll).toEqual([503, 'unavailable']);
    ann.say('refused');
    expect((await ann.next('error')).msg.code).toBe('unavailable');
    await expect.poll(() => textsKept(server, token), poll).toEqual(['before']);
    await client.config('SET', 'maxmemory', '0');
    await expect.poll(() => ready(server), poll).toEqual([200, 'ready']);
    ann.say('after');
    await expect.poll(() => messagesOf(ann).map(({ msg }) => msg.text), poll).toEqual(['before', 'after']);
    await expect.poll(() => textsKept(server, token), poll).toEqual(['before', 'after']);
    expect(events('redis_lost', 'redis_back')).toEqual(['redis_lost', 'redis_back']);
  });

  it('runs with exactly the permissions in the guide', async () => {
    const guide = readFileSync(join(root, 'docs/guide/multiple-nodes.md'), 'utf8');
    const [, rules] = /^\s*ACL SETUSER palaver (.*)$/m.exec(guide)!;
    const [redis, client] = await ownRedis();
    await client.acl('SETUSER', 'palaver', ...rules!.replace('PASSWORD', 'word').split(' '));
    const url = `redis://palaver:word@127.0.0.1:${redis.port}/2`;
    const { issuer, server, lines } = await node(url, { RATE_LIMIT_FRAMES: '1000', HISTORY_MAX_COUNT: '2' });
    const [token, other] = [await tokenOf(issuer, 'Ann'), await tokenOf(issuer, 'Bob')];
    const [ann, bob] = [await connect(server, { token }), await connect(server, { token: other })];
    for (const text of ['1', '2', '3']) ann.say(text, `nonce ${text}`);
    await expect.poll(() => messagesOf(bob).length, poll).toBe(3);
    ann.say('3', 'nonce 3');
    await expect.poll(() => messagesOf(ann).length, poll).toBe(4);
    await expect.poll(() => textsKept(server, token), poll).toEqual(['1', '2', '3']);
    expect(await ready(server)).toEqual([200, 'ready']);
    expect(await logout(server, other)).toBe(204);
    expect(await bob.closed()).toBe(4_003);
    await ann.close();
    await server.stop();

    const next = await node(url, { HISTORY_MAX_COUNT: '2' });
    const again = await tokenOf(next.issuer, 'Ann');
    await expect.poll(() => textsKept(next.server, again), poll).toEqual(['2', '3']);
    await joined(next.server, again);
    expect([...lines, ...next.lines].filter(({ level }) => Number(level) > 30)).toEqual([]);
    const denied = (await client.acl('LOG')) as unknown[];
    expect(denied).toEqual([]);
  });

  it('warns at the start that Redis may evict, and again when the policy changes', async () => {
    const [redis, client] = await ownRedis({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' });
    const { lines, events } = await node(`redis://127.0.0.1:${redis.port}`);
    const policies = () => lines.flatMap(({ event, policy }) => (event === 'redis_may_evict' ? [policy] : []));
    expect(policies()).toEqual(['allkeys-lru']);
    const relink = async (): Promise<void> => {
      const before = events('redis_back').length;
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await expect.poll(() => events('redis_back').length, poll).toBeGreaterThan(before);
    };
    await relink();
    expect(policies()).toEqual(['allkeys-lru']);
    await client.config('SET', 'maxmemory-policy', 'volatile-ttl');
    await relink();
    await expect.poll(policies, poll).toEqual(['allkeys-lru', 'volatile-ttl']);
  });

  it.each([
    ['noeviction', '100mb'],
    ['allkeys-lru', '0'],
  ])('does not warn of %s with a maxmemory of %s', async (policy, maxmemory) => {
    const [redis] = await ownRedis({ maxmemory, 'maxmemory-policy': policy });
    const { events } = await node(`redis://127.0.0.1:${redis.port}`);
    expect(events('redis_may_evict')).toEqual([]);
  });

  /** Two nodes of one room, with one user on each. */
  async function twoNodes() {
    const [redis, client] = await ownRedis();
    const url = `redis://127.0.0.1:${redis.port}`;
    const [one, other] = [await node(url), await node(url)];
    const tokens = { Ann: await tokenOf(one.issuer, 'Ann'), Bob: await tokenOf(other.issuer, 'Bob') };
    const [ann, bob] = [
      await connect(one.server, { token: tokens.Ann }),
      await connect(other.server, { token: tokens.Bob }),
    ];
    ann.say('before');
    await bob.next('chat_message');
    return { client, one, other, tokens, ann, bob };
  }

  const parts = ['state', 'log', 'sessions', 'counts', 'names', 'folds', 'holders', 'roster', 'leases', 'leaving'];
  it.each([...parts.map((part) => [part]), ['names', 'folds', 'holders', 'counts', 'roster']])(
    'starts the room over and logs it after Redis has evicted %s of it',
    async (...evicted) => {
      const { client, one, other, tokens, ann, bob } = await twoNodes();
      const seen = lastId(ann);
      await client.del(...evicted.map((part) => `palaver:{main}:${part}`));
      expect(await Promise.all([ann.closed(), bob.closed()])).toEqual([1_012, 1_012]);
      await joined(one.server, tokens.Ann);
      const again = await joined(other.server, tokens.Bob);
      const { msg } = await again.next('users_online');
      expect(msg.list).toEqual(['Ann']);
      again.say('after');
      expect((await again.next('chat_message')).id > seen).toBe(true);
      const late = await connect(one.server, { token: await tokenOf(one.issuer, 'Cid'), lastEventId: seen });
      expect((await late.next('users_online')).msg).toMatchObject({ list: ['Ann', 'Bob'], recovered: false });
      await expect.poll(() => textsKept(one.server, tokens.Ann), poll).toEqual(['before', 'after']);
    },
  );

  it('starts the room over after a real eviction, and works as before', async () => {
    const [redis, client] = await ownRedis({ 'maxmemory-policy': 'allkeys-lru', 'maxmemory-samples': '10' });
    const { issuer, server } = await node(`redis://127.0.0.1:${redis.port}`);
    const token = await tokenOf(issuer, 'Ann');
    const ann = await connect(server, { token });
    ann.say('before');
    await ann.next('chat_message');
    const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))![1]);
    await client.config('SET', 'maxmemory', `${used + 2_000_000}`);
    let closed = false;
    const close = ann.closed().then((code) => {
      closed = true;
      return code;
    });
    for (let n = 0; n < 20_000 && !closed; n += 1) await client.set(`filler ${n}`, 'x'.repeat(10_000));
    expect(await close).toBe(1_012);
    await client.config('SET', 'maxmemory', '0');
    await joined(server, token);
    const bob = await joined(server, await tokenOf(issuer, 'Bob'));
    expect((await bob.next('users_online')).msg.list).toEqual(['Ann']);
    bob.say('after');
    expect((await bob.next('chat_message')).msg.text).toBe('after');
    await expect.poll(() => textsKept(server, token), poll).toContain('after');
    expect(await ready(server)).toEqual([200, 'ready']);
  });

  it('continues a room that a node of version 0.1 has begun', async () => {
    const { client, one, ann } = await twoNodes();
    const key = (part: string): string => `palaver:{main}:${part}`;
    await client
      .multi()
      .hset(key('state'), 'guarded', '1')
      .zrem(key('sessions'), '')
      .zrem(key('leases'), '')
      .zrem(key('leaving'), '')
      .exec();
    for (const _ of ['once', 'twice']) {
      const ticked = await client.hget(key('state'), 'ticked');
      await expect.poll(() => client.hget(key('state'), 'ticked'), poll).not.toBe(ticked);
    }
    ann.say('after');
    await ann.next('chat_message');
    expect(one.events('redis_lost')).toEqual([]);
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await expect.poll(() => client.zcard(key('leaving')), poll).toBe(1);
    // The other node may have reconnected first.
    await expect.poll(() => one.events('redis_back'), poll).toEqual(['redis_back']);
    ann.say('later');
    expect((await ann.next('chat_message')).msg.text).toBe('later');
  });

  it('starts over with later ids after the clock of Redis was a day ahead', async () => {
    const { client, one, tokens, ann } = await twoNodes();
    const seen = lastId(ann);
    const tomorrow = Date.now() + 86_400_000;
    await client.hset('palaver:{main}:state', 'time', `${tomorrow}`);
    expect(await ann.closed()).toBe(1_012);
    const again = await joined(one.server, tokens.Ann);
    again.say('after');
    const { id, sent_at } = await again.next('chat_message');
    expect(id > seen).toBe(true);
    expect(Date.parse(sent_at)).toBeLessThan(tomorrow - 3_600_000);
  });
});
