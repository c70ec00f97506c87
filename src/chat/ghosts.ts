/** A living client answers a ping by then. */
export const ghostTimeoutMs = 3_000;
/** How much longer a newcomer waits for other nodes, which hear of it later. */
const otherNodesMs = 500;
/** Newcomers of one user that may wait for that at a time; one more is refused at once. */
const maxWaiting = 3;

/** Tells a living connection from a dead one. */
export interface Pulse {
  /** Pings, and calls back at the next sign of life. Returns for how long an earlier ping has had no answer, in ms. */
  ask(onSign: () => void): number;
  /** Takes the connection for dead and gives its seat up, as a broken one does. */
  drop(): void;
}

/** Finds the dead connections of a user who has no session left to spare. */
export interface Ghosts {
  /**
   * Pings the user's sessions, and drops the oldest one that doesn't answer in time, or hasn't answered for as long
   * already; a session that answers is left alone. Resolves with whether a session went.
   * @param askOthers Has other nodes do the same; false where there are none. Their sessions may have gone, or not.
   */
  makeRoom(userId: string, askOthers?: () => boolean): Promise<boolean>;
  /** How many wait for that. */
  readonly waiting: number;
}

/** @param sessionsOf A user's sessions on this node, the oldest first. */
export function createGhosts(sessionsOf: (userId: string) => Iterable<Pulse>): Ghosts {
  /** Newcomers that wait, by user. */
  const waiting = new Map<string, number>();
  /** Users whose sessions have all answered a moment ago: nobody needs to be asked again. */
  const alive = new Set<string>();
  let total = 0;

  /** Resolves with those that gave no sign, once all others did or their time is up. */
  const silentOf = (asked: readonly Pulse[]): Promise<Pulse[]> =>
    new Promise((resolve) => {
      const silent = new Set(asked);
      const done = (): void => {
        clearTimeout(timer);
        resolve([...silent]);
      };
      let timer: NodeJS.Timeout | undefined;
      const longest = asked.map((session) =>
        session.ask(() => {
          silent.delete(session);
          if (silent.size === 0) done();
        }),
      );
      if (longest.some((ms) => ms >= ghostTimeoutMs)) {
        for (const [index, ms] of longest.entries()) if (ms < ghostTimeoutMs) silent.delete(asked[index]!);
        done();
      } else if (silent.size > 0) timer = setTimeout(done, ghostTimeoutMs);
    });

  async function ask(userId: string, askOthers: () => boolean): Promise<boolean> {
    const asked = [...sessionsOf(userId)];
    const deadlineMs = performance.now() + ghostTimeoutMs + otherNodesMs;
    const areOthersAsked = askOthers();
    const silent = asked.length === 0 ? [] : await silentOf(asked);
    // Another newcomer may have taken the place of the oldest.
    const here = new Set(sessionsOf(userId));
    const ghost = silent.find((session) => here.has(session));
    ghost?.drop();
    if (silent.length === 0) {
      alive.add(userId);
      setTimeout(() => alive.delete(userId), ghostTimeoutMs).unref();
    }
    if (ghost === undefined && areOthersAsked) {
      await new Promise((resolve) => setTimeout(resolve, deadlineMs - performance.now()));
      return true;
    }
    // One may also have ended by itself.
    return ghost !== undefined || asked.some((session) => !here.has(session));
  }

  return {
    async makeRoom(userId, askOthers = () => false) {
      const before = waiting.get(userId) ?? 0;
      if (before >= maxWaiting || alive.has(userId)) return false;
      waiting.set(userId, before + 1);
      total += 1;
      try {
        return await ask(userId, askOthers);
      } finally {
        total -= 1;
        const left = waiting.get(userId)! - 1;
        if (left === 0) waiting.delete(userId);
        else waiting.set(userId, left);
      }
    },
    get waiting() {
      return total;
    },
  };
}
