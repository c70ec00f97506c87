import { fault } from '../../client/messages.ts';
import { after, present } from '../../client/roster.ts';
import { excerpt, type SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import type { Kit } from '../../context/kit.ts';
import type { Role } from '../../context/people.ts';
import { NotTried } from '../../errors.ts';
import { member } from '../../specs/schema.ts';
import type { Case, Standing } from '../case.ts';
import { settle } from '../chat/say.ts';
import { ordered } from './order.ts';

const about = (type: string, username: string): ((frame: SeenFrame) => boolean) => {
  return (frame) => frame.type === type && member(frame.msg, 'username') === username;
};

/** Nobody else may speak for the user, or nothing can be said of its coming and going. */
async function absent(kit: Kit, observer: Session, role: Role = 'ann'): Promise<string> {
  const { username, own } = await kit.user(role);
  await observer.until('first frame', () => true);
  if (!own && present(observer, username))
    throw new NotTried(`${username} is already in the room with another connection`);
  return username;
}

const first: Case = {
  id: 'rule.presence.first-session',
  says: "a user's first session receives the roster without itself, then its own user_joined, as does everyone",
  run: async (kit) => {
    const observer = await kit.observer();
    const username = await absent(kit, observer);
    const from = observer.frames.length;
    const ann = await kit.join('ann');
    const online = await ann.until('users_online', ({ type }) => type === 'users_online');
    const list = member(online.msg, 'list');
    if (Array.isArray(list) && list.includes(username))
      throw fault(ann, 'the list has the joiner itself already', online);
    if (Array.isArray(list) && !list.includes(observer.username))
      throw fault(ann, 'the list lacks a user who joined earlier', online);
    await ann.until('user_joined of its own', about('user_joined', username));
    await observer.until(`user_joined of ${username}`, about('user_joined', username), from);
  },
};

const second: Case = {
  id: 'rule.presence.second-session',
  says: 'a further session of a user finds its name in the roster, once, and announces nothing',
  run: async (kit) => {
    const observer = await kit.observer();
    const ann = await kit.join('ann');
    await ann.until('user_joined of its own', about('user_joined', ann.username));
    await settle(kit, ann, [observer]);
    const others = [ann, observer];
    const from = new Map<Session, number>(others.map((session) => [session, session.frames.length]));
    const again = await kit.join('ann');
    from.set(again, 0);
    const online = await again.until('users_online', ({ type }) => type === 'users_online');
    const list = member(online.msg, 'list');
    const times = Array.isArray(list) ? list.filter((name) => name === ann.username).length : 0;
    if (times !== 1) throw fault(again, `the list has the user's own name ${times} times`, online);
    await settle(kit, again, others);
    for (const [session, start] of from) {
      const announced = session.frames.slice(start).find(about('user_joined', ann.username));
      if (announced) throw fault(session, 'the further session is announced', announced);
    }
  },
};

/** The contract lets a user who was cut off stay in the roster for ten seconds. */
const cutMs = 15_000;

const left: Case = {
  id: 'rule.presence.last-session',
  says: "user_left is sent when a user's last session ends, however it ends, and not before",
  run: async (kit) => {
    const observer = await kit.observer();
    const username = await absent(kit, observer);
    const from = observer.frames.length;
    const [ann, again] = [await kit.join('ann'), await kit.join('ann')];
    await again.until('first frame', () => true);
    await ann.close();
    await settle(kit, again, [observer]);
    const soon = observer.frames.slice(from).find(about('user_left', username));
    if (soon) throw fault(observer, `user_left of ${username}, who has a session left`, soon);
    await again.close();
    await observer.until(`user_left of ${username}`, about('user_left', username), from);
    const back = observer.frames.length;
    const third = await kit.join('ann');
    await observer.until(`user_joined of ${username}, who joined again`, about('user_joined', username), back);
    third.drop();
    const gone = about('user_left', username);
    await observer.until(`user_left of ${username}, whose connection was cut`, gone, back, cutMs);
  },
};

/** HTTP can't tell a client that leaves from one that is cut off, so a user of streams leaves later. */
const leftByEvents: Case = {
  id: 'rule.presence.last-session.events',
  says: "user_left is sent when a user's last stream of events has ended, and not before",
  run: async (kit) => {
    const observer = await kit.observer();
    const username = await absent(kit, observer, 'bob');
    const from = observer.frames.length;
    const [bob, again] = [await kit.join('bob', { door: 'events' }), await kit.join('bob', { door: 'events' })];
    await again.until('first frame', () => true);
    await bob.close();
    await settle(kit, again, [observer]);
    const gone = about('user_left', username);
    const soon = observer.frames.slice(from).find(gone);
    if (soon) throw fault(observer, `user_left of ${username}, who has a stream left`, soon);
    await again.close();
    await observer.until(`user_left of ${username}, whose streams have ended`, gone, from, cutMs);
  },
};

/** By all that any session received. */
export const consistent: Standing = {
  id: 'rule.presence.consistent',
  says: 'user_joined names a user who was not in the room, and user_left one who was',
  judge: ({ sessions }) => {
    for (const session of sessions) {
      let roster: readonly string[] = [];
      for (const frame of session.frames) {
        const username = String(member(frame.msg, 'username'));
        const there = roster.includes(username);
        if ((frame.type === 'user_joined' && there) || (frame.type === 'user_left' && !there))
          return {
            what: `${session.label}: ${frame.type} of ${username}, who was ${there ? 'there' : 'not there'}`,
            show: excerpt(session, frame.line),
          };
        roster = after(roster, frame);
      }
    }
    return sessions.some((session) => ordered(session).length > 0) ? undefined : 'unseen';
  },
};

/** Rules about presence. */
export const presence: readonly Case[] = [first, second];

/** Rules about the end of a user's last session, which take as long as a user who was cut off stays in the room. */
export const departures = { left, leftByEvents };
