import type { Case } from '../cases.ts';
import { chatMessage, fault, newNonce } from '../chat/say.ts';
import { NotTried } from '../errors.ts';
import type { SeenFrame } from '../seen.ts';
import { member } from '../specs/schema.ts';

/** Above what a second and a burst allow by default. */
const mostFrames = 60;
/** Sent at once: as few as may all be refused without an end to the session. */
const volley = 5;

export const frameLimit: Case = {
  id: 'rule.limit.frames',
  says: 'a frame too many is refused with rate_limited, and its nonce tells which; the others are published',
  run: async (kit) => {
    if (!kit.specs.chat.errorCodes.includes('rate_limited'))
      throw new NotTried('the contract declares no rate_limited');
    const bob = await kit.join('bob');
    for (let sent = 0; sent < mostFrames; sent += volley) {
      const said = Array.from({ length: volley }, (_, index) => ({ text: `fast ${sent + index}`, nonce: newNonce() }));
      for (const each of said) bob.send(chatMessage(each));
      const answers: SeenFrame[] = [];
      for (const { nonce } of said)
        answers.push(await bob.until(`answer to ${nonce}`, ({ msg }) => member(msg, 'nonce') === nonce));
      const errors = answers.filter(({ type }) => type === 'error');
      const other = errors.find(({ msg }) => member(msg, 'code') !== 'rate_limited');
      if (other) throw fault(bob, `a frame is refused with ${String(member(other.msg, 'code'))}`, other);
      if (errors.length > 0) return;
    }
    throw new NotTried(`${mostFrames} frames in a moment are not too many here`);
  },
};
