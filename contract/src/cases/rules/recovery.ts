import { isDeepStrictEqual } from 'node:util';
import { fault, newNonce } from '../../client/messages.ts';
import { excerpt, type SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried } from '../../errors.ts';
import { member } from '../../specs/schema.ts';
import type { Case, Standing } from '../case.ts';
import { say, settle } from '../chat/say.ts';

function needsRecovery({ specs: { http, chat } }: Kit): void {
  const joins = http.operations.filter(({ path }) => path === chat.address);
  if (!joins.some(({ parameters }) => parameters.some(({ name }) => name === 'last_event_id')))
    throw new NotTried('the contract has no last_event_id');
}

const recovered = ({ msg }: SeenFrame): unknown => member(msg, 'recovered');
const textOf = (frame: SeenFrame): string => JSON.stringify(member(frame.msg, 'text'));

/** Checks that a session received exactly the messages between its last frame and its roster. */
function checkRecovered(session: Session, online: SeenFrame, missed: readonly SeenFrame[]): void {
  const replayed = session.frames.filter(({ id, type }) => type !== 'users_online' && id !== '' && id <= online.id);
  const stray = replayed.find(({ id }) => !missed.some((frame) => frame.id === id));
  if (stray) throw fault(session, 'a replayed message is not one of the missed ones', stray);
  for (const [index, each] of missed.entries()) {
    const [found, again] = replayed.filter(({ id }) => id === each.id);
    if (!found) throw fault(session, `recovered is true, but ${textOf(each)} is missing`, online);
    if (again) throw fault(session, `the missed message ${textOf(each)} comes twice`, again);
    if (!isDeepStrictEqual(found.value, each.value))
      throw fault(session, `the missed message ${textOf(each)} differs from the original`, found);
    if (replayed[index] !== found) throw fault(session, `the missed message ${textOf(each)} comes out of order`, found);
  }
  const newer = session.frames.findIndex(({ id, type }) => type !== 'users_online' && id > online.id);
  const [last] = replayed.slice(-1);
  if (last && newer >= 0 && newer < session.frames.indexOf(last))
    throw fault(session, 'a newer message comes before the missed ones', last);
}

const whole: Case = {
  id: 'rule.recovery.whole',
  says: 'a client that reconnects with the id of its last frame receives the missed messages, once, in order, before anything newer',
  run: async (kit) => {
    needsRecovery(kit);
    const [ann, bob, observer] = [await kit.join('ann'), await kit.join('bob'), await kit.observer()];
    // All frames under way have arrived by then.
    await settle(kit, ann, [bob, observer]);
    const lastEventId = ann.frames.findLast(({ id }) => id !== '')?.id ?? '';
    ann.drop();
    const speakers = [bob, observer, bob, observer];
    for (const [index, speaker] of speakers.entries())
      await say(kit, speaker, { text: `missed ${index}`, nonce: newNonce() });
    const back = await kit.join('ann', { lastEventId });
    const online = await back.until('users_online', ({ type }) => type === 'users_online');
    await settle(kit, bob, [back, observer]);
    const keeps = kit.specs.http.operations.some(({ id }) => id === 'listMessages');
    if (recovered(online) === false && !keeps) throw new NotTried('the contract has no message history (listMessages)');
    if (recovered(online) !== true)
      throw fault(
        back,
        `recovered is ${String(recovered(online))} a moment after the last frame that was seen`,
        online,
      );
    const isMissed = ({ type, id }: SeenFrame): boolean =>
      type === 'chat_message' && id > lastEventId && id <= online.id;
    checkRecovered(back, online, observer.frames.filter(isMissed));
  },
};

/** Before all ids that there can be, and behind them. */
const neverGiven = ['!', 'contract'];

const unknown: Case = {
  id: 'rule.recovery.unknown',
  says: 'with an id that was never assigned, nothing is recovered, and no old frame follows',
  run: async (kit) => {
    needsRecovery(kit);
    const observer = await kit.observer();
    await say(kit, observer, { text: 'Already past', nonce: newNonce() });
    for (const lastEventId of neverGiven) {
      const ann = await kit.join('ann', { lastEventId });
      const online = await ann.until('users_online', ({ type }) => type === 'users_online');
      if (recovered(online) !== false)
        throw fault(ann, `recovered is ${String(recovered(online))} after an id that was never given`, online);
      await settle(kit, ann, []);
      const past = ann.frames.find(({ id, type }) => type === 'chat_message' && id <= online.id);
      if (past) throw fault(ann, 'recovered is false, and yet something of the past follows', past);
    }
  },
};

export const recovery: readonly Case[] = [whole, unknown];

/** By all that any session received. */
export const recoveredTold: Standing = {
  id: 'rule.recovery.told',
  says: 'users_online has recovered for clients that sent last_event_id, and for no others',
  judge: ({ sessions }) => {
    for (const session of sessions) {
      const [online] = session.frames;
      if (online?.type !== 'users_online') continue;
      const isAsked = session.lastEventId !== undefined;
      if ((recovered(online) !== undefined) !== isAsked)
        return {
          what: `${session.label}: recovered is ${isAsked ? 'not ' : ''}there, and last_event_id was ${isAsked ? '' : 'not '}given`,
          show: excerpt(session, online.line),
        };
    }
    return sessions.some(({ frames }) => frames.length > 0) ? undefined : 'unseen';
  },
};
