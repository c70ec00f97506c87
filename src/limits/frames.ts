import { BurstyRateLimiter, RateLimiterRes } from 'rate-limiter-flexible';
import { type CreateLimiter, inMemory } from './limiter.ts';

/**
 * Counts a frame of this user, over all its sessions. Resolves with undefined if the frame is allowed, else with the
 * milliseconds until the next one is.
 */
export type CountFrame = (userId: string) => Promise<number | undefined>;

/** In each such period a user may send another `perSecond` frames, as a burst. */
const burstEveryS = 10;

/** Limits frames to `perSecond`, and as many again in a burst. 0 means no limit. */
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
    } catch (rejection) {
      // The window that ends sooner, of second and burst. It may be 0 ms away, and the client must still wait.
      if (rejection instanceof RateLimiterRes) return Math.max(1, Math.ceil(rejection.msBeforeNext));
      throw rejection;
    }
  };
}
