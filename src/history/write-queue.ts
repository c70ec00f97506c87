import type { StoredMessage } from './message-store.ts';

const maxMessages = 10_000;
const maxCharacters = 16_777_216;

/** A part of the queue: messages, oldest first, and positions before which some are missing. */
export interface Batch {
  readonly messages: readonly StoredMessage[];
  readonly gaps: readonly string[];
}

/** Messages that are not stored yet. The queue is bounded: dropped messages leave a gap behind. */
export interface WriteQueue {
  /** Messages and gaps in the queue. */
  readonly size: number;
  /** Messages dropped since the start. */
  readonly lost: number;
  add(message: StoredMessage): void;
  /** Adds a position before which messages are missing. */
  addGap(id: string): void;
  /** Returns the oldest messages, at most `limit`, and all gaps. They stay in the queue until `remove`. */
  peek(limit: number): Batch;
  /** Removes a batch that was stored. */
  remove(stored: Batch): void;
  /** Returns all that is in the queue. */
  all(): Batch;
}

export function createWriteQueue(): WriteQueue {
  const messages: StoredMessage[] = [];
  let gaps: string[] = [];
  let characters = 0;
  let lost = 0;
  /** The message that follows the last dropped one. If it is dropped next, that gap grows instead of a new one. */
  let behindGap: string | undefined;

  function dropOldest(): void {
    const { id, msg } = messages.shift()!;
    characters -= msg.text.length;
    lost += 1;
    if (behindGap === id) gaps.pop();
    gaps.push(id);
    behindGap = messages[0]?.id;
  }

  return {
    get size() {
      return messages.length + gaps.length;
    },
    get lost() {
      return lost;
    },
    add: (message) => {
      messages.push(message);
      characters += message.msg.text.length;
      while (messages.length > maxMessages || characters > maxCharacters) dropOldest();
    },
    addGap: (id) => {
      gaps.push(id);
    },
    peek: (limit) => ({ messages: messages.slice(0, limit), gaps: [...gaps] }),
    remove: (stored) => {
      const last = stored.messages.at(-1)?.id ?? '';
      // Some of them may have been dropped meanwhile.
      const from = messages.findIndex(({ id }) => id > last);
      const removed = messages.splice(0, from < 0 ? messages.length : from);
      for (const { msg } of removed) characters -= msg.text.length;
      gaps = gaps.filter((id) => !stored.gaps.includes(id));
    },
    all: () => ({ messages: [...messages], gaps: [...gaps] }),
  };
}
