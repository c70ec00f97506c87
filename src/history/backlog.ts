import type { StoredMessage } from './message-store.ts';

const maxMessages = 10_000;
const maxCharacters = 16_777_216;

/** What waits to be kept. It is bounded: what is given up leaves a gap behind. */
export interface Backlog {
  readonly size: number;
  /** How many messages were given up since the start. */
  readonly lost: number;
  add(message: StoredMessage): void;
  /** A place before which some are missing. */
  addGap(id: string): void;
  /** The oldest, at most so many, and the gaps there are: until they are kept they are still here. */
  peek(most: number): { readonly messages: readonly StoredMessage[]; readonly gaps: readonly string[] };
  /** These were kept. */
  drop(kept: ReturnType<Backlog['peek']>): void;
  /** All that waits. */
  all(): ReturnType<Backlog['peek']>;
}

export function createBacklog(): Backlog {
  const messages: StoredMessage[] = [];
  let gaps: string[] = [];
  let characters = 0;
  let lost = 0;
  /** The first message behind the last that was given up: as long as it waits, another one makes that gap longer. */
  let behindGap: string | undefined;

  function giveUp(): void {
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
      while (messages.length > maxMessages || characters > maxCharacters) giveUp();
    },
    addGap: (id) => {
      gaps.push(id);
    },
    peek: (most) => ({ messages: messages.slice(0, most), gaps: [...gaps] }),
    drop: (kept) => {
      const last = kept.messages.at(-1)?.id ?? '';
      // Some of them may have been given up meanwhile.
      const from = messages.findIndex(({ id }) => id > last);
      const gone = messages.splice(0, from < 0 ? messages.length : from);
      for (const { msg } of gone) characters -= msg.text.length;
      gaps = gaps.filter((id) => !kept.gaps.includes(id));
    },
    all: () => ({ messages: [...messages], gaps: [...gaps] }),
  };
}
