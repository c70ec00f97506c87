import type { Case } from '../cases.ts';
import { chatMessage, fault, newNonce } from '../chat/say.ts';
import type { Session } from '../chat/session.ts';
import { NotTried } from '../errors.ts';
import { told } from '../http/answers.ts';
import type { SeenFrame } from '../seen.ts';
import { member } from '../specs/schema.ts';
import { nowS } from '../users.ts';

const expiry: Case = {
  id: 'rule.token-expiry',
  says: 'a connection ends with 4001 when its token expires',
  run: async (kit) => {
    if (!kit.specs.chat.closeCodes.has(4001)) throw new NotTried('the contract declares no 4001');
    const { username } = await kit.user('ann');
    const joinUntil = async (exp: number): Promise<Session> => {
      const token = await kit.minted({ id: `${username}-brief`, username: `${username}-brief`, exp });
      return kit.join('ann', { token });
    };
    // Where clocks may differ by five seconds, as the contract has it, this one is about to expire; else it has already.
    const brief = await joinUntil(nowS() - 3).catch(() => joinUntil(nowS() + 1));
    await brief.until('first frame', () => true);
    const code = await brief.closed('close with 4001', 10_000);
    if (code !== 4001) throw fault(brief, `closed with ${code}, where 4001 is due`);
  },
};

/** Far more than one needs, and few enough to try. */
const mostSessions = 32;

const sessions: Case = {
  id: 'rule.limit.sessions',
  says: 'who has too many sessions is refused with 429 and told when to come back, and the others live on',
  run: async (kit) => {
    const { token } = await kit.user('ann');
    const [first] = [await kit.join('ann')];
    const request = {
      method: 'GET',
      path: kit.specs.chat.address,
      headers: { Authorization: `Bearer ${token}` },
    };
    for (let count = 1; count < mostSessions; count += 1) {
      const answer = await kit.ask(request, 429);
      if (answer.status === 429) {
        if (told(answer) !== '429 too_many_sessions')
          throw fault(first, `one session too many is answered ${told(answer)}`);
        return;
      }
      await kit.join('ann');
    }
    throw new NotTried(`${mostSessions} sessions of one user are not too many here`);
  },
};

/** Above what a second and a burst allow by default. */
const mostFrames = 60;
/** Sent at once: as few as may all be refused without an end to the session. */
const volley = 5;

const rate: Case = {
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

/** What a server allows only so much of. */
export const limitRules: readonly Case[] = [sessions, expiry, rate];
