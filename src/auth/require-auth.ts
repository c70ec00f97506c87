import type { FieldsOf } from '../log/events.ts';
import type { Log } from '../log/log.ts';
import { IssuerUnavailable } from './keys.ts';
import { InvalidToken, maxShownLength, UserDisabled } from './tokens.ts';

/** The subprotocol that is spoken, and the prefix of the one that carries a browser's token. */
export const subprotocol = 'palaver.v1';
const tokenPrefix = 'bearer.';

/** RFC 6750, 2.1; the scheme's name has no case (RFC 9110, 11.1). */
const bearer = /^bearer +([\w.~+/-]+=*)$/i;

/** The subprotocols a client offers, in its order (RFC 6455, 4.1). */
export const offeredProtocols = (headers: Headers): string[] =>
  (headers.get('sec-websocket-protocol') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

const tokensDiffer = { reason: 'tokens_differ', detail: 'The request carries two tokens that differ.' } as const;

/**
 * The token that a request carries, in `Authorization` or as a subprotocol.
 * @throws {InvalidToken} where there are two that differ, two `Authorization` headers, or one that can't be read
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
        detail: 'Authorization must be "Bearer", a space and one token, once.',
      });
    tokens.add(token);
  }
  if (tokens.size > 1) throw new InvalidToken('The tokens offered differ', tokensDiffer);
  return [...tokens][0];
}

/** Fields of the log line about a refused token. */
export const refusalFields = ({ refusal }: InvalidToken): FieldsOf<'token_refused'> => ({
  reason: refusal.reason,
  claim: refusal.claim,
  expected: refusal.expected,
  got: refusal.got,
});

/** The same of a token whose key isn't known yet. */
export const putOffFields = ({ message, kid, retryAfterS }: IssuerUnavailable): FieldsOf<'token_put_off'> => ({
  reason: message,
  kid: kid?.slice(0, maxShownLength),
  retryAfterS,
});

/**
 * Returns the caller, as `verify` tells it, or the code of the problem that answers the request (RFC 6750, 3). Only the
 * log says why a token was refused. @throws {InvalidToken} where the client is told what is wrong with its request
 */
export async function authenticate<Who extends object>(
  headers: Headers,
  verify: (token: string) => Promise<Who>,
  log: Log,
): Promise<Who | 'missing_token' | 'invalid_token' | 'user_disabled'> {
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
