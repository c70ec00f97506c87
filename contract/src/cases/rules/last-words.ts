import { chatMessage, newNonce } from '../../client/messages.ts';
import type { Case } from '../case.ts';
import { inOrder } from '../chat/hold.ts';

export const lastWords: Case = {
  id: 'rule.last-words',
  says: 'frames that a client sent before its close are published',
  run: async (kit) => {
    const [ann, observer] = [await kit.join('ann'), await kit.observer()];
    const said = Array.from({ length: 3 }, (_, index) => ({ text: `last word ${index}`, nonce: newNonce() }));
    await kit.pacer.take(ann.username, said.length);
    for (const each of said) ann.send(chatMessage(each));
    await ann.close();
    await inOrder(observer, said, ann.username);
  },
};
