import { useState } from 'preact/hooks';
import type { Stay } from './stay.ts';

/** A message that the server has not confirmed. */
export interface Unconfirmed {
  readonly text: string;
  readonly nonce: string;
  /** Whether it was sent on a connection, so that it may have been delivered. */
  readonly mayBeDelivered: boolean;
}

/** Text that a user has written and the server has not confirmed. */
export interface Kept {
  readonly draft: string;
  readonly unsent: readonly Unconfirmed[];
}

const key = 'palaver-unsent';
const nothing: Kept = { draft: '', unsent: [] };

/*
 * The text is in sessionStorage, beside the token. It survives a reload and an expired sign-in, belongs to this tab alone,
 * and is removed at the sign-out. If storage is forbidden, a reload loses it.
 */

/** Returns the author of the text: the e-mail address, or the user of an external issuer's token. */
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

/** Returns this user's unsent text, and a function that replaces parts of it. Drops the text of another user. */
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
