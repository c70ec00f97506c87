import { codeOf, fault, newNonce } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import { claimsOf, nowS } from '../../client/users.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried } from '../../errors.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { checkPart } from '../chat/hold.ts';
import { expectRefusal, say, settle } from '../chat/say.ts';

/** How far clocks may differ, says the contract: so much later may a token count as expired. */
const clockToleranceMs = 5_000;

const refreshWith = (token: string, nonce: string): object => ({ type: 'token_refresh', msg: { token, nonce } });

function needsRefresh({ specs: { chat } }: Kit): void {
  if (!chat.client.some(({ type }) => type === 'token_refresh'))
    throw new NotTried('the contract has no token_refresh');
}

/** Hands over a token, and gives what answers it. @throws {Violation} where it is refused */
async function refreshed(kit: Kit, session: Session, token: string): Promise<SeenFrame> {
  const nonce = newNonce();
  const from = session.frames.length;
  await kit.pacer.take(session.username);
  session.send(refreshWith(token, nonce));
  const answers = ({ type }: SeenFrame): boolean => type === 'token_refreshed' || type === 'error';
  const answer = await session.until('token_refreshed', answers, from);
  if (answer.type === 'error')
    throw fault(session, `a token of the same user is refused with ${codeOf(answer)}`, answer);
  checkPart(session, answer, 'nonce', nonce);
  return answer;
}

const answered: Case = {
  id: 'rule.token-refresh.answered',
  says: 'a new token of the same user is answered with token_refreshed, its expiry and the nonce, to this session alone',
  run: async (kit) => {
    needsRefresh(kit);
    const token = await kit.secondToken();
    const [bob, second, observer] = [await kit.join('bob'), await kit.join('bob'), await kit.observer()];
    const frame = await refreshed(kit, bob, token);
    const until = Date.parse(String(member(frame.msg, 'expires_at')));
    const expiryMs = Number(claimsOf(token).exp) * 1_000;
    if (until < expiryMs || until > expiryMs + clockToleranceMs)
      throw fault(bob, 'expires_at is not when the new token expires', frame);
    await settle(kit, bob, [second, observer]);
    const own = bob.frames.filter(({ type }) => type === 'token_refreshed');
    if (own.length > 1) throw fault(bob, 'token_refreshed comes twice', own.at(-1));
    for (const other of [second, observer]) {
      const overheard = other.frames.find(({ type }) => type === 'token_refreshed');
      if (overheard) throw fault(other, 'a token_refreshed that another session was to have', overheard);
    }
  },
};

const foreign: Case = {
  id: 'rule.token-refresh.foreign',
  says: 'the token of another user is refused with invalid_token, and the connection stays open',
  run: async (kit) => {
    needsRefresh(kit);
    const { token } = await kit.user('observer');
    const ann = await kit.join('ann');
    const text = JSON.stringify(refreshWith(token, newNonce()));
    const what = 'the token of another user';
    await expectRefusal(kit, ann, { what, text }, ['invalid_token']);
    checkPart(ann, await say(kit, ann, { text: 'Still here', nonce: newNonce() }), 'from_user', ann.username);
  },
};

/** So long a first token is good, from now on; longer where this machine is too busy to hand over another in that time. */
const leewaysS = [3, 7];

export const tokenRefreshSurvives: Case = {
  id: 'rule.token-refresh.survives',
  says: 'a connection with a new token stays open when its first token expires',
  run: async (kit) => {
    needsRefresh(kit);
    const { username } = await kit.user('ann');
    const who = { id: `${username}-refresh`, username: `${username}-refresh` };
    const joinFor = async (seconds: number): Promise<readonly [Session, Session]> => {
      const token = await kit.minted({ ...who, exp: nowS() + seconds });
      return [await kit.join('ann', { token }), await kit.join('ann', { token })];
    };
    for (const leewayS of leewaysS) {
      // Where clocks may differ, as the contract has it, this one is about to expire; else it has already.
      const [stays, goes] = await joinFor(leewayS - clockToleranceMs / 1_000).catch(() => joinFor(leewayS));
      const answer = await refreshed(kit, stays, await kit.minted(who)).catch((error: unknown) => {
        if (stays.closeCode !== 4001 || leewayS === leewaysS.at(-1)) throw error;
      });
      if (!answer) continue;
      // The other one tells when it is time.
      await goes.closed('close with 4001', 10_000);
      await say(kit, stays, { text: 'Still here', nonce: newNonce() });
      return;
    }
  },
};

/** How a connection outlives its token. */
export const tokenRefresh: readonly Case[] = [answered, foreign];
