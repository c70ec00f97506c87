/** Nodes with external users: Redis is their only store. */
import { Redis as Client } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { MessagePage } from '../../generated/http/index.ts';
import { type Chat, connect, lastId, messagesOf } from '../harness/chat.ts';
import { request } from '../harness/http.ts';
import { noRedis, type Redis, startRedis } from '../harness/redis.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { type Issuer, startIssuer } from '../unit/auth/issuer.ts';

const poll = { timeout: 15_000, interval: 20 };

describe.skipIf(noRedis)('several nodes on Redis alone', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  async function room() {
    const issuer = await startIssuer();
    const url = redis.uri();
    const env = { ...issuer.env, MONGODB_URI: '', REDIS_URL: url };
    const start = async (): Promise<TestServer> => {
      const server = await startTestServer({ env });
      onTestFinished(() => server.stop());
      return server;
    };
    return { issuer, url, start };
  }

  const tokenOf = (issuer: Issuer, username: string): Promise<string> =>
    issuer.sign('k1', { id: `id of ${username}`, username, jti: crypto.randomUUID() });
  const textsOf = (chat: Chat): string[] => messagesOf(chat).map(({ msg }) => msg.text);
  async function pageOf(node: TestServer, token: string): Promise<MessagePage> {
    const answer = await request(node, 'GET', '/messages', { headers: { Authorization: `Bearer ${token}` } });
    return answer.json as unknown as MessagePage;
  }

  it('keep messages and revocations there: every node returns the same, also one that starts later', async () => {
    const { issuer, start } = await room();
    const [a, b] = [await start(), await start()];
    const [tokenOfAnn, tokenOfBob] = [await tokenOf(issuer, 'Ann'), await tokenOf(issuer, 'Bob')];
    const [ann, bob] = [await connect(a, { token: tokenOfAnn }), await connect(b, { token: tokenOfBob })];
    for (const text of ['1', '2', '3']) ann.say(text);
    await expect.poll(() => textsOf(bob), poll).toEqual(['1', '2', '3']);
    await request(b, 'POST', '/logout', { headers: { Authorization: `Bearer ${tokenOfAnn}` } });
    expect(await ann.closed()).toBe(4_003);
    await bob.close();
    await Promise.all([a.stop(), b.stop()]);

    const c = await start();
    expect(await pageOf(c, tokenOfBob)).toMatchObject({ messages: messagesOf(bob), gaps: [] });
    await expect(connect(c, { token: tokenOfAnn })).rejects.toThrow('401');
    const again = await connect(c, { token: tokenOfBob, lastEventId: messagesOf(bob)[0]!.id });
    expect((await again.next('users_online')).msg).toEqual({ list: [], users: [], recovered: true });
    await expect.poll(() => textsOf(again), poll).toEqual(['2', '3']);
  });

  it.each([
    [true, ['before', 'after']],
    [false, ['after']],
  ])('report a gap after Redis restarts (with its data: %s)', async (keepData, kept) => {
    const { issuer, url, start } = await room();
    const node = await start();
    const token = await tokenOf(issuer, 'Ann');
    const ann = await connect(node, { token });
    ann.say('before');
    await ann.next('chat_message');
    const seen = lastId(ann);
    // Until then only the node has it, and would store it afterwards.
    const client = new Client(url);
    onTestFinished(() => client.disconnect());
    await expect.poll(() => client.zcard('palaver:{main}:history:ids'), poll).toBe(1);
    client.disconnect();
    await redis.restart({ keepData });
    expect(await ann.closed()).toBe(1_012);
    let again: Chat | undefined;
    await expect
      .poll(async () => {
        again = await connect(node, { token, lastEventId: seen }).catch(() => undefined);
        return again;
      }, poll)
      .toBeDefined();
    expect((await again!.next('users_online')).msg).toEqual({ list: [], users: [], recovered: false });
    again!.say('after');
    await again!.next('chat_message');
    await expect.poll(async () => (await pageOf(node, token)).messages.map(({ msg }) => msg.text), poll).toEqual(kept);
    const { gaps } = await pageOf(node, token);
    expect(gaps.map((gap) => gap > seen && gap < lastId(again!))).toEqual([true]);
  });
});
