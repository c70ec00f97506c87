import { excerpt } from '../../client/seen.ts';
import type { Standing } from '../case.ts';

export const firstFrame: Standing = {
  id: 'rule.first-frame',
  says: 'users_online is the first frame of a session, and is sent once',
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
