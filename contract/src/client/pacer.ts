import { setTimeout as sleep } from 'node:timers/promises';

/** Lets so many frames a second pass, so that a run stays below the limits of a server. */
export interface Pacer {
  /** Resolves when this user may send so many more. */
  take(username: string, frames?: number): Promise<void>;
}

export function createPacer(perSecond: number): Pacer {
  const sentAt = new Map<string, number[]>();
  return {
    take: async (username, frames = 1) => {
      for (;;) {
        const now = Date.now();
        const recent = (sentAt.get(username) ?? []).filter((at) => at > now - 1_000);
        if (recent.length === 0 || recent.length + frames <= perSecond) {
          sentAt.set(username, [...recent, ...Array<number>(frames).fill(now)]);
          return;
        }
        await sleep((recent[0] ?? now) + 1_001 - now);
      }
    },
  };
}
