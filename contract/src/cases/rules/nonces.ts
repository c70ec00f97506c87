import { isDeepStrictEqual } from 'node:util';
import { chatMessage, fault, newNonce } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried } from '../../errors.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { checkPart } from '../chat/hold.ts';
import { say, settle } from '../chat/say.ts';

function needsNonces({ specs: { chat } }: Kit): void {
  const said = chat.client.find(({ type }) => type === 'chat_message')?.schema.properties?.msg;
  if (!said?.properties?.nonce) throw new NotTried('the contract has no nonce');
}

const underNonce =
  (nonce: string, username?: string): ((frame: SeenFrame) => boolean) =>
  ({ type, msg }) =>
    type === 'chat_message' &&
    member(msg, 'nonce') === nonce &&
    (username === undefined || member(msg, 'from_user') === username);

/** Sends a message three times under one nonce, with another text and on another connection. Resolves after all answers. */
async function sayAgain(kit: Kit) {
  needsNonces(kit);
  const [ann, second] = [await kit.join('ann'), await kit.join('ann')];
  const [bob, observer] = [await kit.join('bob'), await kit.observer()];
  const nonce = newNonce();
  const first = await say(kit, ann, { text: 'Said once', nonce });
  await settle(kit, bob, [ann, second, observer]);
  for (const [session, text] of [
    [ann, 'Said once'],
    [second, 'Said once, in other words'],
  ] as const) {
    await kit.pacer.take(session.username);
    session.mayRepeat(nonce);
    const from = session.frames.length;
    session.send(chatMessage({ text, nonce }));
    // The answer may come late. The rules judge whether it came.
    await session.until('answer to what was sent again', underNonce(nonce), from).catch(() => {});
    await settle(kit, session, [ann, second, bob, observer]);
  }
  const heard = (session: Session): SeenFrame[] => session.frames.filter(underNonce(nonce));
  return { ann, second, bob, observer, first, heard };
}

const once: Case = {
  id: 'rule.nonce.once',
  says: "a user's nonce is published once, however often and on whichever connection it is sent",
  run: async (kit) => {
    const { bob, observer, first, heard } = await sayAgain(kit);
    for (const session of [bob, observer]) {
      const frames = heard(session);
      const again = frames.find(({ id }) => id !== first.id);
      if (again) throw fault(session, 'one nonce is published twice', again);
      if (frames.length > 1) throw fault(session, 'the answer to a repeat goes to another user, too', frames.at(-1));
    }
  },
};

const answered: Case = {
  id: 'rule.nonce.answered',
  says: 'a repeated nonce is answered with the frame of the first message, to that session alone',
  run: async (kit) => {
    const { ann, second, first, heard } = await sayAgain(kit);
    for (const session of [ann, second]) {
      const [, answer, more] = heard(session);
      if (!answer) throw fault(session, 'a repeated nonce is not answered');
      if (more) throw fault(session, 'the answer to a repeat comes twice, or to another session of the user', more);
      for (const name of ['id', 'sent_at', 'msg'])
        if (!isDeepStrictEqual(member(answer.value, name), member(first.value, name)))
          throw fault(session, `the answer to a repeat has another ${name} than the first message`, answer);
    }
  },
};

export const ownNonce: Case = {
  id: 'rule.nonce.own',
  says: "another user's message with the same nonce is a separate message",
  run: async (kit) => {
    needsNonces(kit);
    const [ann, bob, observer] = [await kit.join('ann'), await kit.join('bob'), await kit.observer()];
    const nonce = newNonce();
    await say(kit, ann, { text: 'Said by one', nonce });
    await bob.until("somebody else's message", underNonce(nonce, ann.username));
    const said = { text: 'Said by another', nonce };
    await kit.pacer.take(bob.username);
    bob.send(chatMessage(said));
    for (const session of [bob, ann, observer]) {
      const what = `message of ${bob.username} under the nonce of another user`;
      checkPart(session, await session.until(what, underNonce(nonce, bob.username)), 'text', said.text);
    }
  },
};

/** Rules about nonces: a message sent again is published once. */
export const nonces: readonly Case[] = [once, answered, ownNonce];
