/** Who is in the room. Pure: no clock and no I/O; every adapter of the port decides presence by these rules. */
import { nameKey } from '../lib/case-fold.ts';
import type { Member } from './backplane.ts';

interface User {
  /** Of the user's first session, whatever the tokens of later ones say. */
  readonly username: string;
  /** None while it may still come back. */
  sessions: number;
}

export interface Presence {
  readonly maxSessionsPerUser: number;
  /** By user id. A Map keeps the order of insertion, which is join order. */
  readonly users: Map<string, User>;
  /** Key of a name → id of the user who holds it. */
  readonly holders: Map<string, string>;
  /** The roster since the last change of it, made on demand. */
  roster: readonly string[] | undefined;
}

/** `first`: the user was not in the room before. `username`: what the room calls the user. */
export type Entered = { readonly first: boolean; readonly username: string };

export const createPresence = (maxSessionsPerUser = Number.POSITIVE_INFINITY): Presence => ({
  maxSessionsPerUser,
  users: new Map(),
  holders: new Map(),
  roster: undefined,
});

type Refusal = 'name_in_use' | 'too_many_sessions';

/** Only a first session can collide: who is in the room already keeps the name it came with. */
export const refusalOf = (presence: Presence, { id, username }: Member): Refusal | undefined => {
  const known = presence.users.get(id);
  if (known === undefined) return presence.holders.has(nameKey(username)) ? 'name_in_use' : undefined;
  return known.sessions >= presence.maxSessionsPerUser ? 'too_many_sessions' : undefined;
};

/** Adds a session, unless it is refused; then nothing changes. */
export const enter = (presence: Presence, member: Member): Entered | { readonly refusal: Refusal } => {
  const refusal = refusalOf(presence, member);
  if (refusal !== undefined) return { refusal };
  const known = presence.users.get(member.id);
  if (known !== undefined) {
    known.sessions += 1;
    return { first: false, username: known.username };
  }
  presence.users.set(member.id, { username: member.username, sessions: 1 });
  presence.holders.set(nameKey(member.username), member.id);
  presence.roster = undefined;
  return { first: true, username: member.username };
};

/** Takes a session away. Says whether it was the user's last one: then the user stays until it is removed. */
export const leave = (presence: Presence, userId: string): boolean => {
  const user = presence.users.get(userId);
  if (user === undefined || user.sessions === 0) return false;
  user.sessions -= 1;
  return user.sessions === 0;
};

/** Removes a user that has no session. Returns its username, if it was there. */
export const remove = (presence: Presence, userId: string): string | undefined => {
  const user = presence.users.get(userId);
  if (user === undefined || user.sessions > 0) return undefined;
  presence.users.delete(userId);
  presence.holders.delete(nameKey(user.username));
  presence.roster = undefined;
  return user.username;
};

/** Usernames in join order: a frozen snapshot, the same array until somebody joins or leaves. */
export const rosterOf = (presence: Presence): readonly string[] => {
  presence.roster ??= Object.freeze(Array.from(presence.users.values(), (user) => user.username));
  return presence.roster;
};
