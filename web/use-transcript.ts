import type { MessagePage } from '@palaver/sdk';
import type { RoomView } from '@palaver/sdk/react';
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import {
  begun,
  bounded,
  endOf,
  filled,
  holeOf,
  type Transcript,
  withHole,
  withHoleAs,
  withMessages,
  withNotice,
} from './transcript.ts';
import { errorInWords } from './words.ts';

/** Number of messages in a page. */
export const pageSize = 50;

interface View extends Transcript {
  /** Loads the newest page of a hole. Always the same function. */
  readonly load: (key: string) => void;
  /** Replaces the shown entries with the newest messages. */
  readonly toNewest: () => void;
}

/**
 * Returns the messages, joins and leaves of all connections. In one render, joins go before the messages, and leaves after
 * them.
 */
export function useTranscript(
  { state, roster, messages, gaps }: RoomView,
  ask: (before: string | undefined) => Promise<MessagePage>,
  atEnd: RefObject<boolean>,
): View {
  const latest = useRef<Transcript>(undefined);
  latest.current ??= begun();
  const [shown, show] = useState(latest.current);
  const seen = useRef<{
    roster?: readonly string[];
    lastId: string;
    /** No message of the room is missing after this id. */
    wholeAfter: string;
    /** Key of the hole that a lost connection has left, which is loaded after the reconnect. */
    missed?: string | undefined;
    wasConnecting: boolean;
  }>({ lastId: '', wholeAfter: '', wasConnecting: false });

  const frame = useRef<number>(undefined);

  const keep = (next: Transcript): void => {
    latest.current = bounded(next, atEnd.current!);
  };
  const change = (next: Transcript): void => {
    keep(next);
    show(latest.current!);
  };
  /** Renders with the next animation frame, because many messages can come at once. */
  const showSoon = (): void => {
    frame.current ??= requestAnimationFrame(() => {
      frame.current = undefined;
      show(latest.current!);
    });
  };
  const asking = useRef(ask);
  asking.current = ask;
  const [load] = useState(() => (key: string): void => {
    const { hole } = holeOf(latest.current!, key) ?? {};
    if (!hole || hole.state === 'loading') return;
    change(withHoleAs(latest.current!, key, { state: 'loading' }));
    asking.current(endOf(latest.current!, key)).then(
      (page) => change(filled(latest.current!, key, page)),
      (error) => change(withHoleAs(latest.current!, key, { state: 'failed', why: errorInWords(error) })),
    );
  });
  const toNewest = (): void => {
    seen.current.missed = undefined;
    change(begun(messages.filter(({ id }) => id > seen.current.wholeAfter).slice(-pageSize)));
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: runs only when the room changes
  useLayoutEffect(() => {
    const { current } = seen;
    let next = latest.current!;
    const hear = (from: string, to?: string): void => {
      const heard = messages.filter(({ id }) => id > from && (to === undefined || id <= to));
      next = withMessages(next, heard);
      current.lastId = heard.at(-1)?.id ?? current.lastId;
    };
    const miss = (after: string): void => {
      current.wholeAfter = after;
      ({ transcript: next, key: current.missed } = withHole(next));
    };
    // After joining again, the server does not replay the messages before it.
    const isConnecting = state === 'connecting';
    if (isConnecting && !current.wasConnecting && current.roster) miss(current.lastId);
    current.wasConnecting = isConnecting;
    const known = new Set(current.roster ?? roster);
    // Only when open, because the roster is not current while the room reconnects.
    const here = state === 'open' ? new Set(roster) : known;
    next = withNotice(
      next,
      'joined',
      [...here].filter((name) => !known.has(name)),
    );
    for (const gap of gaps.filter((id) => id > current.wholeAfter)) {
      hear(current.lastId, gap);
      miss(gap);
    }
    hear(current.lastId);
    next = withNotice(
      next,
      'left',
      [...known].filter((name) => !here.has(name)),
    );
    if (next !== latest.current) {
      keep(next);
      showSoon();
    }
    if (state !== 'open') return;
    current.roster = roster;
    if (current.missed !== undefined) load(current.missed);
    current.missed = undefined;
  }, [state, roster, messages, gaps]);
  return { ...shown, load, toNewest };
}
