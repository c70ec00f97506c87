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

/** A connection that is kept. */
interface Kept {
  readonly redis: Redis;
  /** Says why nothing can be asked now. */
  readonly fault: Error | undefined;
  /** Takes note of what a command failed with: the connection may be no good any more. */
  distrust(error: unknown): void;
}

type Increment = (args: readonly string[]) => Promise<unknown>;

/**
 * The part of a client that counts. One call that Redis leaves unanswered ends the connection: nobody else waits, and
 * each node counts alone until Redis answers again.
 */
const countingClient = (kept: Kept) => ({
  get status() {
    return kept.fault ? 'end' : kept.redis.status;
  },
  defineCommand: kept.redis.defineCommand.bind(kept.redis),
  rlflxIncr: async (args: readonly string[]): Promise<unknown> => {
    try {
      return await (kept.redis as unknown as { rlflxIncr: Increment }).rlflxIncr(args);
    } catch (error) {
      kept.distrust(error);
      throw error;
    }
  },
});

/** Counts over all nodes, below this key; each for itself while Redis is away. */
export function inRedis(kept: Kept, key: string): CreateLimiter {
  const storeClient = countingClient(kept);
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
