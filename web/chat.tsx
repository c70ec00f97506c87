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

/** Codes after which only another token helps. */
const tokenCodes: readonly string[] = [
  'token_expired',
  'invalid_token',
  'missing_token',
  'access_revoked',
  'user_disabled',
];

/** Time limit for the server's reason, before the user returns to the sign-in without it. */
const whyTimeoutMs = 3_000;

/**
 * Returns why the token is no longer valid. A revoked token and a disabled user have the same close code, and only a
 * request can tell them apart.
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
  /** Whether the page got the token from a login, so that signing out revokes it. A token that the user entered stays valid. */
  readonly isOwnToken: boolean;
  /** User whose draft and unsent messages these are. */
  readonly owner: string;
  readonly createPalaver: () => Palaver;
  readonly onLeave: (why?: string) => void;
}

export function Chat({ token, isOwnToken, owner, createPalaver, onLeave }: Props) {
  // A new client makes `useRoom` join again.
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
  const [sentCount, setSentCount] = useState(0);
  const composer = useRef<HTMLTextAreaElement>(null);
  const focusComposer = (): void => composer.current?.focus();

  const me = room.username;

  const cause = room.state === 'closed' ? causeOf(room) : undefined;
  const end = cause && tokenCodes.includes(cause.code) ? cause.code : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once, when the token has ended
  useEffect(() => {
    if (end === undefined) return;
    let isGone = false;
    whyEnded(palaver, token, cause!).then((why) => isGone || onLeave(why));
    return () => {
      isGone = true;
    };
  }, [end]);
  useEffect(focusComposer, []);

  const send = (text: string): void => {
    outgoing.send(text);
    setSentCount((count) => count + 1);
  };
  const signOut = (): void => {
    // If the logout fails, the token stays valid until it expires.
    if (isOwnToken) palaver.logout({ token }).catch(() => {});
    onLeave();
  };
  return (
    <div class="chat">
      <header>
        <h1>Palaver</h1>
        {/* Takes up its space before the name is known, so that the buttons don't move. */}
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
          sentCount={sentCount}
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
        <Composer input={composer} draft={kept.kept.draft} onDraft={(draft) => kept.keep({ draft })} onSend={send} />
      </main>
    </div>
  );
}
