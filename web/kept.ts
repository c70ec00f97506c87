import { useState } from 'preact/hooks';
import type { Stay } from './stay.ts';

/** A message that the server has not confirmed. */
export interface Unconfirmed {
  readonly text: string;
  readonly nonce: string;
  /** Whether it went out on a connection, so that it may have been delivered. */
  readonly mayBeDelivered: boolean;
}

/** Text that a user has written and nobody has received yet. */
export interface Kept {
  readonly draft: string;
  readonly unsent: readonly Unconfirmed[];
}

const key = 'palaver-unsent';
const nothing: Kept = { draft: '', unsent: [] };

/*
 * In sessionStorage, beside the token: it survives a reload and an expired sign-in, belongs to this tab alone, and goes
 * with a sign-out. Where storage is forbidden, a reload loses it.
 */

/** Returns who wrote it: the e-mail address, or what a token of an external issuer says of its user. */
export function ownerOf({ token, email }: Stay): string {
  if (email !== '') return email.normalize('NFKC').toLowerCase();
  try {
    const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    const { iss, sub, id, email: address } = JSON.parse(atob(payload));
    return JSON.stringify([iss, sub, id, address]);
  } catch {
    return '';
  }
}

const isUnconfirmed = (item: unknown): item is Unconfirmed => {
  const { text, nonce } = Object(item);
  return typeof text === 'string' && typeof nonce === 'string';
};

function recallKept(owner: string): Kept {
  try {
    const stored = Object(JSON.parse(sessionStorage.getItem(key) ?? 'null'));
    if (stored.owner !== owner || owner === '') return nothing;
    return { draft: String(stored.draft ?? ''), unsent: [stored.unsent ?? []].flat().filter(isUnconfirmed) };
  } catch {
    return nothing;
  }
}

function rememberKept(owner: string, kept: Kept): void {
  try {
    if (kept.draft === '' && kept.unsent.length === 0) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify({ owner, ...kept }));
  } catch {}
}

export function forgetKept(): void {
  try {
    sessionStorage.removeItem(key);
  } catch {}
}

/** Returns the text that this user left unsent in this tab, and a function that replaces parts of it. Another user's is dropped. */
export function useKept(owner: string): { readonly kept: Kept; readonly keep: (part: Partial<Kept>) => void } {
  const [held] = useState(() => {
    const kept = recallKept(owner);
    let current = kept;
    rememberKept(owner, kept);
    const keep = (part: Partial<Kept>): void => {
      current = { ...current, ...part };
      rememberKept(owner, current);
    };
    return { kept, keep };
  });
  return held;
}
