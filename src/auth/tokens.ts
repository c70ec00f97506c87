import { createHash, randomUUID } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from 'jose';
import { type Login, type TokenClaims, tokenClaimsSchema } from '../../generated/http/index.ts';
import type { ExternalIssuer } from '../config.ts';
import { createKeys, type IssuerKeys, IssuerUnavailable } from './keys.ts';

/** Difference between clocks that is tolerated. */
const clockToleranceS = 5;
/** Latest expiry of a token: the last year that can be written (RFC 3339, 1). */
const maxExpiryMs = Date.UTC(9_999, 11, 31);

/** Check that refused a token. */
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

/** Reason why a token was refused. It has nothing that could be used as the token. */
export interface TokenRefusal {
  readonly reason: RefusalReason;
  readonly claim?: string | undefined;
  /** Valid value, from the configuration or the contract. */
  readonly expected?: string | undefined;
  /** Value in the token, unless it is a secret or somebody's name. */
  readonly got?: string | undefined;
  /** Text for the client, if the fault is in its request and not in its token. */
  readonly detail?: string | undefined;
}

/** Error of an invalid token. The reason is for the log, never for the client. */
export class InvalidToken extends Error {
  override name = 'InvalidToken';
  readonly refusal: TokenRefusal;
  constructor(message: string, { cause, ...refusal }: TokenRefusal & { cause?: unknown }) {
    super(message, { cause });
    this.refusal = refusal;
  }
}

/** Error of a valid token whose user is disabled. */
export class UserDisabled extends Error {
  override name = 'UserDisabled';
}

/** Claims of a valid token. */
export interface Identity {
  readonly id: string;
  readonly username: string;
  /** When the token expires, in milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** Name of the token: a hash, which cannot be used as the token. */
  readonly tokenKey: string;
}

/** Makes a token for one of this server's own users. */
export type IssueToken = (user: Pick<Login, 'id' | 'username'>) => Promise<string>;

/**
 * Verifies a token.
 * @throws {InvalidToken} if it is forged, expired, revoked, of another issuer, or lacks claims of `TokenClaims`
 * @throws {UserDisabled} if it is valid and its user is disabled
 * @throws {IssuerUnavailable} if the keys of its issuer are unavailable
 */
export type VerifyToken = (token: string) => Promise<Identity>;

/** Issues and verifies HS256 tokens (RFC 7519) with one shared secret. */
export function createTokens({ secret, issuer, ttlS }: { secret: Uint8Array; issuer: string; ttlS: number }): {
  issue: IssueToken;
  verify: VerifyToken;
} {
  // Given the bytes, jose would import the key at each verification, which is half of its cost.
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
    verify: async (token) =>
      identityIn(token, await verifiedPayload(token, jwtVerify(token, await key, options), options)),
  };
}

/**
 * Verifies tokens of an external issuer with the keys that it publishes. It checks their issuer, audience and algorithm
 * (RFC 8725), and never follows a URL in a token's own header.
 */
export function createExternalVerify(
  { jwksUrl, algorithms, issuer, audience, idClaim, usernameClaim }: ExternalIssuer,
  keys: Pick<IssuerKeys, 'get'> = createKeys(jwksUrl),
): VerifyToken {
  const options: Checks = { algorithms: [...algorithms], issuer, audience, clockTolerance: clockToleranceS };
  return async (token) => {
    const payload = await verifiedPayload(token, jwtVerify(token, keys.get, options), options);
    // `sub` must equal the id only if the id is in the claim `id`.
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

/** Returns the payload of a token once jose has verified it. @throws {InvalidToken} if jose refuses it */
const verifiedPayload = async (
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

/** Longest part of a token's value that the log shows, in characters. A client may send any length. */
export const maxShownLength = 200;
const shown = (value: unknown): string | undefined =>
  value === undefined ? undefined : (JSON.stringify(value) ?? '').slice(0, maxShownLength);

/** Returns the reason behind an error of jose. */
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

/**
 * Returns the name of a token: a hash of its signed part. One token may have several signatures, by their spelling and with
 * some algorithms by their value.
 */
const keyOf = (token: string): string =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url');

/** Names of these claims in the token. */
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
