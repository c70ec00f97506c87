import { member } from '../specs/schema.ts';
import type { SeenFrame, SeenSession } from './seen.ts';

/** Whether a session takes this user for present, by all that it was told. */
export function present({ frames }: SeenSession, username: string): boolean {
  return rosterOf({ frames }).includes(username);
}

/** The roster after one more frame. */
export function after(roster: readonly string[], { type, msg }: Pick<SeenFrame, 'type' | 'msg'>): readonly string[] {
  const list = member(msg, 'list');
  const username = String(member(msg, 'username'));
  if (type === 'users_online' && Array.isArray(list)) return list.map(String);
  if (type === 'user_joined') return [...roster, username];
  return type === 'user_left' ? roster.filter((name) => name !== username) : roster;
}

/** Returns the roster as a session knows it at the frame with this id. */
export const rosterOf = ({ frames }: Pick<SeenSession, 'frames'>, upTo = '\uffff'): readonly string[] =>
  frames.filter(({ id }) => id <= upTo).reduce(after, [] as readonly string[]);
