import { jwtVerify, SignJWT } from 'jose';
import { type Login, type TokenClaims, tokenClaimsSchema } from '../../generated/http/index.ts';

/** How far clocks may differ. */
const clockToleranceS = 5;

/** A token that doesn't hold; for the log, never for the client. */
export class InvalidToken extends Error {
  override name = 'InvalidToken';
}

/** Whose token it is, and until when: milliseconds since 1970. */
export interface Identity {
  readonly id: string;
  readonly username: string;
  readonly expiresAtMs: number;
}

export interface Tokens {
  issue(user: Pick<Login, 'id' | 'username'>): Promise<string>;
  /** @throws {InvalidToken} forged, expired, of another issuer, or without what `TokenClaims` asks for */
  verify(token: string): Promise<Identity>;
}

/** HS256 tokens (RFC 7519) made and checked with one shared secret. */
export function createTokens({ secret, issuer, ttlS }: { secret: Uint8Array; issuer: string; ttlS: number }): Tokens {
  return {
    issue: ({ id, username }) =>
      new SignJWT({ id, username })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(id)
        .setIssuer(issuer)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1_000) + ttlS)
        .sign(secret),

    verify: async (token) => {
      const options = { algorithms: ['HS256'], issuer, clockTolerance: clockToleranceS };
      const { payload } = await jwtVerify(token, secret, options).catch((cause: unknown) => {
        throw new InvalidToken('The token was refused', { cause });
      });
      const { id, username, exp } = claimsIn(payload);
      return { id, username, expiresAtMs: (exp + clockToleranceS) * 1_000 };
    },
  };
}

function claimsIn(payload: unknown): TokenClaims {
  const result = tokenClaimsSchema.safeParse(payload);
  if (!result.success) throw new InvalidToken('The token lacks claims', { cause: result.error });
  if (result.data.sub !== undefined && result.data.sub !== result.data.id) throw new InvalidToken('sub is not id');
  return result.data;
}
