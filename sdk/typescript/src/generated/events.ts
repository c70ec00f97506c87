// Generated from specs/asyncapi.yaml by `npm run generate`. Do not edit.
import type { ChatMessage, ErrorMessage, TokenRefreshed, UserJoined, UserLeft, UsersOnline } from './frames.ts';

/** One event per frame that the server sends. */
export interface Events {
  /** The first frame of every session. The list is in join order; `[]` if the room is empty. */
  users_online: UsersOnline;
  /** A user's first session has joined. The user receives it too. */
  user_joined: UserJoined;
  /** A message, to everyone including its sender. */
  chat_message: ChatMessage;
  /** Answers one frame of this session, to its sender alone. The connection stays open. */
  error: ErrorMessage;
  /** Answers a `token_refresh`, to its sender alone. The server closes the connection at `expires_at`, 5 seconds after the `exp` of the token, unless it receives another token before that. */
  token_refreshed: TokenRefreshed;
  /** A user's last session has ended. */
  user_left: UserLeft;
}

/** The client's next step after each close code: reconnect, reconnect with a new token, or stop. */
export const afterClose = {
  1001: 'reconnect',
  1003: 'stop',
  1007: 'stop',
  1008: 'stop',
  1009: 'stop',
  1011: 'reconnect',
  1012: 'reconnect',
  1013: 'reconnect',
  4001: 'new_token',
  4003: 'stop',
} as const;

export const eventNames = [
  'users_online',
  'user_joined',
  'chat_message',
  'error',
  'token_refreshed',
  'user_left',
] as const satisfies readonly (keyof Events)[];
