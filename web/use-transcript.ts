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

/** How many messages are asked for at a time. */
export const pageSize = 50;

interface View extends Transcript {
  /** Loads what a hole leaves out, or its newest page. Always the same function. */
  readonly load: (key: string) => void;
  /** Lets go of what is shown, for the newest. */
  readonly toNewest: () => void;
}

/**
 * What was said, and who came and went meanwhile, over as many stays as it takes. Of one turn those who came go before
 * what was said, and those who left after it.
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
    /** Nothing is missing among the messages of the room after this place. */
    wholeAfter: string;
    /** The hole that an absence has left, to be loaded as soon as one is back. */
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
  /** Many messages can come at once: what they change is shown with the next frame. */
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

  // biome-ignore lint/correctness/useExhaustiveDependencies: what the room tells is all that it answers to
  useLayoutEffect(() => {
    const { current } = seen;
    let next = latest.current!;
    const hear = (from: string, to?: string): void => {
      const said = messages.filter(({ id }) => id > from && (to === undefined || id <= to));
      next = withMessages(next, said);
      current.lastId = said.at(-1)?.id ?? current.lastId;
    };
    const miss = (after: string): void => {
      current.wholeAfter = after;
      ({ transcript: next, key: current.missed } = withHole(next));
    };
    // Another stay: nobody tells what was said before it.
    const isConnecting = state === 'connecting';
    if (isConnecting && !current.wasConnecting && current.roster) miss(current.lastId);
    current.wasConnecting = isConnecting;
    const known = new Set(current.roster ?? roster);
    // Only when open: while it reconnects, the roster is on its way to being true.
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
