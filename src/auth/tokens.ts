import { createHash, randomUUID } from 'node:crypto';
import { type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from 'jose';
import { type Login, type TokenClaims, tokenClaimsSchema } from '../../generated/http/index.ts';
import type { ExternalIssuer } from '../config.ts';
import { createKeys, IssuerUnavailable } from './keys.ts';

/** How far clocks may differ. */
const clockToleranceS = 5;
/** No token is good for longer than a time can be written (RFC 3339, 1). */
const maxExpiryMs = Date.UTC(9_999, 11, 31);

/** A token that doesn't hold; for the log, never for the client. */
export class InvalidToken extends Error {
  override name = 'InvalidToken';
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
  const options = { algorithms: ['HS256'], issuer, clockTolerance: clockToleranceS };
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
    verify: async (token) => identityIn(token, await holding(jwtVerify(token, await key, options))),
  };
}

/**
 * Tokens of an issuer elsewhere, checked with the keys that it publishes (RFC 8725: its issuer, an audience, and only
 * algorithms of the list). Nothing that a token's own header points to is ever asked.
 */
export function createExternalVerify(
  { jwksUrl, algorithms, issuer, audience, idClaim, usernameClaim }: ExternalIssuer,
  now?: () => number,
): VerifyToken {
  const keys = createKeys(jwksUrl, now);
  const options: JWTVerifyOptions = { algorithms: [...algorithms], issuer, audience, clockTolerance: clockToleranceS };
  return async (token) => {
    const payload = await holding(jwtVerify(token, keys, options));
    // Under another claim's name the id has nothing to do with `sub`.
    const sub = idClaim === 'id' ? payload.sub : undefined;
    return identityIn(token, { ...payload, sub, id: payload[idClaim], username: payload[usernameClaim] });
  };
}

/** The payload of a token that holds. */
const holding = async (verified: Promise<{ payload: JWTPayload }>): Promise<JWTPayload> => {
  try {
    return (await verified).payload;
  } catch (cause) {
    if (cause instanceof IssuerUnavailable) throw cause;
    throw new InvalidToken('The token was refused', { cause });
  }
};

/** What was signed names a token: a signature has more than one spelling, and for some algorithms more than one value. */
const keyOf = (token: string): string =>
  createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url');

function identityIn(token: string, payload: Record<string, unknown>): Identity {
  const { id, username, sub, exp } = claimsIn(payload);
  if (sub !== undefined && sub !== id) throw new InvalidToken('sub is not id');
  const expiresAtMs = Math.min((exp + clockToleranceS) * 1_000, maxExpiryMs);
  return { id, username, expiresAtMs, tokenKey: keyOf(token) };
}

function claimsIn(payload: unknown): TokenClaims {
  const result = tokenClaimsSchema.safeParse(payload);
  if (!result.success) throw new InvalidToken('The token lacks claims', { cause: result.error });
  return result.data;
}
