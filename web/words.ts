import { type CodeOf, PalaverError, type StateCode } from '@palaver/sdk';

type Code = StateCode | CodeOf<'login' | 'createUser' | 'join' | 'listMessages' | 'openapiJson'>;

/** Every code that the page can meet, in a sentence for people. A new one in the contract does not compile without. */
const sentences: Record<Code, string> = {
  // Of signing in and up.
  invalid_credentials: 'The e-mail address or the password is wrong.',
  email_taken: 'Somebody has signed up with this e-mail address already.',
  username_taken: 'This name is taken. Choose another one.',
  invalid_body: 'The server did not accept what was entered.',
  body_too_large: 'What was entered is far too long.',
  too_many_attempts: 'Too many attempts. Wait a minute, then try again.',
  overloaded: 'Too many people are signing in right now. Try again in a moment.',
  store_unavailable: 'The server can’t reach what it keeps right now. Try again in a moment.',
  // Of the door.
  missing_token: 'The server asks for a token.',
  invalid_token: 'The server does not accept this sign-in. It may have expired.',
  token_expired: 'Your sign-in has expired.',
  user_disabled: 'Whoever runs this server has shut you out.',
  access_revoked: 'You were signed out.',
  origin_not_allowed: 'This page may not use this server.',
  name_in_use: 'Somebody else in the room has your name. You can come in when they have left.',
  too_many_sessions: 'You are in the room too many times already. Close another tab or device, then try again.',
  server_full: 'The room is full. Try again later.',
  issuer_unavailable: 'Your token can’t be checked right now. Try again in a moment.',
  unavailable: 'The room can’t be reached right now. Try again in a moment.',
  shutting_down: 'The server is restarting.',
  // Of a connection that was lost.
  going_away: 'The server is restarting.',
  service_restart: 'The connection was lost.',
  connection_lost: 'The connection was lost.',
  connection_failed: 'The server can’t be reached.',
  timeout: 'The server did not answer in time.',
  too_slow: 'Your connection was too slow for what is said here.',
  internal_error: 'Something went wrong on the server.',
  policy: 'The server ended the connection, because too many messages were refused.',
  closed: 'The room is closed.',
  aborted: 'That was cancelled.',
  // Of a message, or a page of them.
  rate_limited: 'That was too much at once. Wait a second.',
  invalid_message: 'The server did not accept this message.',
  offline_queue_full: 'Too many messages are waiting to be sent already.',
  // What only a fault of this page or of something in between can bring about.
  malformed_request: 'The server did not understand this page.',
  malformed_body: 'The server did not understand this page.',
  body_not_allowed: 'The server did not understand this page.',
  malformed_handshake: 'The server did not understand this page.',
  invalid_parameter: 'The server did not understand this page.',
  unsupported_media_type: 'The server did not understand this page.',
  upgrade_required: 'Something between you and the server lets no chat through.',
  binary_frame: 'The server did not understand this page.',
  not_utf8: 'The server did not understand this page.',
  frame_too_big: 'The server did not understand this page.',
  malformed_json: 'The server did not understand this page.',
  unknown_type: 'The server did not understand this page.',
};

/** A server that is newer than this page may know more codes; they come with words of their own. */
export const inWords = (code: StateCode, otherwise: string): string => sentences[code] ?? otherwise;

export const errorInWords = (error: unknown): string =>
  error instanceof PalaverError ? inWords(error.code, error.message) : 'Something went wrong on this page.';

/** Why a message failed. Whether it may have arrived all the same is not in its code, but in the SDK's own words. */
export const unsentInWords = (error: unknown): string =>
  error instanceof PalaverError && ['timeout', 'connection_lost', 'closed'].includes(error.code)
    ? error.message
    : `Not sent. ${errorInWords(error)}`;
