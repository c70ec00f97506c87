import { NotTried } from '../../errors.ts';
import type { Case } from '../case.ts';
import { joinRequests, streamRequests } from '../chat/handshake.ts';
import { settle } from '../chat/say.ts';
import { expectAnswer } from '../http/answers.ts';

/** Far more than one needs, and few enough to try. */
const mostSessions = 32;

export const sessionLimit: Case = {
  id: 'rule.limit.sessions',
  says: 'a session over the limit is refused with 429, and the existing sessions stay open',
  run: async (kit) => {
    const { token } = await kit.user('ann');
    const joins = joinRequests(kit, token);
    const [asked] = joins.slice(-1);
    const sessions = [await kit.join('ann')];
    while (asked && (await kit.ask(asked, 429)).status !== 429) {
      if (sessions.length === mostSessions)
        throw new NotTried(`${mostSessions} sessions of one user do not reach the limit of this server`);
      sessions.push(await kit.join('ann'));
    }
    for (const request of [...joins, ...streamRequests(kit, token)])
      await expectAnswer(kit, request, 'one session too many', { status: 429, code: 'too_many_sessions' });
    const [first, ...others] = sessions;
    if (first) await settle(kit, first, others);
  },
};
