import type { ServerMessage, Username } from './generated/index.ts';
import { ownNames } from './roster.ts';

/**
 * How long a connection waits for its own user to appear in the roster, in milliseconds. A further session of a user
 * may be in the room under another name than its token's.
 */
const ownJoinMs = 2_000;

/** Detects when, and under which name, the owner of a token is in the roster of a new connection. */
export interface OwnJoin {
  /** Takes a frame of the connection. */
  receive(frame: ServerMessage): void;
  stop(): void;
}

/** Creates a detector that calls `onJoined` once: with the own name, or with none where the token doesn't tell. */
export function createOwnJoin(token: string, onJoined: (own: Username | undefined) => void): OwnJoin {
  const isOwn = ownNames(token);
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let isDone = false;

  function finish(own?: Username): void {
    stop();
    onJoined(own);
  }
  function stop(): void {
    isDone = true;
    clearTimeout(waiting);
  }

  return {
    receive: (frame) => {
      if (isDone) return;
      if (frame.type === 'users_online') {
        const own = frame.msg.list.find(isOwn);
        if (own !== undefined) finish(own);
        else waiting ??= setTimeout(finish, ownJoinMs);
      } else if (frame.type === 'user_joined' && isOwn(frame.msg.username)) finish(frame.msg.username);
    },
    stop,
  };
}
