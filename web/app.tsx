import { Palaver } from '@palaver/sdk';
import { useState } from 'preact/hooks';
import { Chat } from './chat.tsx';
import { Entrance } from './entrance.tsx';
import { forgetKept, ownerOf } from './kept.ts';
import { type Before, forget, recall, remember, type Stay } from './stay.ts';

/** Creates a client of the server that served the page, also behind a proxy that adds a path. */
const createPalaver = (): Palaver => new Palaver({ url: new URL('.', document.baseURI).href });

export function App() {
  const [stay, setStay] = useState(recall);
  const [before, setBefore] = useState<Before>();

  const enter = (next: Stay): void => {
    remember(next);
    setStay(next);
  };
  const leave = (why?: string): void => {
    forget();
    // Without a reason the user has signed out, so nothing stays behind.
    if (why === undefined) forgetKept();
    setBefore({ email: stay?.email ?? '', why });
    setStay(undefined);
  };
  return stay ? (
    <Chat
      token={stay.token}
      isOwnToken={stay.email !== ''}
      owner={ownerOf(stay)}
      createPalaver={createPalaver}
      onLeave={leave}
    />
  ) : (
    <Entrance createPalaver={createPalaver} before={before} onEnter={enter} />
  );
}
