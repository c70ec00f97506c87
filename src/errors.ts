import type { FieldError, ProblemCode } from '../generated/http/index.ts';
import { speakEnglish } from './lib/validation-messages.ts';

speakEnglish();

/** Every problem code of the OpenAPI spec, with its HTTP status and its title. */
export const problems = {
  malformed_request: [400, 'Malformed request'],
  malformed_body: [400, 'Body is not JSON'],
  invalid_body: [400, 'Body is not valid'],
  invalid_parameter: [400, 'Parameter is not valid'],
  body_not_allowed: [400, 'Body not allowed'],
  malformed_handshake: [400, 'Malformed handshake'],
  invalid_credentials: [401, 'Wrong e-mail or password'],
  missing_token: [401, 'Token missing'],
  invalid_token: [401, 'Token refused'],
  origin_not_allowed: [403, 'Origin not allowed'],
  user_disabled: [403, 'User disabled'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'Method not allowed'],
  email_taken: [409, 'E-mail taken'],
  username_taken: [409, 'Username taken'],
  name_in_use: [409, 'Name in use'],
  body_too_large: [413, 'Body too large'],
  unsupported_media_type: [415, 'Unsupported media type'],
  upgrade_required: [426, 'Upgrade required'],
  head_too_large: [431, 'Head too large'],
  too_many_sessions: [429, 'Too many sessions'],
  too_many_attempts: [429, 'Too many attempts'],
  rate_limited: [429, 'Rate limited'],
  internal_error: [500, 'Internal error'],
  overloaded: [503, 'Overloaded'],
  store_unavailable: [503, 'Store unavailable'],
  unavailable: [503, 'Room unavailable'],
  server_full: [503, 'Server is full'],
  issuer_unavailable: [503, 'Token issuer unavailable'],
  shutting_down: [503, 'Server is shutting down'],
} as const satisfies Record<ProblemCode, readonly [status: number, title: string]>;

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Where an issue is, as a JSON pointer (RFC 6901). */
const pointerOf = ({ path }: Issue): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** All that failed validation, as the contract tells it. */
export const fieldErrors = (issues: readonly Issue[]): FieldError[] =>
  issues.map((issue) => ({ pointer: pointerOf(issue), detail: issue.message }));

/** The same in one text, with the name of each field: `password: must have at least 8 characters`. */
export const textOf = (errors: readonly FieldError[]): string =>
  errors
    .map(({ pointer, detail }) => {
      const names = pointer.split('/').slice(1);
      const field = names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')).join('.');
      return field === '' ? detail : `${field}: ${detail}`;
    })
    .join('; ');

/** Returns all that failed validation in one text. */
export const detailOf = (issues: readonly Issue[]): string => textOf(fieldErrors(issues));
