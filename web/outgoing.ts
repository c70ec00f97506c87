import type { ChatMessage } from '@palaver/sdk';
import type { RoomView, useRoom } from '@palaver/sdk/react';
import { useLayoutEffect, useState } from 'preact/hooks';
import type { Unconfirmed, useKept } from './kept.ts';
import type { Entry } from './transcript.ts';
import { isUnclear, unsentInWords } from './words.ts';

/** A message that the server has not confirmed, or has rejected. */
export interface Outgoing extends Unconfirmed {
  /** Why it was not sent; undefined while the server may still confirm it. */
  readonly why?: string | undefined;
}

interface OutgoingOptions {
  readonly room: Pick<RoomView, 'state' | 'messages'> & Pick<ReturnType<typeof useRoom>, 'send'>;
  /** Entries of the conversation, loaded history included. */
  readonly entries: readonly Entry[];
  /** Text that this user left unsent before. */
  readonly kept: ReturnType<typeof useKept>;
}

const nonceBytes = 16;
/** Number of messages that survive a reload. */
const maxKept = 100;

/** Returns a random nonce, which nobody else knows before the message is published. */
const createNonce = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(nonceBytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');

const nonceOf = ({ msg: { nonce } }: ChatMessage): string | undefined => nonce;

/**
 * Sends messages and tracks those that the server has not confirmed. Each keeps its nonce over all tries, so that the
 * server publishes it once. A late echo confirms it too, on the connection or in the history.
 */
export function useOutgoing({ room, entries, kept: { kept, keep } }: OutgoingOptions) {
  const { state, messages } = room;
  const [items, setItems] = useState<readonly Outgoing[]>(() =>
    kept.unsent.map((item) => ({ ...item, why: unsentInWords(undefined, item.mayBeDelivered) })),
  );

  const discard = (nonce: string): void => setItems((all) => all.filter((item) => item.nonce !== nonce));
  const fail = (nonce: string, error: unknown): void =>
    setItems((all) =>
      all.map((item) => {
        if (item.nonce !== nonce) return item;
        const mayBeDelivered = item.mayBeDelivered && isUnclear(error);
        return { ...item, mayBeDelivered, why: unsentInWords(error, mayBeDelivered) };
      }),
    );
  const transmit = ({ text, nonce, mayBeDelivered }: Unconfirmed): void => {
    const item = { text, nonce, mayBeDelivered: mayBeDelivered || state === 'open' };
    setItems((all) => [...all.filter((other) => other.nonce !== nonce), item]);
    room.send(text, { nonce, maxWaitMs: Number.POSITIVE_INFINITY }).then(
      () => discard(nonce),
      (error) => fail(nonce, error),
    );
  };
  const send = (text: string): void => transmit({ text, nonce: createNonce(), mayBeDelivered: false });

  useLayoutEffect(() => {
    // The SDK sends all waiting messages when the connection opens.
    if (state !== 'open') return;
    const goesOut = ({ why, mayBeDelivered }: Outgoing): boolean => why === undefined && !mayBeDelivered;
    if (items.some(goesOut))
      setItems((all) => all.map((item) => (goesOut(item) ? { ...item, mayBeDelivered: true } : item)));
  }, [state, items]);

  useLayoutEffect(() => {
    if (items.length === 0) return;
    const shown = entries.flatMap((entry) => ('message' in entry ? [entry.message] : []));
    const echoed = new Set([...messages, ...shown].map(nonceOf));
    if (items.some(({ nonce }) => echoed.has(nonce))) setItems((all) => all.filter((item) => !echoed.has(item.nonce)));
  }, [items, messages, entries]);

  useLayoutEffect(() => {
    const last = items.slice(-maxKept);
    keep({ unsent: last.map(({ text, nonce, mayBeDelivered }) => ({ text, nonce, mayBeDelivered })) });
  }, [items, keep]);

  return { items, send, again: transmit, discard };
}
