import type { Session } from '../../client/session.ts';
import type { Kit } from '../../context/kit.ts';
import { roles } from '../../context/people.ts';

/** A session may have 20 frames refused at once. */
const framesPerSession = 15;

/** Sessions of all users in turn, so that nobody has to wait for the limit of one; new ones before they are worn out. */
export function createSpeakers(kit: Kit): { next(): Promise<Session> } {
  const sessions: Session[] = [];
  let count = 0;
  return {
    next: async () => {
      const turn = count % roles.length;
      const isNew = count % (framesPerSession * roles.length) < roles.length;
      count += 1;
      if (isNew) sessions[turn] = await kit.join(roles[turn] ?? 'ann');
      return sessions[turn] as Session;
    },
  };
}
