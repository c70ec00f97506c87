import type { Config, ExternalIssuer } from '../config.ts';
import type { Log } from '../log/log.ts';
import { createKeys, type IssuerKeys } from './keys.ts';
import { signingSecret } from './secret.ts';
import { createExternalVerify, createTokens, type IssueToken, type VerifyToken } from './tokens.ts';

/** The tokens that a server accepts: its own, or those of an external issuer. */
export interface TokenSource {
  readonly verify: VerifyToken;
  /** Signs a token for a user. Absent where an external issuer does that. */
  readonly issue?: IssueToken;
  /** Resolves with whether the issuer's keys have been fetched. Absent where there is nothing to fetch. */
  readonly isReady?: IssuerKeys['isReady'];
}

type TokenConfig = Pick<Config, 'externalIssuer' | 'jwtIssuer' | 'jwtSecret' | 'jwtTtlS' | 'dataDir'>;

/**
 * Opens the token source that the configuration names.
 * @param externalVerify replaces the verification of an external issuer's tokens
 * @throws {ConfigError} where the stored secret is too short
 */
export function openTokenSource(config: TokenConfig, log: Log, externalVerify?: VerifyToken): TokenSource {
  const { externalIssuer, jwtIssuer: issuer, jwtTtlS: ttlS } = config;
  if (!externalIssuer) return createTokens({ secret: signingSecret(config), issuer, ttlS });
  if (externalVerify) return { verify: externalVerify };
  const keys = createLoggedKeys(externalIssuer, log);
  // Fetched before the first token arrives, so that a wrong address shows in the log at once.
  void keys.isReady();
  const verify = createExternalVerify(externalIssuer, keys);
  return { verify: warningOfPersonalIds(verify, externalIssuer, log), isReady: keys.isReady };
}

/** Logs, once, that ids of users look like e-mail addresses: everyone in the room can see them. */
function warningOfPersonalIds(verify: VerifyToken, { idClaim: claim }: ExternalIssuer, log: Log): VerifyToken {
  let hasWarned = false;
  const warn = (): void => {
    if (!hasWarned) log.event('user_ids_personal', { claim });
    hasWarned = true;
  };
  if (claim === 'email') warn();
  return async (token) => {
    const identity = await verify(token);
    if (identity.id.includes('@')) warn();
    return identity;
  };
}

const createLoggedKeys = ({ jwksUrl }: ExternalIssuer, log: Log): IssuerKeys =>
  createKeys(jwksUrl, {
    onUnavailable: (error) => log.event('issuer_unavailable', { err: error }),
    onBack: () => log.event('issuer_back', {}),
  });
