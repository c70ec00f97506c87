/**
 * The chat room in React.
 * @module @palaver/sdk/react
 */
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { PalaverError } from './error.ts';
import type { ChatMessage, FrameId, Username } from './generated/index.ts';
import type { Palaver } from './palaver.ts';
import type { Credentials, Room, RoomState, SendOptions, StateChange } from './room.ts';

/** What a component shows of the room. */
export interface RoomView {
  /** `closed` also while there are no credentials. */
  readonly state: RoomState;
  readonly reason: StateChange['reason'];
  readonly roster: readonly Username[];
  /** Your own name in the room, as far as the token tells. */
  readonly username: Username | undefined;
  /** Since the room was joined; the oldest go when there are too many. Whole but at the `gaps`. */
  readonly messages: readonly ChatMessage[];
  /**
   * Places in the order, as in a page of `listMessages`: between each and the message before it something may have been
   * said that is not in `messages`.
   */
  readonly gaps: readonly FrameId[];
  /** Why the room could not be joined. */
  readonly error: PalaverError | undefined;
}

export interface UseRoomOptions {
  /** How many messages are kept. 500 if absent. */
  readonly maxMessages?: number;
}

const away: RoomView = {
  state: 'closed',
  reason: undefined,
  roster: [],
  username: undefined,
  messages: [],
  gaps: [],
  error: undefined,
};

type Told = Pick<RoomView, 'messages' | 'gaps'>;

function withMessage({ messages, gaps }: Told, message: ChatMessage, most: number): Told {
  const all = [...messages, message];
  const kept = all.slice(-most);
  // With the oldest message goes what was missed before the next one.
  return { messages: kept, gaps: kept.length < all.length ? gaps.filter((id) => id > kept[0]!.id) : gaps };
}
/** Two gaps with no message between them are one. */
function withGap({ messages, gaps }: Told, gap: FrameId): Told {
  const lastId = messages.at(-1)?.id ?? '';
  return { messages, gaps: [...gaps.filter((id) => id < lastId), gap] };
}

/** One stay in the room, as a store that `useSyncExternalStore` reads. */
function createStore() {
  const listeners = new Set<() => void>();
  let view = away;
  return {
    read: () => view,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    change: (next: Partial<RoomView>) => {
      view = { ...view, ...next };
      for (const listener of listeners) listener();
    },
  };
}

/**
 * The chat room in a component: joins when it is shown, leaves when it goes, and renders what changes. Another `token`,
 * or another `palaver`, is another stay; `getToken` may be a new function for every render.
 * @example
 * const { state, roster, messages, send } = useRoom(palaver, { token });
 */
export function useRoom(
  palaver: Palaver,
  credentials: Credentials | undefined,
  { maxMessages = 500 }: UseRoomOptions = {},
): RoomView & Pick<Room, 'send'> {
  const [store] = useState(createStore);
  const room = useRef<Promise<Room>>(undefined);
  const latest = useRef({ credentials, maxMessages });
  useEffect(() => {
    latest.current = { credentials, maxMessages };
  });
  const token = credentials?.token;
  const hasToken = credentials !== undefined;

  useEffect(() => {
    if (!hasToken) return;
    const leaving = new AbortController();
    const change = (next: Partial<RoomView>): void => {
      if (!leaving.signal.aborted) store.change(next);
    };
    const getToken = (): string | Promise<string> => latest.current.credentials!.getToken!();
    const joining = palaver.join({ ...(token === undefined ? { getToken } : { token }), signal: leaving.signal });
    room.current = joining;
    change({ ...away, state: 'connecting' });
    joining.then(
      (joined) => {
        joined.on('roster', (roster) => change({ roster }));
        joined.on('state', ({ state, reason }) => change({ state, reason, username: joined.username }));
        joined.on('chat_message', (message) => change(withMessage(store.read(), message, latest.current.maxMessages)));
        // One that is heard here is that of a new connection.
        joined.on('users_online', ({ id, msg }) => {
          if (msg.recovered !== true) change(withGap(store.read(), id));
        });
        change({ state: joined.state, roster: joined.roster, username: joined.username });
      },
      (error: PalaverError) => change({ state: 'closed', error }),
    );
    return () => {
      leaving.abort();
      room.current = undefined;
      joining.then((joined) => joined.close()).catch(() => {});
      store.change(away);
    };
  }, [palaver, token, hasToken, store]);

  const view = useSyncExternalStore(store.subscribe, store.read, () => away);
  const [send] = useState(() => async (text: string, options?: SendOptions): Promise<ChatMessage> => {
    if (!room.current) throw new PalaverError('closed', 'The room is closed.');
    return (await room.current).send(text, options);
  });
  return { ...view, send };
}
