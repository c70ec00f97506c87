import type { SeenSession } from './seen.ts';
import { member } from './specs/schema.ts';

/** Whether a session takes this user for present, by all that it was told. */
export function present({ frames }: SeenSession, username: string): boolean {
  return rosterOf({ frames }).includes(username);
}

/** Who is in the room, by what a session was told up to the frame with this id. */
export function rosterOf({ frames }: Pick<SeenSession, 'frames'>, upTo = '\uffff'): string[] {
  let roster: string[] = [];
  for (const { type, id, msg } of frames) {
    if (id > upTo) break;
    const list = member(msg, 'list');
    const username = String(member(msg, 'username'));
    if (type === 'users_online' && Array.isArray(list)) roster = list.map(String);
    if (type === 'user_joined') roster = [...roster, username];
    if (type === 'user_left') roster = roster.filter((name) => name !== username);
  }
  return roster;
}
