// Generated from specs/asyncapi.yaml by `npm run generate`. Do not edit.
import type { ChatMessage, ErrorMessage, UserJoined, UserLeft, UsersOnline } from './frames.ts';

/** One event per frame that the server sends. */
export interface Events {
  /** The first frame of every session. The list is in join order; `[]` if nobody is here yet. */
  users_online: UsersOnline;
  /** A user's first session has joined. The joiner receives it too. */
  user_joined: UserJoined;
  /** A user's last session has ended. */
  user_left: UserLeft;
  /** Sent to everybody, the sender included. */
  chat_message: ChatMessage;
  /** Answers one frame of this session; nobody else sees it. The connection lives on. */
  error: ErrorMessage;
}

export const eventNames = ['users_online', 'user_joined', 'user_left', 'chat_message', 'error'] as const satisfies readonly (keyof Events)[];
