import { BurstyRateLimiter, RateLimiterRes } from 'rate-limiter-flexible';
import { type CreateLimiter, inMemory } from './limiter.ts';

/**
 * Counts one more frame of this user, over all its sessions. Resolves with the milliseconds until a frame is allowed again
 * where this one is too many, otherwise with undefined.
 */
export type CountFrame = (userId: string) => Promise<number | undefined>;

/** The share of a second may be had a second time, for a burst, once in this time. */
const burstEveryS = 10;

/** So many frames a second, and as many again in a burst; 0 is no limit. */
export function createFrameLimit(perSecond: number, createLimiter: CreateLimiter = inMemory): CountFrame | undefined {
  if (perSecond === 0) return undefined;
  const limiter = new BurstyRateLimiter(
    createLimiter('frames', { points: perSecond, durationS: 1 }),
    createLimiter('burst', { points: perSecond, durationS: burstEveryS }),
  );
  return async (userId) => {
    try {
      await limiter.consume(userId);
      return undefined;
    } catch (refusal) {
      // The sooner of second and burst. A window that ends this very moment still takes a moment.
      if (refusal instanceof RateLimiterRes) return Math.max(1, Math.ceil(refusal.msBeforeNext));
      throw refusal;
    }
  };
}
