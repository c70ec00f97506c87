import { createHash } from 'node:crypto';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { foldedKey } from '../lib/case-fold.ts';
import { type CreateLimiter, inMemory } from './limiter.ts';

const windowS = 60;

/** Counts an attempt; undefined if it may go on, else the seconds until one may. */
export type CountAttempt = (network: string, email: string) => Promise<number | undefined>;

/** So many attempts a minute from one network, and for one e-mail address; 0 is no limit. */
export function createAttemptLimit(
  perMinute: number,
  createLimiter: CreateLimiter = inMemory,
  name = 'attempts',
): CountAttempt {
  if (perMinute === 0) return async () => undefined;
  const limiter = createLimiter(name, { points: perMinute, durationS: windowS });
  // E-mail addresses are as long as their senders like.
  const keyOf = (email: string): string => createHash('sha256').update(foldedKey(email)).digest('base64');
  return async (network, email) => {
    try {
      // In this order: whom the first one stops takes nothing from the owner of the address.
      await limiter.consume(`network ${network}`);
      await limiter.consume(`email ${keyOf(email)}`);
      return undefined;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return Math.ceil(refusal.msBeforeNext / 1_000);
      throw refusal;
    }
  };
}
