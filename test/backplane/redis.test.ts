import { pino } from 'pino';
import { afterAll, describe } from 'vitest';
import { createRedisBackplane } from '../../src/backplane/redis.ts';
import { createRedis } from '../../src/broker/redis.ts';
import { noRedis, startRedis } from '../harness/redis.ts';
import { backplaneSuite } from '../suites/backplane.ts';

const redis = noRedis ? undefined : await startRedis();
afterAll(() => redis?.remove());

describe.skipIf(noRedis)('with Redis', () => {
  backplaneSuite('redis', () => {
    const url = redis!.uri();
    return createRedisBackplane({
      create: () => createRedis(url, { retryStrategy: null, enableAutoPipelining: true }),
      log: pino({ level: 'warn' }),
      // Its third is no whole number.
      leaseMs: 2_000,
    });
  });
});
