import { PalaverError, type PalaverErrorCode, type ProblemCode, type StateCode } from '@palaver/sdk';

const ofThisPage = 'The server did not understand this page. Reload it, and try again.';

/** A sentence for each code of the contract and the SDK. A new code without a sentence does not compile. */
export const sentences: Readonly<Record<StateCode | PalaverErrorCode | ProblemCode, string>> = {
  // Signing in and signing up.
  invalid_credentials: 'The e-mail address or the password is wrong.',
  email_taken: 'An account with this e-mail address already exists.',
  username_taken: 'This name is taken. Choose another one.',
  invalid_body: 'The server did not accept the form.',
  body_too_large: 'The text is too long for the server.',
  too_many_attempts: 'Too many attempts. Wait a minute, then try again.',
  overloaded: 'The server is busy. Try again in a moment.',
  store_unavailable: 'The database of the server is unavailable. Try again in a moment.',
  // Joining the room.
  missing_token: 'You are not signed in.',
  invalid_token: 'The server rejected your sign-in. It may have expired.',
  token_expired: 'Your sign-in has expired.',
  user_disabled: 'The operator of this server has disabled your account.',
  access_revoked: 'You were signed out.',
  origin_not_allowed: 'This server does not accept this page. Its operator can allow it with ALLOWED_ORIGINS.',
  name_in_use: 'Someone else in the room uses your name. You can join when they have left.',
  too_many_sessions:
    'You have too many connections to the room. Close another tab, or wait a minute: a lost connection counts until the server notices.',
  server_full: 'The server is full. Try again later.',
  issuer_unavailable: 'The server cannot check your token right now. Try again in a moment.',
  unavailable: 'The room is unavailable right now. Try again in a moment.',
  shutting_down: 'The server is restarting.',
  // A lost connection.
  going_away: 'The server is restarting.',
  service_restart: 'The connection was lost.',
  connection_lost: 'The connection was lost.',
  connection_failed: 'The server cannot be reached.',
  timeout: 'The server did not answer in time.',
  too_slow: 'Your connection is too slow for the messages of this room.',
  internal_error: 'The server failed to handle this. Try again in a moment.',
  policy: 'The server closed the connection because it refused too many messages.',
  closed: 'The room is closed.',
  aborted: 'This was cancelled.',
  // A message, or a page of the history.
  rate_limited: 'You sent too many messages at once. Wait a second, then try again.',
  invalid_message: 'The server did not accept this message.',
  offline_queue_full: 'Too many messages are waiting for the connection.',
  // A fault of this page, or of something between it and the server.
  malformed_request: ofThisPage,
  head_too_large: ofThisPage,
  malformed_body: ofThisPage,
  body_not_allowed: ofThisPage,
  malformed_handshake: ofThisPage,
  invalid_parameter: ofThisPage,
  unsupported_media_type: ofThisPage,
  not_found: ofThisPage,
  method_not_allowed: ofThisPage,
  upgrade_required: 'Something between you and the server blocks WebSocket connections.',
  binary_frame: ofThisPage,
  not_utf8: ofThisPage,
  frame_too_big: 'The message is too long for the server.',
  malformed_json: ofThisPage,
  unknown_type: ofThisPage,
};

/** Returns the sentence for a code, or `otherwise` for a code of a newer server. */
export const inWords = (code: StateCode, otherwise: string): string => sentences[code] ?? otherwise;

/** Returns the faults that the server found, with the name of each field. */
function faultsOf({ code, problem, message }: PalaverError): readonly string[] {
  if (code === 'invalid_message') return [message.replace(/^\/?(?:msg[/.])?(\w+): /, '$1 ').replace(/\.$/, '')];
  return problem?.errors?.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`.trim()) ?? [];
}

export function errorInWords(error: unknown): string {
  if (!(error instanceof PalaverError)) return 'Something went wrong on this page. Reload it, and try again.';
  const sentence = inWords(error.code, error.message);
  const faults = faultsOf(error);
  return faults.length === 0 ? sentence : `${sentence.replace(/\.$/, '')}: ${faults.join('; ')}.`;
}

/** Returns whether the message may have been delivered in spite of the error. */
export const isUnclear = (error: unknown): boolean =>
  error instanceof PalaverError && ['timeout', 'connection_lost', 'closed'].includes(error.code);

/** Returns why a message was not sent. Without an error, the page was closed before the server answered. */
export function unsentInWords(error: unknown, mayBeDelivered: boolean): string {
  if (mayBeDelivered) return 'The server has not confirmed this message. It may have been delivered.';
  return error === undefined ? 'Not sent.' : `Not sent. ${errorInWords(error)}`;
}
