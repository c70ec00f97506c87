/** Polls several nodes, and a node whose Redis is down. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ChatMessage } from '../../../generated/chat/index.ts';
import type { MessagePage } from '../../../generated/http/index.ts';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { connect, lastId, messagesOf } from '../../harness/chat.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { request } from '../../harness/http.ts';
import { noRedis, type Redis, startRedis } from '../../harness/redis.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { type Issuer, startIssuer } from '../../unit/auth/issuer.ts';

const poll = { timeout: 15_000, interval: 20 };

describe.skipIf(noRedis)('polling over Redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  const tokenOf = (issuer: Issuer, username: string): Promise<string> =>
    issuer.sign('k1', { id: `id of ${username}`, username, jti: crypto.randomUUID() });
  async function pageOf(node: TestServer, token: string, query: string): Promise<MessagePage> {
    const answer = await request(node, 'GET', `/messages?${query}`, { headers: { Authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    return answer.json as unknown as MessagePage;
  }

  it('reads every message once, from nodes in turn', async () => {
    const issuer = await startIssuer();
    const env = { ...issuer.env, MONGODB_URI: '', REDIS_URL: redis.uri() };
    await using a = await startTestServer({ env });
    await using b = await startTestServer({ env });
    const [ann, bob] = [
      await connect(a, { token: await tokenOf(issuer, 'Ann') }),
      await connect(b, { token: await tokenOf(issuer, 'Bob') }),
    ];
    const reader = await tokenOf(issuer, 'Reader');
    const polled: ChatMessage[] = [];
    let at = '0';
    for (let round = 1; polled.length < 100; round += 1) {
      if (round <= 50) for (const chat of [ann, bob]) chat.say(`${round}`);
      const { messages, after, as_of } = await pageOf(round % 2 ? a : b, reader, `limit=3&after=${at}`);
      const next = after ?? as_of!;
      expect(next >= at).toBe(true);
      polled.push(...messages);
      at = next;
    }
    while (messagesOf(ann).length < 100) await ann.next('chat_message');
    expect(polled).toEqual(messagesOf(ann));
  });

  it('has no as_of while Redis is down, and goes on once it is back', async () => {
    const issuer = await startIssuer();
    const database = openSqlite(temporaryFolder());
    onTestFinished(() => database.close());
    const env = { ...issuer.env, MONGODB_URI: '', REDIS_URL: redis.uri() };
    await using node = await startTestServer({ env, messages: sqliteMessageStore(database) });
    const ann = await connect(node, { token: await tokenOf(issuer, 'Ann') });
    ann.say('kept');
    await ann.next('chat_message');
    const token = await tokenOf(issuer, 'Reader');
    const { as_of } = await pageOf(node, token, 'after=0');
    expect(as_of).toBe(lastId(ann));
    await redis.stop();
    await expect.poll(async () => (await pageOf(node, token, 'after=0')).as_of, poll).toBeUndefined();
    expect(await pageOf(node, token, 'after=0')).toEqual({ messages: messagesOf(ann), gaps: [] });
    expect(await pageOf(node, token, '')).toEqual({ messages: messagesOf(ann), gaps: [] });
    await redis.start();
    await expect.poll(async () => (await pageOf(node, token, `after=${as_of}`)).as_of, poll).toBeDefined();
    const back = await pageOf(node, token, `after=${as_of}`);
    expect([back.messages, back.as_of! >= as_of!]).toEqual([[], true]);
  });
});
