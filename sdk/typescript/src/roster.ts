import { claimsOf } from './claims.ts';
import type { ServerMessage } from './generated/index.ts';
import type { RoomUser } from './room.ts';

/**
 * Returns the users in the room after a frame, by the protocol: `users_online`, plus each `user_joined`, minus each `user_left`.
 */
export function usersAfter(users: readonly RoomUser[], frame: ServerMessage): readonly RoomUser[] {
  switch (frame.type) {
    case 'users_online':
      return frame.msg.list.map((username, at) => ({ username, user_id: frame.msg.users?.[at]?.user_id }));
    case 'user_joined':
      return [...users, { username: frame.msg.username, user_id: frame.msg.user_id }];
    case 'user_left':
      return users.filter(({ username }) => username !== frame.msg.username);
    default:
      return users;
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
