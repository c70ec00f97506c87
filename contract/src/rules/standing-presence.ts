import type { Standing } from '../cases.ts';
import { after, rosterOf } from '../roster.ts';
import { excerpt } from '../seen.ts';
import { member } from '../specs/schema.ts';
import { ordered } from './standing-order.ts';

const firstFrame: Standing = {
  id: 'rule.first-frame',
  says: 'users_online is the first frame of a session, and comes once',
  judge: ({ sessions }) => {
    for (const session of sessions) {
      const wrong = session.frames.find(({ type }, index) => (type === 'users_online') !== (index === 0));
      if (wrong)
        return {
          what: `${session.label}: ${wrong.type} comes ${wrong === session.frames[0] ? 'first' : 'later on'}`,
          show: excerpt(session, wrong.line),
        };
    }
    return sessions.some(({ frames }) => frames.length > 0) ? undefined : 'unseen';
  },
};

const consistent: Standing = {
  id: 'rule.presence.consistent',
  says: 'who joins was not there, and who leaves was',
  judge: ({ sessions }) => {
    for (const session of sessions) {
      let roster: readonly string[] = [];
      for (const frame of session.frames) {
        const username = String(member(frame.msg, 'username'));
        const there = roster.includes(username);
        if ((frame.type === 'user_joined' && there) || (frame.type === 'user_left' && !there))
          return {
            what: `${session.label}: ${frame.type} of ${username}, who was ${there ? 'there' : 'not there'}`,
            show: excerpt(session, frame.line),
          };
        roster = after(roster, frame);
      }
    }
    return sessions.some((session) => ordered(session).length > 0) ? undefined : 'unseen';
  },
};

/** Whoever was there before knows the roster at every point that it has passed. */
const roster: Standing = {
  id: 'rule.roster',
  says: 'the list is who is in the room at its id, in join order, as whoever was there before can tell',
  judge: ({ sessions }) => {
    let compared = false;
    for (const session of sessions) {
      const [online] = session.frames;
      if (online?.type !== 'users_online') continue;
      const list = member(online.msg, 'list');
      for (const other of sessions) {
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

/** Presence, by all that any session received. */
export const standingPresence: readonly Standing[] = [firstFrame, consistent, roster];
