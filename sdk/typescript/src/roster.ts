import { claimsOf } from './claims.ts';
import type { ServerMessage, Username } from './generated/index.ts';

/**
 * Returns the roster after a frame, by the protocol: `users_online`, plus each `user_joined`, minus each `user_left`.
 */
export function rosterAfter(roster: readonly Username[], frame: ServerMessage): readonly Username[] {
  switch (frame.type) {
    case 'users_online':
      return Object.freeze([...frame.msg.list]);
    case 'user_joined':
      return Object.freeze([...roster, frame.msg.username]);
    case 'user_left':
      return Object.freeze(roster.filter((name) => name !== frame.msg.username));
    default:
      return roster;
  }
}

/** Folds a name as the server does: names that differ only in case or form are one. */
const fold = (name: string): string => name.normalize('NFKC').toLowerCase();

/**
 * Returns a function that tells whether a name may be that of the token's owner. The token is read for nothing else.
 * Its claims may have other names than ours: without a `username`, any text in it may be the name.
 */
export function ownNames(token: string): (name: string) => boolean {
  const claims = claimsOf(token);
  const { username } = claims;
  const candidates = typeof username === 'string' ? [username] : Object.values(claims);
  const names = new Set(candidates.filter((claim) => typeof claim === 'string').map(fold));
  return (name) => names.has(fold(name));
}
