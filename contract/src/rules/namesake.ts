import type { Case } from '../cases.ts';
import { fault } from '../chat/say.ts';
import { told } from '../http/answers.ts';

export const namesake: Case = {
  id: 'rule.presence.namesake',
  says: 'somebody else of the same name, as the eye has it, is refused while the name is in the room',
  run: async (kit) => {
    const { username } = await kit.user('ann');
    const token = await kit.minted({ id: 'contract-namesake', username: username.toUpperCase() });
    const ann = await kit.join('ann');
    await ann.until('first frame', () => true);
    const request = {
      method: 'GET',
      path: kit.specs.chat.address,
      headers: {
        Authorization: `Bearer ${token}`,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    };
    const answer = await kit.ask(request);
    if (told(answer) !== '409 name_in_use')
      throw fault(ann, `a namesake is answered ${told(answer)}, where 409 name_in_use is due`);
  },
};
