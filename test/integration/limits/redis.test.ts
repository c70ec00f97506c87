import { Redis as Client } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { keepRedis } from '../../../src/broker/redis.ts';
import { inRedis } from '../../../src/limits/limiter.ts';
import { noRedis, type Redis, startRedis } from '../../harness/redis.ts';
import { startTcpProxy } from '../../harness/tcp-proxy.ts';

const poll = { timeout: 15_000, interval: 20 };
const key = 'palaver:{main}';

describe.skipIf(noRedis)('limits that count in Redis', () => {
  let redis: Redis;
  let client: Client;
  beforeAll(async () => {
    redis = await startRedis();
    client = new Client(redis.port);
  });
  afterAll(async () => {
    client.disconnect();
    await redis.remove();
  });

  it('wait for a silent Redis once, count on each node meanwhile, and in Redis again afterwards', async () => {
    const proxy = await startTcpProxy(redis.port);
    const url = `redis://127.0.0.1:${proxy.port}`;
    const kept = await keepRedis(url, { key, use: 'limits', answerTimeoutMs: 300 });
    onTestFinished(async () => {
      kept.close();
      await proxy.close();
    });
    const limiter = inRedis(kept, key)('frames', { points: 5_000, durationS: 600 });
    await limiter.consume('ann');
    proxy.stall();
    const first = Array.from({ length: 10 }, () => limiter.consume('ann'));
    await Promise.all(first);
    expect(kept.fault?.message).toMatch(/127\.0\.0\.1/);
    for (let n = 0; n < 1_000; n += 1) await limiter.consume('ann');
    proxy.resume();
    await expect.poll(() => kept.fault, poll).toBeUndefined();
    await limiter.consume('ann');
    // The client has not sent any of the thousand.
    expect(Number(await client.get(`${key}:limit:frames:ann`))).toBeLessThanOrEqual(12);
    expect(Number(await client.get(`${key}:limit:frames:ann`))).toBeGreaterThan(1);
  });

  it('count on each node while Redis takes no writes, and in Redis again afterwards', async () => {
    const kept = await keepRedis(`redis://127.0.0.1:${redis.port}/1`, { key, use: 'limits', answerTimeoutMs: 1_000 });
    onTestFinished(() => kept.close());
    const limiter = inRedis(kept, key)('frames', { points: 2, durationS: 600 });
    await client.config('SET', 'maxmemory', '1');
    await limiter.consume('bob');
    await limiter.consume('bob');
    await expect(limiter.consume('bob')).rejects.toMatchObject({ consumedPoints: 3 });
    await client.config('SET', 'maxmemory', '0');
    await expect(limiter.consume('bob')).resolves.toMatchObject({ consumedPoints: 1 });
  });
});
