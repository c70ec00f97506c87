import { StoreUnavailable } from '../../src/database/database.ts';
import type { MessageStore } from '../../src/history/message-store.ts';

/** While `down`, writes fail. While `mute`, writes succeed and report a failure. */
export type Mood = 'up' | 'down' | 'mute';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Wraps a store to fail on demand, and keeps the ids of the messages that it stored. */
export function unreliable(inner: MessageStore) {
  let mood: Mood = 'up';
  let dead = { is: false };
  const kept = new Set<string>();
  let underWay = 0;

  async function ask<T>(of: { is: boolean }, question: () => Promise<T>, isWrite = false): Promise<T> {
    // A crashed server calls the store no more, and gets no answers.
    if (of.is) return new Promise(() => {});
    if (isWrite && mood === 'down') throw new StoreUnavailable('down');
    underWay += 1;
    try {
      const answer = await question();
      if (isWrite && mood === 'mute') throw new StoreUnavailable('mute');
      return answer;
    } finally {
      underWay -= 1;
    }
  }

  /** Resolves once no call is open and the code after the answers has run. */
  async function settled(): Promise<void> {
    do {
      await nextTurn();
      while (underWay > 0) await nextTurn();
      await nextTurn();
    } while (underWay > 0);
  }

  return {
    kept: kept as ReadonlySet<string>,
    mood: () => mood,
    be: (next: Mood): void => {
      mood = next;
    },
    settled,
    begin: (): void => {
      mood = 'up';
      dead = { is: false };
    },
    /** Waits for open calls. After that this life calls the store no more. */
    end: async (): Promise<void> => {
      dead.is = true;
      await settled();
    },
    /** Returns the store as this life's server sees it. */
    ofLife: (): MessageStore => {
      const of = dead;
      return {
        append: (messages, gaps) =>
          ask(
            of,
            async () => {
              await inner.append(messages, gaps);
              for (const { id } of messages) kept.add(id);
            },
            true,
          ),
        putRun: (run) => ask(of, () => inner.putRun(run), true),
        before: (id, limit) => ask(of, () => inner.before(id, limit)),
        after: (id, limit) => ask(of, () => inner.after(id, limit)),
        lastDue: (times) => ask(of, () => inner.lastDue(times)),
        prune: (upTo, keep) => ask(of, () => inner.prune(upTo, keep)),
        retention: () => ask(of, () => inner.retention()),
        putRetention: (retention) => ask(of, () => inner.putRetention(retention)),
        runs: () => ask(of, () => inner.runs()),
      };
    },
  };
}
