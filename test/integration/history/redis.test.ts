import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { keepRedis } from '../../../src/broker/redis.ts';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { openRedisDatabase } from '../../../src/database/redis.ts';
import type { StoredMessage } from '../../../src/history/message-store.ts';
import { redisMessageStore } from '../../../src/history/redis.ts';
import { redisRevocationStore } from '../../../src/revocations/redis.ts';
import { noRedis, type Redis, startRedis } from '../../harness/redis.ts';
import { messageStoreSuite } from '../../suites/message-store.ts';
import { revocationStoreSuite } from '../../suites/revocation-store.ts';

const message = (id: string): StoredMessage => ({
  id,
  sentAt: '2026-01-01T00:00:00.000Z',
  userId: '1',
  msg: { from_user: 'Ann', text: id },
});

describe.skipIf(noRedis)('the stores in Redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  const open = async () =>
    openRedisDatabase(await keepRedis(redis.uri(), { key: 'room', use: 'store', answerTimeoutMs: 500 }), 'room');
  messageStoreSuite('Redis', async () => {
    const database = await open();
    return { store: redisMessageStore(database), close: database.close };
  });
  revocationStoreSuite('Redis', async () => {
    const database = await open();
    return { store: redisRevocationStore(database), close: database.close };
  });

  it('are unavailable while Redis does not answer, is full, or is stopped', async () => {
    const database = await open();
    onTestFinished(() => database.close());
    const store = redisMessageStore(database);
    const run = { epoch: '1', lastId: undefined };
    await redis.hang();
    await expect(store.putRun(run)).rejects.toThrow(StoreUnavailable);
    redis.wake();
    await expect.poll(() => store.putRun(run).then(() => 'kept', String)).toBe('kept');
    await database.redis.config('SET', 'maxmemory', '1');
    await expect(store.putRun(run)).rejects.toThrow(StoreUnavailable);
    await expect(store.append([], ['1-1'])).rejects.toThrow(StoreUnavailable);
    await database.redis.config('SET', 'maxmemory', '0');
    await redis.stop();
    await expect(database.ping()).rejects.toThrow(StoreUnavailable);
    await redis.start();
    await expect.poll(() => store.runs().catch(String)).toEqual([run]);
  });

  it.each([
    ['ids', ['1-1', '1-2', '1-3'], []],
    ['bodies', ['1-3'], ['1-3']],
  ])('name the gaps where Redis has evicted the %s', async (evicted, messages, gaps) => {
    const database = await openRedisDatabase(
      await keepRedis(redis.uri(), { key: 'room', use: 'store', answerTimeoutMs: 1_000 }),
      'room',
    );
    onTestFinished(() => database.close());
    const store = redisMessageStore(database);
    await store.append([message('1-1'), message('1-2')], []);
    await database.redis.del(`room:history:${evicted}`);
    await store.append([message('1-3')], []);
    // Each way of reading repairs the history.
    const page = await (evicted === 'ids' ? store.before(undefined, 10) : store.after('0', 10));
    expect([page.messages.map(({ id }) => id), page.gaps]).toEqual([messages, gaps]);
    expect([await store.before(undefined, 10), await store.after('0', 10)]).toEqual([page, page]);
  });

  it.each([
    ['after', '0', ['1-4', '1-5'], true],
    ['before', '1-4', [], false],
  ] as const)('skip messages that are pruned while a page is read: %s', async (side, at, want, more) => {
    const database = await open();
    onTestFinished(() => database.close());
    const store = redisMessageStore(database);
    await store.append(['1-1', '1-2', '1-3', '1-4', '1-5', '1-6'].map(message), []);
    const read = database.redis.hmget.bind(database.redis) as (...args: string[]) => Promise<(string | null)[]>;
    const pruneFirst = async (...args: string[]) => {
      Object.assign(database.redis, { hmget: read });
      await store.prune('1-3', 100);
      return read(...args);
    };
    Object.assign(database.redis, { hmget: pruneFirst });
    const page = await store[side](at, 2);
    expect([page.messages.map(({ id }) => id), page.more]).toEqual([want, more]);
  });

  it('report a wrong command as an error, not as an unavailable Redis', async () => {
    const database = await open();
    onTestFinished(() => database.close());
    await database.redis.set('room:history:ids', 'a text');
    await expect(redisMessageStore(database).before(undefined, 1)).rejects.toThrow(/^WRONGTYPE/);
    await expect(redisMessageStore(database).append([], ['1'])).resolves.toBeUndefined();
  });
});
