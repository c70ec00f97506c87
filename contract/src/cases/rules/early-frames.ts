import { chatMessage, newNonce } from '../../client/messages.ts';
import type { Case } from '../case.ts';
import { inOrder } from '../chat/hold.ts';

export const earlyFrames: Case = {
  id: 'rule.early-frames',
  says: 'frames that a client sends as soon as its connection opens are published, in the order sent',
  run: async (kit) => {
    const said = Array.from({ length: 5 }, (_, index) => ({ text: `early ${index}`, nonce: newNonce() }));
    const { username } = await kit.user('ann');
    await kit.pacer.take(username, said.length);
    const ann = await kit.join('ann', { early: said.map((each) => JSON.stringify(chatMessage(each))) });
    await inOrder(ann, said);
  },
};
