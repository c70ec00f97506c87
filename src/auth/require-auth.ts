import type { FieldsOf } from '../log/events.ts';
import type { Log } from '../log/log.ts';
import { IssuerUnavailable } from './keys.ts';
import { InvalidToken, maxShownLength, UserDisabled } from './tokens.ts';

/** Subprotocol of the chat. A browser, which cannot send `Authorization`, offers its token as another one. */
export const subprotocol = 'palaver.v1';
const tokenPrefix = 'bearer.';

/** Bearer credentials (RFC 6750, 2.1). The scheme's name is case-insensitive (RFC 9110, 11.1). */
const bearer = /^bearer +([\w.~+/-]+=*)$/i;

/** Returns the subprotocols that a client offers, in its order (RFC 6455, 4.1). */
export const offeredProtocols = (headers: Headers): string[] =>
  (headers.get('sec-websocket-protocol') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

const tokensDiffer = { reason: 'tokens_differ', detail: 'The request has two different tokens.' } as const;

/**
 * Returns the token that a request carries, in `Authorization` or as a subprotocol.
 * @throws {InvalidToken} if it has two tokens that differ, two `Authorization` headers, or a malformed one
 */
function tokenIn(headers: Headers): string | undefined {
  const offered = offeredProtocols(headers).filter((name) => name.startsWith(tokenPrefix));
  const tokens = new Set(offered.map((name) => name.slice(tokenPrefix.length)));
  // Two headers of one name are joined by a comma, which no bearer token has.
  const authorization = headers.get('authorization') ?? '';
  if (/(^|, *)bearer( |,|$)/i.test(authorization)) {
    const token = bearer.exec(authorization)?.[1];
    if (token === undefined)
      throw new InvalidToken('Authorization cannot be read', {
        reason: 'header_unreadable',
        detail: 'Send Authorization once, as "Bearer", a space and one token.',
      });
    tokens.add(token);
  }
  if (tokens.size > 1) throw new InvalidToken('The tokens offered differ', tokensDiffer);
  return [...tokens][0];
}

/** Returns the fields of the log line about a refused token. */
export const refusalFields = ({ refusal }: InvalidToken): FieldsOf<'token_refused'> => ({
  reason: refusal.reason,
  claim: refusal.claim,
  expected: refusal.expected,
  got: refusal.got,
});

/** Returns the fields of the log line about a token whose key is not known yet. */
export const putOffFields = ({ message, kid, retryAfterS }: IssuerUnavailable): FieldsOf<'token_put_off'> => ({
  reason: message,
  kid: kid?.slice(0, maxShownLength),
  retryAfterS,
});

/**
 * Returns the result of `verify`, or the code of the problem that answers the request (RFC 6750, 3). Only the log says why
 * a token was refused.
 * @throws {InvalidToken} if the fault is in the request, which the client is told
 */
export async function authenticate<Caller extends object>(
  headers: Headers,
  verify: (token: string) => Promise<Caller>,
  log: Log,
): Promise<Caller | 'missing_token' | 'invalid_token' | 'user_disabled'> {
  try {
    const token = tokenIn(headers);
    return token === undefined ? 'missing_token' : await verify(token);
  } catch (error) {
    if (error instanceof InvalidToken) {
      log.event('token_refused', refusalFields(error));
      if (error.refusal.detail !== undefined) throw error;
      return 'invalid_token';
    }
    if (error instanceof UserDisabled) return 'user_disabled';
    if (error instanceof IssuerUnavailable) log.event('token_put_off', putOffFields(error));
    throw error;
  }
}
