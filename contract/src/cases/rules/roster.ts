import { rosterOf } from '../../client/roster.ts';
import { excerpt } from '../../client/seen.ts';
import { member } from '../../specs/schema.ts';
import type { Standing } from '../case.ts';
import { ordered } from './order.ts';

/** A session that was there before knows the roster at every position that it has passed. */
export const roster: Standing = {
  id: 'rule.roster',
  says: 'the roster lists the users in the room at its id, in the order of joining, as earlier sessions saw them',
  judge: ({ sessions, others = [] }) => {
    let compared = false;
    for (const session of sessions) {
      const [online] = session.frames;
      if (online?.type !== 'users_online') continue;
      const list = member(online.msg, 'list');
      for (const other of [...sessions, ...others]) {
        const [start] = other.frames;
        const last = ordered(other).at(-1);
        if (other === session || start?.type !== 'users_online' || !last) continue;
        if (start.id > online.id || last.id < online.id) continue;
        compared = true;
        const known = rosterOf(other, online.id);
        if (JSON.stringify(known) !== JSON.stringify(list))
          return {
            what: `${session.label} is told ${JSON.stringify(list)}, where ${other.label} knows ${JSON.stringify(known)} at ${online.id}`,
            show: excerpt(session, online.line),
          };
      }
    }
    return compared ? undefined : 'unseen';
  },
};
