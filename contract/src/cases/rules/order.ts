import { isDeepStrictEqual } from 'node:util';
import { excerpt, type Seen, type SeenFrame, type SeenSession } from '../../client/seen.ts';
import { member } from '../../specs/schema.ts';
import type { Standing } from '../case.ts';

type Received = Pick<SeenSession, 'frames' | 'lastEventId' | 'repeats'>;

/**
 * Returns the frames that a session received from the stream: all that have an `id`. The roster's own, requested missed
 * messages, and answers to repeated messages don't count.
 */
export function ordered({ frames, lastEventId, repeats }: Received): SeenFrame[] {
  const online = frames.find(({ type }) => type === 'users_online');
  const isRecovered = lastEventId !== undefined && member(online?.msg, 'recovered') === true;
  const start = online?.id ?? '';
  let last = start;
  return frames.filter(({ id, type, msg }) => {
    if (id === '' || type === 'users_online') return false;
    if (isRecovered && type === 'chat_message' && id <= start) return false;
    if (id <= last && repeats.has(String(member(msg, 'nonce')))) return false;
    last = id;
    return true;
  });
}

const show = (session: SeenSession, frame: SeenFrame): string => excerpt(session, frame.line);

/** Returns the first violation that `find` reports in any session. */
const inSessions = (
  seen: Seen,
  find: (session: SeenSession) => { what: string; frame: SeenFrame } | undefined,
): ReturnType<Standing['judge']> => {
  for (const session of seen.sessions) {
    const found = find(session);
    if (found) return { what: `${session.label}: ${found.what}`, show: show(session, found.frame) };
  }
  return seen.sessions.some((session) => ordered(session).length > 0) ? undefined : 'unseen';
};

const rising: Standing = {
  id: 'rule.order.rising',
  says: "ids compare as plain strings in the order of the frames, and those after the roster are above the roster's",
  judge: (seen) =>
    inSessions(seen, (session) => {
      const start = session.frames.find(({ type }) => type === 'users_online')?.id ?? '';
      let last = start;
      for (const frame of ordered(session)) {
        if (frame.id < last || frame.id === start) return { what: `the id ${frame.id} comes after ${last}`, frame };
        last = frame.id;
      }
      return undefined;
    }),
};

const once: Standing = {
  id: 'rule.order.once',
  says: 'no frame of the stream is delivered twice',
  judge: (seen) =>
    inSessions(seen, (session) => {
      const ids = new Set<string>();
      for (const frame of ordered(session)) {
        if (ids.has(frame.id)) return { what: `the id ${frame.id} comes twice`, frame };
        ids.add(frame.id);
      }
      return undefined;
    }),
};

/** The first place in which two frames differ, in words. */
function difference(mine: unknown, its: unknown, label: string, path = ''): string {
  const names = Object.keys({ ...Object(mine), ...Object(its) });
  const name = names.find((each) => !isDeepStrictEqual(member(mine, each), member(its, each)));
  if (name === undefined || typeof mine !== 'object')
    return `${path} is ${JSON.stringify(mine)}, where ${label} received ${JSON.stringify(its)}`;
  return difference(member(mine, name), member(its, name), label, `${path}/${name}`);
}

const same: Standing = {
  id: 'rule.order.same',
  says: 'the frame of an id is the same for everyone',
  judge: (seen) => {
    const known = new Map(
      (seen.others ?? []).flatMap((session) =>
        ordered(session).map((frame) => [frame.id, { session, frame }] as const),
      ),
    );
    return inSessions(seen, (session) => {
      for (const frame of ordered(session)) {
        const first = known.get(frame.id) ?? { session, frame };
        known.set(frame.id, first);
        if (!isDeepStrictEqual(frame.value, first.frame.value))
          return { what: `at ${frame.id} ${difference(frame.value, first.frame.value, first.session.label)}`, frame };
      }
      return undefined;
    });
  },
};

const complete: Standing = {
  id: 'rule.order.complete',
  says: 'a session misses nothing between its roster and the last frame that it received',
  judge: (seen) => {
    const all = new Map([...seen.sessions, ...(seen.others ?? [])].flatMap(ordered).map((frame) => [frame.id, frame]));
    return inSessions(seen, (session) => {
      const start = session.frames.find(({ type }) => type === 'users_online')?.id;
      const mine = ordered(session);
      const last = mine.reduce((most, { id }) => (id > most ? id : most), '');
      if (start === undefined) return undefined;
      const ids = new Set(mine.map(({ id }) => id));
      const missed = [...all.values()].find(({ id }) => id > start && id < last && !ids.has(id));
      const after = mine.find(({ id }) => missed !== undefined && id > missed.id);
      return missed && after ? { what: `others received ${missed.text}, and it didn't`, frame: after } : undefined;
    });
  },
};

/** Rules of the stream, judged by the frames of all sessions. */
export const order: readonly Standing[] = [rising, once, same, complete];
