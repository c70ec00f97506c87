/**
 * Everything that was published over several lives of a server, and a plain model of the messages that may be missing.
 */
import type { Envelope } from '../../src/backplane/backplane.ts';
import { maxRecovered } from '../../src/chat/recovery.ts';
import type { History } from '../../src/history/history.ts';

const maxBacklog = 10_000;

export interface PublishedMessage {
  readonly id: string;
  readonly wire: string;
  /** Number of the life that published it. */
  readonly life: number;
}

/** The id that a client resumes after. No server has assigned a `foreign` one. */
export interface ResumeId {
  readonly id: string;
  readonly foreign: boolean;
}

export const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((text, index) => text === others[index]);

/** Returns all messages and gaps, paged back to from the end. */
async function readAll(history: Pick<History, 'page'>, pageSize: number) {
  const messages: { readonly id: string; readonly wire: string }[] = [];
  const gaps: string[] = [];
  let before: string | undefined;
  do {
    const page = await history.page({ before }, pageSize);
    messages.unshift(...page.messages.map((message) => ({ id: message.id, wire: JSON.stringify(message) })));
    gaps.unshift(...page.gaps);
    before = page.before;
  } while (before !== undefined);
  return { messages, gaps };
}

/** @param kept Ids of the messages that the store has kept */
export function createRecord(kept: ReadonlySet<string>) {
  const faults: string[] = [];
  const messages: PublishedMessage[] = [];
  /** Every position of the stream that a client was sent. */
  const given: string[] = [];
  /** Lives that ended or failed so that messages may be missing. */
  const unsound = new Set<number>();
  /** Epoch that the ids of each life begin with. */
  const epochs: string[] = [];
  let lives = 0;

  const fault = (what: string): void => void faults.push(`life ${lives}: ${what}`);

  /** Returns the number of the life that a position belongs to. */
  const lifeOf = (id: string): number => epochs.filter((epoch) => epoch <= id).length;

  return {
    faults,
    messages: messages as readonly PublishedMessage[],
    given,
    fault,
    get lives() {
      return lives;
    },

    beginLife: (): void => {
      lives += 1;
    },

    noteEpoch: (epoch: string): void => void epochs.push(epoch),

    note: ({ id, frame }: Envelope, wire: string): void => {
      given.push(id);
      if (frame.type === 'chat_message') messages.push({ id, wire, life: lives });
    },

    markUnsound: (): void => void unsound.add(lives),

    /**
     * Marks this life as unsound if more messages wait for the store than its queue holds, because some were dropped.
     */
    noteOverflow: (): void => {
      const waiting = messages.filter(({ id, life }) => life === lives && !kept.has(id));
      if (waiting.length > maxBacklog) unsound.add(lives);
    },

    /**
     * Returns whether the messages between two positions must be replayed, or undefined where both are right.
     * @param first Id of the oldest message that this life began with
     */
    mustRecover: ({ id, foreign }: ResumeId, to: string, first: string | undefined): boolean | undefined => {
      if (foreign) return false;
      const missed = messages.filter((message) => message.id > id && message.id <= to);
      if (missed.length >= maxRecovered) return undefined;
      if (lifeOf(id) === lives) return true;
      for (let n = lifeOf(id); n < lives; n += 1) if (unsound.has(n)) return undefined;
      return first !== undefined && first <= id ? true : undefined;
    },

    /** Checks that the store has everything it should have by now. */
    checkStored: (): void => {
      if (unsound.has(lives)) return;
      const late = messages.filter(({ id, life }) => !kept.has(id) && !unsound.has(life));
      if (late.length > 0) fault(`not kept yet: ${late.length}`);
    },

    /** Compares the whole history with the published messages. */
    checkHistory: async (history: Pick<History, 'page'>): Promise<void> => {
      const read = await readAll(history, messages.length > 100 ? 100 : 3);
      const { gaps } = read;
      const wires = read.messages.map(({ wire }) => wire);
      const got = new Set(wires);
      const published = messages.flatMap(({ wire }) => (got.has(wire) ? [wire] : []));
      if (!isSame(published, wires)) fault('the history is not a part of what was published, in its order');
      if (gaps.join() !== [...new Set(gaps)].sort().join()) fault(`gaps ${gaps}`);
      if (gaps.length > 0 && unsound.size === 0) fault(`gaps ${gaps}, where nothing went wrong`);
      for (const { id, wire, life } of messages) {
        if (got.has(wire)) continue;
        if (!unsound.has(life) || kept.has(id)) fault(`${id} is missing`);
        // Retention forgets everything before the oldest message, gaps included.
        const at = read.messages.findIndex((message) => message.id > id);
        const next = read.messages[at]?.id ?? '~~';
        if (at !== 0 && !gaps.some((gap) => gap >= id && gap <= next)) fault(`${id} is missing in no gap`);
      }
    },
  };
}

export type LivesRecord = ReturnType<typeof createRecord>;
