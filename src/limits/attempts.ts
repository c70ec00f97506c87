import { createHash } from 'node:crypto';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { foldedKey } from '../lib/case-fold.ts';
import { type CreateLimiter, inMemory } from './limiter.ts';

const windowS = 60;

/** Counts an attempt. Resolves with undefined if it is allowed, else with the seconds until the next one is. */
export type CountAttempt = (network: string, email: string) => Promise<number | undefined>;

/** Limits attempts to `perMinute` from one network, and to as many for one e-mail address. 0 means no limit. */
export function createAttemptLimit(
  perMinute: number,
  createLimiter: CreateLimiter = inMemory,
  name = 'attempts',
): CountAttempt {
  if (perMinute === 0) return async () => undefined;
  const limiter = createLimiter(name, { points: perMinute, durationS: windowS });
  // A client may send an e-mail address of any length, so only its hash is stored.
  const keyOf = (email: string): string => createHash('sha256').update(foldedKey(email)).digest('base64');
  return async (network, email) => {
    try {
      // The network first: one that is blocked must not use up the attempts of the address's owner.
      await limiter.consume(`network ${network}`);
      await limiter.consume(`email ${keyOf(email)}`);
      return undefined;
    } catch (rejection) {
      if (rejection instanceof RateLimiterRes) return Math.ceil(rejection.msBeforeNext / 1_000);
      throw rejection;
    }
  };
}
