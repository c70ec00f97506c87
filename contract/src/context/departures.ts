import { setTimeout as sleep } from 'node:timers/promises';
import type { Patience } from '../client/patience.ts';
import { present } from '../client/roster.ts';
import type { SeenFrame } from '../client/seen.ts';
import type { Session } from '../client/session.ts';
import { openWebSocket } from '../client/websocket.ts';
import { member } from '../specs/schema.ts';

/** The ends of sessions, as far as others in the room see them. */
export interface Departures {
  /** Remembers a user whose stream of events was, or will be, ended. It stays in the room for a while. */
  linger(token: string, username: string): void;
  /** Resolves when the watcher knows of none of these users in the room. */
  gone(watcher: Session | undefined, sessions: Iterable<Session>): Promise<void>;
}

/** How often a user of an ended stream is made to leave, and how long its departure may take. */
const mostLeaves = 3;
const leaveMs = 1_000;

export function createDepartures(socketUrl: URL, patience: Patience): Departures {
  const lingering = new Map<string, string>();
  let departuresAreTold = true;
  let lingeringLeave = true;

  /** Joins and leaves over a WebSocket, which a server takes for a departure at once. Resolves with the roster's id. */
  async function leave(token: string): Promise<string> {
    const place = { url: socketUrl, label: 'leaver', username: '', patience };
    const session = await openWebSocket(place, { token }, () => {});
    const { id } = await session.until('first frame', () => true);
    await session.close();
    return id;
  }

  /** Lets a user of ended streams leave, and waits until the watcher has seen it. */
  async function left(watcher: Session, token: string, username: string): Promise<void> {
    for (let tries = 0; tries < mostLeaves && lingeringLeave; tries += 1) {
      // The token may have been revoked meanwhile.
      const joinedAt = await leave(token).catch(() => undefined);
      if (joinedAt === undefined || username === '') return;
      const isLeft = ({ type, id, msg }: SeenFrame): boolean =>
        type === 'user_left' && id > joinedAt && member(msg, 'username') === username;
      const untilMs = Date.now() + leaveMs;
      for (; Date.now() < untilMs; await sleep(5)) if (watcher.frames.some(isLeft)) return;
    }
    // Perhaps the user has a session that is not the kit's.
    lingeringLeave = false;
  }

  /** Where it once doesn't hear of it, nobody waits again. */
  async function departed(watcher: Session, username: string): Promise<void> {
    if (!departuresAreTold || !present(watcher, username)) return;
    await watcher
      .until(`user_left of ${username}`, () => !present(watcher, username))
      .catch(() => {
        departuresAreTold = false;
      });
  }

  return {
    linger: (token, username) => void lingering.set(token, username),
    gone: async (watcher, sessions) => {
      const streamed = [...lingering];
      lingering.clear();
      if (!watcher) return;
      const others = streamed.filter(([, username]) => username !== watcher.username);
      await Promise.all(others.map(([token, username]) => left(watcher, token, username)));
      for (const username of new Set([...sessions].map((session) => session.username)))
        if (username !== watcher.username) await departed(watcher, username);
    },
  };
}
