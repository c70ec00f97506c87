import type { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';

/** So many points within a time. */
interface Allowance {
  readonly points: number;
  readonly durationS: number;
}

/** Makes what counts, under this name. */
export type CreateLimiter = (name: string, allowance: Allowance) => RateLimiterAbstract;

/** Counts in this process. */
export const inMemory = (_: string, { points, durationS }: Allowance): RateLimiterMemory =>
  new RateLimiterMemory({ points, duration: durationS });

/** Counts over all nodes, below this key; each for itself while Redis is away. */
export const inRedis =
  (redis: Redis, key: string): CreateLimiter =>
  (name, allowance) =>
    new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: `${key}:limit:${name}`,
      points: allowance.points,
      duration: allowance.durationS,
      insuranceLimiter: inMemory(name, allowance),
    });
