import type { Case } from '../cases.ts';
import { checkPart } from '../chat/hold.ts';
import { brings, newNonce, say } from '../chat/say.ts';

export const echo: Case = {
  id: 'rule.echo',
  says: 'a message comes back to its sender, as to everybody else, under the name of the sender',
  run: async (kit) => {
    const [ann, observer] = [await kit.join('ann'), await kit.observer()];
    for (const said of [{ text: 'Hello!', nonce: newNonce() }, { text: `Hello, without ${newNonce()}` }]) {
      const back = await say(kit, ann, said);
      for (const [name, want] of Object.entries({ from_user: ann.username, text: said.text, nonce: said.nonce }))
        checkPart(ann, back, name, want);
      await observer.until('the message', brings(said, ann.username));
    }
  },
};
