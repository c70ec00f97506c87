/** The rules of presence. Pure: no clock and no I/O. Every adapter of the port decides by these rules. */
import { nameKey } from '../lib/case-fold.ts';
import type { Member } from './backplane.ts';

interface User {
  /** With the name from the user's first session, whatever the tokens of later ones say. The same in every roster. */
  readonly member: Member;
  /** 0 while the user may still reconnect. */
  sessions: number;
}

export interface Presence {
  readonly maxSessionsPerUser: number;
  /** Users by id, in join order, which a Map keeps. */
  readonly users: Map<string, User>;
  /** Ids of users by the key of the name they hold. */
  readonly holders: Map<string, string>;
  /** Roster since its last change, made on demand. */
  roster: readonly Member[] | undefined;
}

/** `first`: the user was not in the room before. `username`: the user's name in the room. */
export type AddedSession = { readonly first: boolean; readonly username: string };

export const createPresence = (maxSessionsPerUser = Number.POSITIVE_INFINITY): Presence => ({
  maxSessionsPerUser,
  users: new Map(),
  holders: new Map(),
  roster: undefined,
});

type Refusal = 'name_in_use' | 'too_many_sessions';

/** Returns the name of a user without a session here, who publishes; undefined if another member holds it. */
export const publisherName = (presence: Presence, { id, username }: Member): string | undefined => {
  const known = presence.users.get(id);
  if (known !== undefined) return known.member.username;
  return presence.holders.has(nameKey(username)) ? undefined : username;
};

/** Returns how `addSession` would refuse. Only a first session can collide: a member keeps the name it joined with. */
export const refusalOf = (presence: Presence, { id, username }: Member): Refusal | undefined => {
  const known = presence.users.get(id);
  if (known === undefined) return presence.holders.has(nameKey(username)) ? 'name_in_use' : undefined;
  return known.sessions >= presence.maxSessionsPerUser ? 'too_many_sessions' : undefined;
};

/** Adds a session, unless it is refused; then nothing changes. */
export const addSession = (presence: Presence, member: Member): AddedSession | { readonly refusal: Refusal } => {
  const refusal = refusalOf(presence, member);
  if (refusal !== undefined) return { refusal };
  const known = presence.users.get(member.id);
  if (known !== undefined) {
    known.sessions += 1;
    return { first: false, username: known.member.username };
  }
  const { id, username } = member;
  presence.users.set(id, { member: { id, username }, sessions: 1 });
  presence.holders.set(nameKey(username), id);
  presence.roster = undefined;
  return { first: true, username };
};

/** Removes a session. Returns whether it was the user's last one: the user then stays until `removeUser`. */
export const removeSession = (presence: Presence, userId: string): boolean => {
  const user = presence.users.get(userId);
  if (user === undefined || user.sessions === 0) return false;
  user.sessions -= 1;
  return user.sessions === 0;
};

/** Removes a user without sessions. Returns the username, or undefined if there was no such user. */
export const removeUser = (presence: Presence, userId: string): string | undefined => {
  const user = presence.users.get(userId);
  if (user === undefined || user.sessions > 0) return undefined;
  presence.users.delete(userId);
  const { username } = user.member;
  presence.holders.delete(nameKey(username));
  presence.roster = undefined;
  return username;
};

/** Returns the members in join order: a frozen array, the same one until somebody joins or leaves. */
export const rosterOf = (presence: Presence): readonly Member[] => {
  presence.roster ??= Object.freeze(Array.from(presence.users.values(), ({ member }) => member));
  return presence.roster;
};
