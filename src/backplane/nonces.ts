import type { Envelope } from './backplane.ts';

/** How long a user's nonce is published once. */
export const nonceWindowMs = 300_000;
/** What may be remembered; beyond it the oldest go before their time. */
const maxEntries = 100_000;
const maxCharacters = 8_388_608;

interface NonceRecord {
  readonly key: string;
  readonly envelope: Envelope;
  readonly atMs: number;
  readonly characters: number;
}

/** What each user has said under which nonce, for a while. Pure: whoever calls says the time, in milliseconds. */
export interface Nonces {
  find(userId: string, nonce: string, nowMs: number): Envelope | undefined;
  remember(userId: string, nonce: string, envelope: Envelope, nowMs: number): void;
}

const keyOf = (userId: string, nonce: string): string => `${userId.length} ${userId}${nonce}`;

export function createNonces(): Nonces {
  const entries = new Map<string, NonceRecord>();
  /** In the order of time; those before `first` are gone. A Map alone finds its first entry slowly once many are gone. */
  let queue: (NonceRecord | undefined)[] = [];
  let first = 0;
  let characters = 0;

  function forget(nowMs: number): void {
    for (; first < queue.length; first += 1) {
      const entry = queue[first]!;
      const isOver = queue.length - first > maxEntries || characters > maxCharacters;
      if (!isOver && nowMs - entry.atMs < nonceWindowMs) break;
      entries.delete(entry.key);
      // Its place stays for a while; what it holds would be as much again.
      queue[first] = undefined;
      characters -= entry.characters;
    }
    if (first > 1_024 && first > queue.length / 2) {
      queue = queue.slice(first);
      first = 0;
    }
  }

  return {
    find: (userId, nonce, nowMs) => {
      forget(nowMs);
      return entries.get(keyOf(userId, nonce))?.envelope;
    },
    remember: (userId, nonce, envelope, nowMs) => {
      const key = keyOf(userId, nonce);
      const text = envelope.frame.type === 'chat_message' ? envelope.frame.msg.text : '';
      const entry = { key, envelope, atMs: nowMs, characters: key.length + text.length };
      entries.set(key, entry);
      queue.push(entry);
      characters += entry.characters;
      forget(nowMs);
    },
  };
}
