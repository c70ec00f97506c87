import type { Palaver } from '@palaver/sdk';
import { useEffect, useState } from 'preact/hooks';
import { SignIn } from './sign-in.tsx';
import type { Before, Stay } from './stay.ts';
import { TokenForm } from './token-form.tsx';
import { errorInWords } from './words.ts';

interface Props {
  readonly createPalaver: () => Palaver;
  readonly before: Before | undefined;
  readonly onEnter: (stay: Stay) => void;
}

/** How one comes in here: the document that the server shows of itself has no `/login` where tokens come from elsewhere. */
type Door = { readonly hasUsers: boolean; readonly hasSignUp: boolean } | { readonly failure: string } | undefined;

export function Entrance({ createPalaver, before, onEnter }: Props) {
  const [palaver] = useState(createPalaver);
  const [door, setDoor] = useState<Door>();
  const look = (): void => {
    setDoor(undefined);
    palaver.openapiJson().then(
      ({ paths }) => setDoor({ hasUsers: '/login' in paths, hasSignUp: '/createUser' in paths }),
      (error) => setDoor({ failure: errorInWords(error) }),
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is shown
  useEffect(look, []);

  return (
    <main class="entrance">
      <h1>Palaver</h1>
      <p class="why" role="alert">
        {before?.why}
      </p>
      {door === undefined && <p role="status">Loading…</p>}
      {door && 'failure' in door && (
        <>
          <p class="failure" role="alert">
            {door.failure}
          </p>
          <button type="button" class="main" onClick={look}>
            Try again
          </button>
        </>
      )}
      {door && 'hasUsers' in door && door.hasUsers && (
        <SignIn
          palaver={palaver}
          hasSignUp={door.hasSignUp}
          email={before?.email ?? ''}
          focus={before !== undefined}
          onEnter={onEnter}
        />
      )}
      {door && 'hasUsers' in door && !door.hasUsers && <TokenForm focus={before !== undefined} onEnter={onEnter} />}
      <p class="aside">
        <a href="docs">Documentation</a>
      </p>
    </main>
  );
}
