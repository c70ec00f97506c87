import type { RedisDatabase } from '../database/redis.ts';
import type { RevocationStore } from './revocation-store.ts';

/** Opens the revocations in Redis: a sorted set of token keys by expiry, and a set of disabled users. */
export function redisRevocationStore({ redis, key, run, runAll }: RedisDatabase): RevocationStore {
  const [tokens, users] = [`${key}:revoked-tokens`, `${key}:disabled-users`];
  return {
    load: () =>
      run(async () => {
        const [scored, disabled] = await Promise.all([
          redis.zrange(tokens, '0', '-1', 'WITHSCORES'),
          redis.smembers(users),
        ]);
        const pairs = Array.from({ length: scored.length / 2 }, (_, at) => scored.slice(2 * at, 2 * at + 2));
        return { tokens: new Map(pairs.map(([token, expiresAtMs]) => [token!, Number(expiresAtMs)])), users: disabled };
      }),
    disabledUsers: () => run(() => redis.smembers(users)),
    addToken: async (token, expiresAtMs, nowMs) => {
      await runAll([
        ['zadd', tokens, expiresAtMs, token],
        ['zremrangebyscore', tokens, '-inf', nowMs],
      ]);
    },
    addUser: (id) =>
      run(async () => {
        await redis.sadd(users, id);
      }),
    removeUser: (id) =>
      run(async () => {
        await redis.srem(users, id);
      }),
  };
}
