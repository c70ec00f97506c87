import { brings, newNonce } from '../../client/messages.ts';
import type { Case } from '../case.ts';
import { checkPart } from '../chat/hold.ts';
import { say } from '../chat/say.ts';

export const echo: Case = {
  id: 'rule.echo',
  says: "a message is delivered to its sender as to everyone else, under the sender's name",
  run: async (kit) => {
    const observer = await kit.observer();
    for (const speaker of [await kit.join('ann'), await kit.join('bob')])
      for (const said of [{ text: 'Hello!', nonce: newNonce() }, { text: `Hello, without ${newNonce()}` }]) {
        const back = await say(kit, speaker, said);
        for (const [name, want] of Object.entries({ from_user: speaker.username, text: said.text, nonce: said.nonce }))
          checkPart(speaker, back, name, want);
        await observer.until('the message', brings(said, speaker.username));
      }
  },
};
