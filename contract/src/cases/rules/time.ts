import { excerpt, type SeenFrame } from '../../client/seen.ts';
import type { Standing } from '../case.ts';
import { ordered } from './order.ts';

export const time: Standing = {
  id: 'rule.time',
  says: 'sent_at never decreases within the stream',
  judge: (seen) => {
    const byId = seen.sessions
      .flatMap((session) => ordered(session).map((frame) => ({ session, frame })))
      .sort((one, other) => (one.frame.id < other.frame.id ? -1 : 1));
    let last: SeenFrame | undefined;
    for (const { session, frame } of byId) {
      if (last && Date.parse(frame.sentAt) < Date.parse(last.sentAt))
        return {
          what: `${frame.sentAt} stands behind ${last.sentAt} in the order`,
          show: excerpt(session, frame.line),
        };
      last = frame;
    }
    return byId.length === 0 ? 'unseen' : undefined;
  },
};
