/** A living client answers a ping by then. */
export const ghostTimeoutMs = 3_000;
/** Time that a newcomer waits longer for other nodes, which hear of it later. */
const otherNodesMs = 500;
/** Newcomers of one user that may wait at a time; one more is refused at once. */
const maxWaiting = 3;

/** Tells a living connection from a dead one. */
export interface Pulse {
  /** Sends a ping, and calls back at the next sign of life. Returns how long an earlier ping has had no answer, in ms. */
  ask(onSign: () => void): number;
  /** Treats the connection as broken, and so gives its seat up. */
  drop(): void;
}

/** Finds the dead connections of a user who may have no further session. */
export interface Ghosts {
  /**
   * Pings the user's sessions and drops the oldest silent one. A session is silent if it doesn't answer within
   * `ghostTimeoutMs`, or an earlier ping has had no answer for as long. Resolves with whether a session ended.
   * @param askOthers Has other nodes do the same, and returns false where there are none. They don't answer, so that
   * a session is taken to have ended there.
   */
  makeRoom(userId: string, askOthers?: () => boolean): Promise<boolean>;
  /** Newcomers that wait. */
  readonly waiting: number;
}

/** @param pulsesOf Yields the pulses of a user's sessions on this node, the oldest session first */
export function createGhosts(pulsesOf: (userId: string) => Iterable<Pulse>): Ghosts {
  /** Number of newcomers that wait, by user id. */
  const waiting = new Map<string, number>();
  /** Ids of users whose sessions have all answered a moment ago: they needn't be asked again. */
  const alive = new Set<string>();
  let total = 0;

  /** Resolves with the silent ones, once all others have answered or their time is up. */
  const silentOf = (asked: readonly Pulse[]): Promise<Pulse[]> =>
    new Promise((resolve) => {
      const silent = new Set(asked);
      const done = (): void => {
        clearTimeout(timer);
        resolve([...silent]);
      };
      let timer: NodeJS.Timeout | undefined;
      const silentMs = asked.map((pulse) =>
        pulse.ask(() => {
          silent.delete(pulse);
          if (silent.size === 0) done();
        }),
      );
      if (silentMs.some((ms) => ms >= ghostTimeoutMs)) {
        for (const [index, ms] of silentMs.entries()) if (ms < ghostTimeoutMs) silent.delete(asked[index]!);
        done();
      } else if (silent.size > 0) timer = setTimeout(done, ghostTimeoutMs);
    });

  async function ask(userId: string, askOthers: () => boolean): Promise<boolean> {
    const asked = [...pulsesOf(userId)];
    const deadlineMs = performance.now() + ghostTimeoutMs + otherNodesMs;
    const areOthersAsked = askOthers();
    const silent = asked.length === 0 ? [] : await silentOf(asked);
    // The oldest may already have made room for another newcomer.
    const here = new Set(pulsesOf(userId));
    const ghost = silent.find((pulse) => here.has(pulse));
    ghost?.drop();
    if (silent.length === 0) {
      alive.add(userId);
      setTimeout(() => alive.delete(userId), ghostTimeoutMs).unref();
    }
    if (ghost === undefined && areOthersAsked) {
      await new Promise((resolve) => setTimeout(resolve, deadlineMs - performance.now()));
      return true;
    }
    // A session may also have ended by itself.
    return ghost !== undefined || asked.some((pulse) => !here.has(pulse));
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
