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

/** Ways to sign in, from the server's OpenAPI document. It has no `/login` if an external issuer makes the tokens. */
type SignInWays =
  | { readonly hasUsers: boolean; readonly hasSignUp: boolean }
  | { readonly failure: string }
  | undefined;

export function Entrance({ createPalaver, before, onEnter }: Props) {
  const [palaver] = useState(createPalaver);
  const [ways, setWays] = useState<SignInWays>();
  const look = (): void => {
    setWays(undefined);
    palaver.openapiJson().then(
      ({ paths }) => setWays({ hasUsers: '/login' in paths, hasSignUp: '/createUser' in paths }),
      (error) => setWays({ failure: errorInWords(error) }),
    );
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once, at the first render
  useEffect(look, []);

  return (
    <main class="entrance">
      <h1>Palaver</h1>
      <p class="why" role="alert">
        {before?.why}
      </p>
      {ways === undefined && <p role="status">Loading…</p>}
      {ways && 'failure' in ways && (
        <>
          <p class="failure" role="alert">
            {ways.failure}
          </p>
          <button type="button" class="main" onClick={look}>
            Try again
          </button>
        </>
      )}
      {ways && 'hasUsers' in ways && ways.hasUsers && (
        <SignIn
          palaver={palaver}
          hasSignUp={ways.hasSignUp}
          email={before?.email ?? ''}
          focus={before !== undefined}
          onEnter={onEnter}
        />
      )}
      {ways && 'hasUsers' in ways && !ways.hasUsers && <TokenForm focus={before !== undefined} onEnter={onEnter} />}
      <p class="aside">
        <a href="docs">Documentation</a>
      </p>
    </main>
  );
}
