import { type Palaver, PalaverError } from '@palaver/sdk';
import { useRoom } from '@palaver/sdk/react';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Composer } from './composer.tsx';
import { type Cause, Connection, causeOf } from './connection.tsx';
import { Conversation } from './conversation.tsx';
import { Entries, Top } from './entries.tsx';
import { useKept } from './kept.ts';
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

/** How long the server may take to say more, before the user is sent to the sign-in without it. */
const whyTimeoutMs = 3_000;

/**
 * Returns why the token is no longer good. The close code of a revoked token is that of a disabled user too; only a
 * request tells them apart.
 */
async function whyEnded(palaver: Palaver, token: string, { code, detail }: Cause): Promise<string> {
  if (code !== 'access_revoked') return inWords(code, detail);
  const options = { token, timeoutMs: whyTimeoutMs, maxRetries: 0 };
  const asked: unknown = await palaver.listMessages({ limit: 1 }, options).catch((error: unknown) => error);
  const isDisabled = asked instanceof PalaverError && asked.code === 'user_disabled';
  return inWords(isDisabled ? 'user_disabled' : code, detail);
}

interface Props {
  readonly token: string;
  /** Whether the token is for this stay alone: it is given back with it. One that was brought along isn't. */
  readonly isOwnToken: boolean;
  /** User whose draft and unsent messages these are. */
  readonly owner: string;
  readonly createPalaver: () => Palaver;
  readonly onLeave: (why?: string) => void;
}

export function Chat({ token, isOwnToken, owner, createPalaver, onLeave }: Props) {
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
  const kept = useKept(owner);
  const outgoing = useOutgoing({ room, entries, kept });
  const [said, setSaid] = useState(0);
  const composer = useRef<HTMLTextAreaElement>(null);
  const focusComposer = (): void => composer.current?.focus();

  const me = room.username;

  const cause = room.state === 'closed' ? causeOf(room) : undefined;
  const end = cause && ofTheToken.includes(cause.code) ? cause.code : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is so
  useEffect(() => {
    if (end === undefined) return;
    let isGone = false;
    whyEnded(palaver, token, cause!).then((why) => isGone || onLeave(why));
    return () => {
      isGone = true;
    };
  }, [end]);
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
        {/* Takes its room before the name is known, so that the buttons stay where they are. */}
        <p class="me">
          {me && (
            <>
              <span class="unseen">You are </span>
              <bdi>{me}</bdi>
            </>
          )}
        </p>
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
          failures={outgoing.items.filter(({ why }) => why !== undefined).length}
          isCut={isCut}
          onTop={room.state === 'open' && top?.hole.state === 'open' ? loadTop : undefined}
          onNewest={() => {
            if (isCut) toNewest();
            focusComposer();
          }}
        >
          <Top hole={top?.hole} onLoad={loadTop} />
          <Entries entries={entries} me={me} onLoad={load} />
          {isCut && <p class="notice">Later messages are not shown.</p>}
          <Unsent
            items={outgoing.items}
            isOpen={room.state === 'open'}
            onAgain={(item) => {
              outgoing.again(item);
              focusComposer();
            }}
            onDiscard={(nonce) => {
              outgoing.discard(nonce);
              focusComposer();
            }}
          />
        </Conversation>
        <Composer input={composer} draft={kept.kept.draft} onDraft={(draft) => kept.keep({ draft })} onSay={say} />
      </main>
    </div>
  );
}
