import type { ChatMessage } from '@palaver/sdk';
import type { RoomView } from '@palaver/sdk/react';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** What the reader is told beside what is said. `away`: there was a time of which nothing is known. */
export interface Notice {
  readonly what: 'joined' | 'left' | 'away';
  readonly names: readonly string[];
}

export type Entry = { readonly key: string } & ({ readonly message: ChatMessage } | { readonly notice: Notice });

const maxEntries = 500;

/**
 * What was said, and who came and went meanwhile, over as many stays as it takes. Of one turn those who came go before
 * what was said, and those who left after it.
 */
export function useTranscript({ state, roster, messages }: RoomView): readonly Entry[] {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const seen = useRef<{ roster?: readonly string[]; lastId: string; wasAway: boolean; notices: number }>({
    lastId: '',
    wasAway: false,
    notices: 0,
  });

  useLayoutEffect(() => {
    const { current } = seen;
    const notice = (what: Notice['what'], names: readonly string[]): Entry[] => {
      if (names.length === 0 && what !== 'away') return [];
      current.notices += 1;
      return [{ key: `notice-${current.notices}`, notice: { what, names } }];
    };
    // Ids compare as strings.
    const said = messages.filter(({ id }) => id > current.lastId).map((message) => ({ key: message.id, message }));
    current.lastId = said.at(-1)?.key ?? current.lastId;
    const before: Entry[] = [];
    const after: Entry[] = [];
    if (state !== 'open') current.wasAway = current.roster !== undefined;
    else {
      // Only now: while it reconnects, the roster is on its way to being true.
      const known = new Set(current.roster ?? roster);
      const here = new Set(roster);
      if (current.wasAway) before.push(...notice('away', []));
      before.push(
        ...notice(
          'joined',
          roster.filter((name) => !known.has(name)),
        ),
      );
      after.push(
        ...notice(
          'left',
          [...known].filter((name) => !here.has(name)),
        ),
      );
      current.roster = roster;
      current.wasAway = false;
    }
    const added = [...before, ...said, ...after];
    if (added.length > 0) setEntries((all) => [...all, ...added].slice(-maxEntries));
  }, [state, roster, messages]);
  return entries;
}
