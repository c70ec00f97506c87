import { limits } from './generated/index.ts';

/** Returns 16 random bytes. React Native has no `crypto`; a nonce only has to be unique among those of its user. */
const randomBytes = (): Uint8Array =>
  globalThis.crypto
    ? crypto.getRandomValues(new Uint8Array(16))
    : Uint8Array.from({ length: 16 }, () => Math.random() * 256);

/** Returns a random nonce, so that no other user can answer in place of the server. */
export const createNonce = (): string => [...randomBytes()].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Counts characters as the contract does: in code points. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Returns why the server would refuse this nonce, or undefined. */
export function nonceFault(nonce: unknown): string | undefined {
  if (typeof nonce === 'string' && nonce !== '' && codePoints(nonce) <= limits.nonce.max) return undefined;
  return `nonce: must be a string of ${limits.nonce.min} to ${limits.nonce.max} characters.`;
}
