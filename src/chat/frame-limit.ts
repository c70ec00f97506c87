import { BurstyRateLimiter, RateLimiterRes } from 'rate-limiter-flexible';
import { type CreateLimiter, inMemory } from '../limits/limiter.ts';

/** Whether this user may send one more frame, counted over all its sessions. */
export type AllowFrame = (userId: string) => Promise<boolean>;

/** The share of a second may be had a second time, for a burst, once in this time. */
const burstEveryS = 10;

/** So many frames a second, and as many again in a burst; 0 is no limit. */
export function createFrameLimit(perSecond: number, createLimiter: CreateLimiter = inMemory): AllowFrame | undefined {
  if (perSecond === 0) return undefined;
  const limiter = new BurstyRateLimiter(
    createLimiter('frames', { points: perSecond, durationS: 1 }),
    createLimiter('burst', { points: perSecond, durationS: burstEveryS }),
  );
  return async (userId) => {
    try {
      await limiter.consume(userId);
      return true;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return false;
      throw refusal;
    }
  };
}
