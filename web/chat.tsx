import type { Palaver } from '@palaver/sdk';
import { useRoom } from '@palaver/sdk/react';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Composer } from './composer.tsx';
import { Connection, causeOf } from './connection.tsx';
import { Conversation } from './conversation.tsx';
import { Entries, Top } from './entries.tsx';
import { useOutgoing } from './outgoing.ts';
import { Roster } from './roster.tsx';
import { maxEntries, topHoleOf } from './transcript.ts';
import { Unsent } from './unsent.tsx';
import { pageSize, useTranscript } from './use-transcript.ts';
import { inWords } from './words.ts';

/** After these only another token helps. */
const ofTheToken: readonly string[] = [
  'token_expired',
  'invalid_token',
  'missing_token',
  'access_revoked',
  'user_disabled',
];

interface Props {
  readonly token: string;
  /** Whether the token is for this stay alone: it is given back with it. One that was brought along isn't. */
  readonly isOwnToken: boolean;
  readonly createPalaver: () => Palaver;
  readonly onLeave: (why?: string) => void;
}

export function Chat({ token, isOwnToken, createPalaver, onLeave }: Props) {
  // Another one is another stay: how to join again.
  const [palaver, setPalaver] = useState(createPalaver);
  const room = useRoom(
    palaver,
    useMemo(() => ({ token }), [token]),
    { maxMessages: maxEntries },
  );
  const atEnd = useRef(true);
  const { entries, isCut, load, toNewest } = useTranscript(
    room,
    (before) => palaver.listMessages({ before, limit: pageSize }, { token }),
    atEnd,
  );
  const top = topHoleOf({ entries, isCut });
  const loadTop = (): void => load(top!.key);
  const outgoing = useOutgoing(room.send);
  const [said, setSaid] = useState(0);
  const composer = useRef<HTMLTextAreaElement>(null);
  const focusComposer = (): void => composer.current?.focus();

  const me = room.username;

  const cause = room.state === 'closed' ? causeOf(room) : undefined;
  const why = cause && ofTheToken.includes(cause.code) ? inWords(cause.code, cause.detail) : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is so
  useEffect(() => {
    if (why !== undefined) onLeave(why);
  }, [why]);
  useEffect(focusComposer, []);

  const say = (text: string): void => {
    outgoing.say(text);
    setSaid((count) => count + 1);
  };
  const signOut = (): void => {
    // Where it can't be given back it ends by its time.
    if (isOwnToken) palaver.logout({ token }).catch(() => {});
    onLeave();
  };
  return (
    <div class="chat">
      <header>
        <h1>Palaver</h1>
        {me && (
          <p class="me">
            <span class="unseen">You are </span>
            <bdi>{me}</bdi>
          </p>
        )}
        <a href="docs">Docs</a>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
        <Connection
          view={room}
          onJoin={() => {
            setPalaver(createPalaver());
            focusComposer();
          }}
        />
      </header>
      <Roster roster={room.roster} me={me} />
      <main>
        <Conversation
          atEnd={atEnd}
          shown={entries}
          newest={entries.findLast((entry) => !('hole' in entry))?.key}
          said={said}
          isCut={isCut}
          onTop={room.state === 'open' && top?.hole.state === 'open' ? loadTop : undefined}
          onNewest={toNewest}
        >
          <Top hole={top?.hole} onLoad={loadTop} />
          <Entries entries={entries} me={me} onLoad={load} />
          {isCut && <p class="notice">What was said after this is not shown.</p>}
          <Unsent
            items={outgoing.items}
            isOpen={room.state === 'open'}
            onAgain={(item) => {
              outgoing.again(item);
              focusComposer();
            }}
            onDiscard={(key) => {
              outgoing.discard(key);
              focusComposer();
            }}
          />
        </Conversation>
        <Composer input={composer} onSay={say} />
      </main>
    </div>
  );
}
