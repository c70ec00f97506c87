import type { Case } from '../case.ts';
import { joinRequests, streamRequests } from '../chat/handshake.ts';
import { expectAnswer } from '../http/answers.ts';

export const namesake: Case = {
  id: 'rule.presence.namesake',
  says: 'another user whose name looks the same is refused while the name is in the room',
  run: async (kit) => {
    const { username } = await kit.user('ann');
    const token = await kit.minted({ id: 'contract-namesake', username: username.toUpperCase() });
    const ann = await kit.join('ann');
    await ann.until('first frame', () => true);
    for (const request of [...joinRequests(kit, token), ...streamRequests(kit, token)])
      await expectAnswer(kit, request, 'a namesake', { status: 409, code: 'name_in_use' });
  },
};
