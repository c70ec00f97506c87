/**
 * Hook for the chat room in React.
 * @module @palaver/sdk/react
 */
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { PalaverError } from './error.ts';
import type { ChatMessage, FrameId, Username } from './generated/index.ts';
import type { Palaver } from './palaver.ts';
import type {
  Credentials,
  JoinOptions,
  Room,
  RoomState,
  RoomUser,
  SendOptions,
  StateChange,
  Transport,
} from './room.ts';

/** State of the room, for a component to show. */
export interface RoomView {
  /** `closed` also while there are no credentials. */
  readonly state: RoomState;
  readonly reason: StateChange['reason'];
  readonly roster: readonly Username[];
  /** The users of `roster`, in the same order, with their ids. */
  readonly users: readonly RoomUser[];
  /** The transport of the connection, or of the last one. */
  readonly transport: Transport;
  /** Your own name in the room; undefined where the token doesn't tell which it is. */
  readonly username: Username | undefined;
  /** Messages since the room was joined. The oldest go when there are too many. Complete except at the `gaps`. */
  readonly messages: readonly ChatMessage[];
  /**
   * Positions in the stream, as in a page of `listMessages`. Messages may be missing between each of them and the
   * message before it.
   */
  readonly gaps: readonly FrameId[];
  /** Why the room could not be joined. */
  readonly error: PalaverError | undefined;
}

export interface UseRoomOptions {
  /** Maximum length of `messages`. 500 if absent. */
  readonly maxMessages?: number;
  /** As for `palaver.join`. Another one joins anew. */
  readonly transport?: JoinOptions['transport'];
}

const closedView: RoomView = {
  state: 'closed',
  reason: undefined,
  roster: [],
  users: [],
  transport: 'websocket',
  username: undefined,
  messages: [],
  gaps: [],
  error: undefined,
};

type Received = Pick<RoomView, 'messages' | 'gaps'>;

function withMessage({ messages, gaps }: Received, message: ChatMessage, most: number): Received {
  const all = [...messages, message];
  const kept = all.slice(-most);
  // The gap before a message goes with the message before the gap.
  return { messages: kept, gaps: kept.length < all.length ? gaps.filter((id) => id > kept[0]!.id) : gaps };
}

/** Adds a gap. Two gaps with no message between them become one. */
function withGap({ messages, gaps }: Received, gap: FrameId): Received {
  const lastId = messages.at(-1)?.id ?? '';
  return { messages, gaps: [...gaps.filter((id) => id < lastId), gap] };
}

/** Creates a store of the room's view for `useSyncExternalStore`. */
function createStore() {
  const listeners = new Set<() => void>();
  let view = closedView;
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
 * Joins the chat room when the component mounts, leaves when it unmounts, and renders each change. Another `token` or
 * another `palaver` joins anew; `getToken` may be a new function for every render.
 * @example
 * const { state, roster, messages, send } = useRoom(palaver, { token });
 */
export function useRoom(
  palaver: Palaver,
  credentials: Credentials | undefined,
  { maxMessages = 500, transport = 'auto' }: UseRoomOptions = {},
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
    const joining = palaver.join({
      ...(token === undefined ? { getToken } : { token }),
      signal: leaving.signal,
      transport,
    });
    room.current = joining;
    change({ ...closedView, state: 'connecting' });
    joining.then(
      (joined) => {
        joined.on('roster', (roster) => change({ roster, users: joined.users }));
        joined.on('transport', (now) => change({ transport: now }));
        joined.on('state', ({ state, reason }) => change({ state, reason, username: joined.username }));
        joined.on('chat_message', (message) => change(withMessage(store.read(), message, latest.current.maxMessages)));
        // Any `users_online` that comes after joining is the first frame of a new connection.
        joined.on('users_online', ({ id, msg }) => {
          if (msg.recovered !== true) change(withGap(store.read(), id));
        });
        const { state, roster, users, username } = joined;
        change({ state, roster, users, username, transport: joined.transport });
      },
      (error: PalaverError) => change({ state: 'closed', error }),
    );
    return () => {
      leaving.abort();
      room.current = undefined;
      joining.then((joined) => joined.close()).catch(() => {});
      store.change(closedView);
    };
  }, [palaver, token, hasToken, transport, store]);

  const view = useSyncExternalStore(store.subscribe, store.read, () => closedView);
  const [send] = useState(() => async (text: string, options?: SendOptions): Promise<ChatMessage> => {
    if (!room.current) throw new PalaverError('closed', 'The room is closed.');
    return (await room.current).send(text, options);
  });
  return { ...view, send };
}
