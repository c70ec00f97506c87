import { fault } from '../../client/messages.ts';
import type { Session } from '../../client/session.ts';
import { nowS } from '../../client/users.ts';
import { NotTried } from '../../errors.ts';
import type { Case } from '../case.ts';

export const tokenExpiry: Case = {
  id: 'rule.token-expiry',
  says: 'a connection ends with 4001 when its token expires',
  run: async (kit) => {
    if (!kit.specs.chat.closeCodes.has(4001)) throw new NotTried('the contract declares no 4001');
    const { username } = await kit.user('ann');
    const joinUntil = async (exp: number): Promise<Session> => {
      const token = await kit.minted({ id: `${username}-brief`, username: `${username}-brief`, exp });
      return kit.join('ann', { token });
    };
    // Where clocks may differ by five seconds, as the contract has it, this one is about to expire; else it has already.
    const brief = await joinUntil(nowS() - 3).catch(() => joinUntil(nowS() + 1));
    await brief.until('first frame', () => true);
    const code = await brief.closed('close with 4001', 10_000);
    if (code !== 4001) throw fault(brief, `closed with ${code}, where 4001 is due`);
  },
};
