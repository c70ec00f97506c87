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

/** Returns why a field of a message is no text, or is too long, in the server's words; else undefined. */
export function textFault(field: 'text' | 'nonce', value: unknown): string | undefined {
  if (typeof value !== 'string') return `msg.${field}: must be a string`;
  const { max } = limits[field];
  return codePoints(value) > max ? `msg.${field}: must have at most ${max} characters` : undefined;
}

/** Returns why the server would refuse this nonce, or undefined. */
export function nonceFault(nonce: unknown): string | undefined {
  return textFault('nonce', nonce) ?? (nonce === '' ? 'msg.nonce: must not be empty' : undefined);
}
