import { setTimeout as sleep } from 'node:timers/promises';
import { chatMessage, fault, newNonce } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import { NotTried } from '../../errors.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { broken, told } from '../http/answers.ts';
import { asksWith } from '../http/secured.ts';

/** Above what a second and a burst allow by default. */
const mostFrames = 60;
/** Sent at once: as few as may all be refused without an end to the session. */
const volley = 5;
/** The longest wait that is tried out; a server may be set to a longer one. */
const longestWaitMs = 15_000;

/** Sends one more frame once the announced wait is over. The server must then accept it. */
async function heardAfter(bob: Session, refused: SeenFrame): Promise<void> {
  const waitMs = member(refused.msg, 'retry_after_ms');
  // A server of version 0.1 says nothing.
  if (typeof waitMs !== 'number' || waitMs > longestWaitMs) return;
  await sleep(waitMs);
  const nonce = newNonce();
  bob.send(chatMessage({ text: 'patient', nonce }));
  const answer = await bob.until(`answer to ${nonce}`, ({ msg }) => member(msg, 'nonce') === nonce);
  if (answer.type === 'error') throw fault(bob, `a frame sent after retry_after_ms (${waitMs}) is refused`, answer);
}

export const frameLimit: Case = {
  id: 'rule.limit.frames',
  says: 'a frame over the limit is refused with rate_limited and its nonce; the others are published, as is one sent after retry_after_ms',
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
      const last = errors.at(-1);
      if (last) return heardAfter(bob, last);
    }
    throw new NotTried(`${mostFrames} frames in a moment do not reach the limit of this server`);
  },
};

/** Asked for at once, and how often. */
const pagesAtOnce = 20;
const mostVolleys = 6;

export const pageLimit: Case = {
  id: 'rule.limit.pages',
  says: 'a page over the limit is refused with 429 rate_limited',
  run: async (kit) => {
    const operation = kit.specs.http.operations.find(({ id }) => id === 'listMessages');
    if (!operation?.answers.get(429)?.codes.includes('rate_limited'))
      throw new NotTried('the contract declares no such limit');
    const [request] = asksWith(kit, (await kit.user('bob')).token).filter(({ path }) => path === operation.path);
    if (!request) throw new NotTried('listMessages needs no user token');
    for (let volley = 0; volley < mostVolleys; volley += 1) {
      const answers = await Promise.all(Array.from({ length: pagesAtOnce }, () => kit.ask(request, 429)));
      const refused = answers.find(({ status }) => status >= 300);
      if (!refused) continue;
      if (told(refused) !== '429 rate_limited')
        throw broken(kit, request, `a page too many: answered ${told(refused)}`);
      return;
    }
    throw new NotTried(`${mostVolleys * pagesAtOnce} pages in a moment do not reach the limit of this server`);
  },
};
