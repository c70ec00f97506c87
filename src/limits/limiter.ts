import type { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';

/** Points that may be used up within a window of time. */
interface Allowance {
  readonly points: number;
  readonly durationS: number;
}

/** Creates a limiter of this name. */
export type CreateLimiter = (name: string, allowance: Allowance) => RateLimiterAbstract;

/** Creates a limiter that counts in this process. */
export const inMemory = (_: string, { points, durationS }: Allowance): RateLimiterMemory =>
  new RateLimiterMemory({ points, duration: durationS });

/** Connection to Redis that is opened again whenever it fails. */
interface RedisConnection {
  readonly redis: Redis;
  /** Reason why Redis cannot be asked now, if it cannot. */
  readonly fault: Error | undefined;
  /** Reports the error of a command: the connection may be broken. */
  distrust(error: unknown): void;
}

type Increment = (args: readonly string[]) => Promise<unknown>;

/**
 * Returns the part of a Redis client that the limiters use. A call that Redis doesn't answer ends the connection: later
 * calls don't wait, and each node counts alone until Redis answers again.
 */
const countingClient = (connection: RedisConnection) => ({
  get status() {
    return connection.fault ? 'end' : connection.redis.status;
  },
  defineCommand: connection.redis.defineCommand.bind(connection.redis),
  rlflxIncr: async (args: readonly string[]): Promise<unknown> => {
    try {
      return await (connection.redis as unknown as { rlflxIncr: Increment }).rlflxIncr(args);
    } catch (error) {
      connection.distrust(error);
      throw error;
    }
  },
});

/** Creates limiters that count over all nodes, under this key. While Redis is unavailable each node counts alone. */
export function inRedis(connection: RedisConnection, key: string): CreateLimiter {
  const storeClient = countingClient(connection);
  return (name, allowance) =>
    new RateLimiterRedis({
      storeClient,
      rejectIfRedisNotReady: true,
      keyPrefix: `${key}:limit:${name}`,
      points: allowance.points,
      duration: allowance.durationS,
      insuranceLimiter: inMemory(name, allowance),
    });
}
