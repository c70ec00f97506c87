import type { MessageEnvelope } from './backplane.ts';

/** Time within which a user's nonce is published once. */
export const nonceWindowMs = 300_000;
/** Nonces that may be remembered; beyond that the oldest go before their time. */
const maxNonces = 100_000;
const maxCharacters = 8_388_608;

interface UsedNonce {
  readonly key: string;
  readonly envelope: MessageEnvelope;
  readonly atMs: number;
  readonly characters: number;
}

/** Messages by user and nonce, remembered for a while. Pure: the caller gives the time, in milliseconds. */
export interface Nonces {
  find(userId: string, nonce: string, nowMs: number): MessageEnvelope | undefined;
  remember(userId: string, nonce: string, envelope: MessageEnvelope, nowMs: number): void;
}

const keyOf = (userId: string, nonce: string): string => `${userId.length} ${userId}${nonce}`;

export function createNonces(): Nonces {
  const used = new Map<string, UsedNonce>();
  /** In order of time; those before `first` are forgotten. A Map alone finds its first key slowly after many deletions. */
  let queue: (UsedNonce | undefined)[] = [];
  let first = 0;
  let characters = 0;

  function forget(nowMs: number): void {
    for (; first < queue.length; first += 1) {
      const oldest = queue[first]!;
      const isOver = queue.length - first > maxNonces || characters > maxCharacters;
      if (!isOver && nowMs - oldest.atMs < nonceWindowMs) break;
      // After a restart, a nonce may be there twice: with a message from before its window, and with a later one.
      if (used.get(oldest.key) === oldest) used.delete(oldest.key);
      // Its slot stays for a while; the envelope must not stay with it.
      queue[first] = undefined;
      characters -= oldest.characters;
    }
    if (first > 1_024 && first > queue.length / 2) {
      queue = queue.slice(first);
      first = 0;
    }
  }

  return {
    find: (userId, nonce, nowMs) => {
      forget(nowMs);
      return used.get(keyOf(userId, nonce))?.envelope;
    },
    remember: (userId, nonce, envelope, nowMs) => {
      const key = keyOf(userId, nonce);
      const text = envelope.frame.type === 'chat_message' ? envelope.frame.msg.text : '';
      const latest = { key, envelope, atMs: nowMs, characters: key.length + text.length };
      used.set(key, latest);
      queue.push(latest);
      characters += latest.characters;
      forget(nowMs);
    },
  };
}
