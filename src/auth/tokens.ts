import { createHash, randomUUID } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from 'jose';
import { type Login, type TokenClaims, tokenClaimsSchema } from '../../generated/http/index.ts';
import type { ExternalIssuer } from '../config.ts';
import { createKeys, type IssuerKeys, IssuerUnavailable } from './keys.ts';

/** How far clocks may differ. */
const clockToleranceS = 5;
/** No token is good for longer than a time can be written (RFC 3339, 1). */
const maxExpiryMs = Date.UTC(9_999, 11, 31);

/** Which check refused a token. */
type RefusalReason =
  | 'not_a_token'
  | 'algorithm'
  | 'unknown_key'
  | 'ambiguous_key'
  | 'signature'
  | 'expired'
  | 'not_yet_valid'
  | 'claim_missing'
  | 'claim_wrong'
  | 'revoked'
  | 'other_user'
  | 'header_unreadable'
  | 'tokens_differ';

/** Why a token was refused, without anything that could stand for it. */
export interface TokenRefusal {
  readonly reason: RefusalReason;
  readonly claim?: string | undefined;
  /** The right value, from the configuration or the contract. */
  readonly expected?: string | undefined;
  /** The token's own value, where it is no secret and nobody's name. */
  readonly got?: string | undefined;
  /** For the client: there where the fault is in its request, and not in a token. */
  readonly detail?: string | undefined;
}

/** A token that doesn't hold; why is for the log, never for the client. */
export class InvalidToken extends Error {
  override name = 'InvalidToken';
  readonly refusal: TokenRefusal;
  constructor(message: string, { cause, ...refusal }: TokenRefusal & { cause?: unknown }) {
    super(message, { cause });
    this.refusal = refusal;
  }
}

/** A token that holds, of a user who is shut out. */
export class UserDisabled extends Error {
  override name = 'UserDisabled';
}

/** Whose token it is, and until when: milliseconds since 1970. */
export interface Identity {
  readonly id: string;
  readonly username: string;
  readonly expiresAtMs: number;
  /** Names the token, and can't be turned back into it. */
  readonly tokenKey: string;
}

/** Makes a token for a user of ours. */
export type IssueToken = (user: Pick<Login, 'id' | 'username'>) => Promise<string>;

/**
 * @throws {InvalidToken} forged, expired, given back, of another issuer, or without what `TokenClaims` asks for
 * @throws {UserDisabled} it would hold, and its user is shut out
 * @throws {IssuerUnavailable} its issuer's keys can't be had now
 */
export type VerifyToken = (token: string) => Promise<Identity>;

/** HS256 tokens (RFC 7519) made and checked with one shared secret. */
export function createTokens({ secret, issuer, ttlS }: { secret: Uint8Array; issuer: string; ttlS: number }): {
  issue: IssueToken;
  verify: VerifyToken;
} {
  // Imported once: with the bytes themselves every verification would do it again, which is half of its cost.
  const key = crypto.subtle.importKey('raw', Buffer.from(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
  const options: Checks = { algorithms: ['HS256'], issuer, clockTolerance: clockToleranceS };
  return {
    issue: async ({ id, username }) =>
      new SignJWT({ id, username })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(id)
        .setIssuer(issuer)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1_000) + ttlS)
        .sign(await key),
    verify: async (token) => identityIn(token, await holding(token, jwtVerify(token, await key, options), options)),
  };
}

/**
 * Tokens of an issuer elsewhere, checked with the keys that it publishes (RFC 8725: its issuer, an audience, and only
 * algorithms of the list). Nothing that a token's own header points to is ever asked.
 */
export function createExternalVerify(
  { jwksUrl, algorithms, issuer, audience, idClaim, usernameClaim }: ExternalIssuer,
  keys: Pick<IssuerKeys, 'get'> = createKeys(jwksUrl),
): VerifyToken {
  const options: Checks = { algorithms: [...algorithms], issuer, audience, clockTolerance: clockToleranceS };
  return async (token) => {
    const payload = await holding(token, jwtVerify(token, keys.get, options), options);
    // Under another claim's name the id has nothing to do with `sub`.
    const sub = idClaim === 'id' ? payload.sub : undefined;
    const claims = { ...payload, sub, id: payload[idClaim], username: payload[usernameClaim] };
    return identityIn(token, claims, { id: idClaim, username: usernameClaim });
  };
}

type Checks = Pick<JWTVerifyOptions, 'clockTolerance'> & {
  algorithms: string[];
  issuer: string;
  audience?: string;
};

/** The payload of a token that holds. */
const holding = async (
  token: string,
  verified: Promise<{ payload: JWTPayload }>,
  checks: Checks,
): Promise<JWTPayload> => {
  try {
    return (await verified).payload;
  } catch (cause) {
    if (cause instanceof IssuerUnavailable) throw cause;
    throw new InvalidToken('The token was refused', { ...refusalOf(cause, token, checks), cause });
  }
};

/** A token's value may be of any length; the log takes this much of it. */
export const maxShownLength = 200;
const shown = (value: unknown): string | undefined =>
  value === undefined ? undefined : (JSON.stringify(value) ?? '').slice(0, maxShownLength);

/** Which of jose's checks a token failed. */
function refusalOf(error: unknown, token: string, { algorithms, issuer, audience }: Checks): TokenRefusal {
  const header = (name: 'alg' | 'kid'): string | undefined => {
    try {
      return shown(decodeProtectedHeader(token)[name]);
    } catch {
      return undefined;
    }
  };
  if (error instanceof errors.JOSEAlgNotAllowed)
    return { reason: 'algorithm', claim: 'alg', expected: algorithms.join(', '), got: header('alg') };
  if (error instanceof errors.JWKSNoMatchingKey) return { reason: 'unknown_key', claim: 'kid', got: header('kid') };
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return { reason: 'ambiguous_key', claim: 'kid', got: header('kid') };
  if (error instanceof errors.JWSSignatureVerificationFailed) return { reason: 'signature' };
  const now = () => `${nowS()} by the server's clock`;
  if (error instanceof errors.JWTExpired)
    return { reason: 'expired', claim: error.claim, expected: `after ${now()}`, got: shown(error.payload.exp) };
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, payload } = error;
    const got = ['iss', 'aud', 'exp', 'nbf', 'iat'].includes(claim) ? shown(payload[claim]) : undefined;
    const expected = { iss: issuer, aud: audience, nbf: `at most ${now()}` }[claim];
    const wrong = claim === 'nbf' && typeof payload.nbf === 'number' ? 'not_yet_valid' : 'claim_wrong';
    return { reason: error.reason === 'missing' ? 'claim_missing' : wrong, claim, expected, got };
  }
  return { reason: 'not_a_token' };
}

const nowS = (): number => Math.floor(Date.now() / 1_000);

/** What was signed names a token: a signature has more than one spelling, and for some algorithms more than one value. */
const keyOf = (token: string): string =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url');

/** Names of the claims in the token. */
type ClaimNames = Readonly<Record<'id' | 'username', string>>;
const ownClaims: ClaimNames = { id: 'id', username: 'username' };

function identityIn(token: string, payload: Record<string, unknown>, names = ownClaims): Identity {
  const { id, username, sub, exp } = claimsIn(payload, names);
  if (sub !== undefined && sub !== id)
    throw new InvalidToken('sub is not id', { reason: 'claim_wrong', claim: 'sub', expected: 'the same as id' });
  const expiresAtMs = Math.min((exp + clockToleranceS) * 1_000, maxExpiryMs);
  return { id, username, expiresAtMs, tokenKey: keyOf(token) };
}

function claimsIn(payload: Record<string, unknown>, names: ClaimNames): TokenClaims {
  const result = tokenClaimsSchema.safeParse(payload);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = String(issue?.path[0] ?? '');
  throw new InvalidToken('The token lacks claims', {
    reason: payload[field] === undefined ? 'claim_missing' : 'claim_wrong',
    claim: names[field as keyof ClaimNames] ?? field,
    expected: payload[field] === undefined ? undefined : issue?.message,
    cause: result.error,
  });
}
