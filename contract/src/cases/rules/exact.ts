import { chatMessage, fault, newNonce, type Said } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { checkPart } from '../chat/hold.ts';

/** Texts that servers tend to normalize: white space, controls, composition, markup, multi-code-point characters. */
const delicate = [
  '  two spaces  ',
  '\n',
  '\u0000',
  '\u2028\u2029',
  '<b>&amp;</b>',
  'e\u0301',
  '\u202eabc',
  '\ufeff',
  '{"type":"x"}',
  '👩‍👩‍👧',
  'ﬁ',
  'İ',
  '\\u0041',
];

export const exact: Case = {
  id: 'rule.exact',
  says: 'text and nonce are delivered to everyone exactly as sent',
  run: async (kit) => {
    const [ann, observer] = [await kit.join('ann'), await kit.observer()];
    for (const text of delicate) {
      const said: Said = { text, nonce: `${newNonce()}${text}` };
      const from = observer.frames.length;
      // Told by its place where neither text nor nonce can be trusted: nobody else has this name.
      const mine = ({ type, msg }: SeenFrame): boolean =>
        type === 'chat_message' && member(msg, 'from_user') === ann.username;
      const start = ann.frames.length;
      await kit.pacer.take(ann.username);
      ann.send(chatMessage(said));
      const shown = JSON.stringify(text);
      const back = await ann.until(`echo of ${shown}`, (frame) => mine(frame) || frame.type === 'error', start);
      if (back.type === 'error') throw fault(ann, `the text ${shown} is refused`, back);
      const seen = await observer.until(`message ${shown}`, mine, from);
      for (const [session, frame] of [
        [ann, back],
        [observer, seen],
      ] as const) {
        checkPart(session, frame, 'text', said.text);
        checkPart(session, frame, 'nonce', said.nonce);
      }
    }
  },
};
