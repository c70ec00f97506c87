import type { MessageStore, Run } from './message-store.ts';

/** Records in the store which runs of the stream there were. */
export interface RunRecorder {
  /** Whether the current run is not recorded yet. */
  readonly isPending: boolean;
  /** Notes that the stream continues under this epoch. */
  begin(epoch: string): void;
  /** Records the current run, and ends those before it, unless that is done already. @throws {StoreUnavailable} */
  record(): Promise<void>;
}

/**
 * Ends with a gap the runs that were cut off, since nobody knows what they lost: all runs, or those before an epoch.
 * Returns the runs as they are then. @throws {StoreUnavailable}
 */
export async function endRuns(store: MessageStore, runs: readonly Run[], before?: string): Promise<Run[]> {
  const ended: Run[] = [];
  for (const run of runs) {
    const { epoch, lastId } = run;
    if (lastId !== undefined || (before !== undefined && epoch >= before)) {
      ended.push(run);
      continue;
    }
    // Sorts after every id of the run.
    const end = `${epoch}-~`;
    await store.append([], [end]);
    await store.putRun({ epoch, lastId: end });
    ended.push({ epoch, lastId: end });
  }
  return ended;
}

export function createRunRecorder(store: MessageStore): RunRecorder {
  let pending: string | undefined;
  let current: string | undefined;
  /** Epochs before the current one, from the last recorded one on. */
  let earlier: string[] = [];

  return {
    get isPending() {
      return pending !== undefined;
    },

    begin: (epoch) => {
      if (epoch !== current && current !== undefined) earlier.push(current);
      current = epoch;
      pending = epoch;
    },

    // Several nodes may record the same run, and one may do so late: the result is the same.
    record: async () => {
      if (pending === undefined) return;
      const run = pending;
      const stored = await store.runs();
      const isStored = (epoch: string): boolean => stored.some((known) => known.epoch === epoch);
      // A store without a run before this one lacks messages of that run, perhaps for good: a gap shows it.
      const lost = earlier.flatMap((epoch) => (isStored(epoch) ? [] : [{ epoch, lastId: undefined }]));
      await endRuns(store, [...stored, ...lost], run);
      if (!isStored(run)) await store.putRun({ epoch: run, lastId: undefined });
      if (pending !== run) return;
      pending = undefined;
      earlier = earlier.slice(-1);
    },
  };
}
