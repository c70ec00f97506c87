import type { Case } from '../cases.ts';
import { fault } from '../chat/say.ts';
import { NotTried } from '../errors.ts';
import { told } from '../http/answers.ts';

/** Far more than one needs, and few enough to try. */
const mostSessions = 32;

export const sessionLimit: Case = {
  id: 'rule.limit.sessions',
  says: 'who has too many sessions is refused with 429 and told when to come back, and the others live on',
  run: async (kit) => {
    const { token } = await kit.user('ann');
    const [first] = [await kit.join('ann')];
    const request = {
      method: 'GET',
      path: kit.specs.chat.address,
      headers: { Authorization: `Bearer ${token}` },
    };
    for (let count = 1; count < mostSessions; count += 1) {
      const answer = await kit.ask(request, 429);
      if (answer.status === 429) {
        if (told(answer) !== '429 too_many_sessions')
          throw fault(first, `one session too many is answered ${told(answer)}`);
        return;
      }
      await kit.join('ann');
    }
    throw new NotTried(`${mostSessions} sessions of one user are not too many here`);
  },
};
