import { claimsOf } from './claims.ts';
import type { ServerMessage, Username } from './generated/index.ts';

/** Who is in the room after this frame: the rule of the protocol, `users_online` plus who joined minus who left. */
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

/** Names that differ only so are one name to the server. */
const fold = (name: string): string => name.normalize('NFKC').toLowerCase();

/**
 * Whether a name may be that of the token's owner. The token is read for this only: to know oneself among those who
 * join. Its claims may have other names than ours, so without a `username` any text in it will do.
 */
export function ownNames(token: string): (name: string) => boolean {
  const claims = claimsOf(token);
  const { username } = claims;
  const candidates = typeof username === 'string' ? [username] : Object.values(claims);
  const names = new Set(candidates.filter((claim) => typeof claim === 'string').map(fold));
  return (name) => names.has(fold(name));
}
