import { type Env, readEnvFile } from './config/env-file.ts';
import { type KeyedValues, type Setting, type SettingValues, settings } from './config/settings.ts';
import { type UnknownSetting, unknownSettings } from './config/unknown-settings.ts';

/** Values of all settings, validated and frozen. Units are in the names; `config/settings.ts` describes each of them. */
export interface Config extends KeyedValues {
  /** Issuer whose tokens the server only validates; with one it has no users of its own. */
  readonly externalIssuer: ExternalIssuer | undefined;
}

/** An issuer of tokens outside this server (RFC 8725): where its keys are, and what its tokens must say. */
export interface ExternalIssuer {
  readonly jwksUrl: string;
  readonly algorithms: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  readonly idClaim: string;
  readonly usernameClaim: string;
}

/** Reports settings that the operator has to fix before the server can start. The message names them. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads the settings. An empty one counts as not set.
 * @throws {ConfigError} that names each setting that is wrong and says what is allowed, never its value
 */
export function readConfig(env: Env): Config {
  const values = readValues(env);
  const externalIssuer = externalIssuerOf(values, env);
  checkRedis(values);
  const keyed = Object.entries<Setting>(settings).flatMap(([name, { key }]) =>
    key === undefined ? [] : [[key, values[name as keyof SettingValues]]],
  );
  return Object.freeze({ ...(Object.fromEntries(keyed) as KeyedValues), externalIssuer });
}

/** Reads each setting by itself. @throws {ConfigError} */
function readValues(env: Env): SettingValues {
  const faults: string[] = [];
  const entries = Object.entries<Setting>(settings).map(([name, { reader, default: fallback }]) => {
    const text = env[name] || fallback;
    try {
      return [name, text === undefined ? undefined : reader.read(text)];
    } catch (error) {
      faults.push(`${name} is not valid: ${(error as Error).message}`);
      return [];
    }
  });
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  return Object.fromEntries(entries) as SettingValues;
}

/** Reads the lifetime of a token by the rules of `JWT_TTL`. Returns seconds. @throws with the reason */
export const readTokenTtlS = (text: string): number => settings.JWT_TTL.reader.read(text);

/**
 * Returns the issuer that `JWKS_URL` names. Its name and the audience must be set: otherwise any token of that issuer,
 * also one for another application, would open the room.
 * @throws {ConfigError}
 */
function externalIssuerOf(values: SettingValues, env: Env): ExternalIssuer | undefined {
  const { JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = values;
  if (jwksUrl === undefined) return undefined;
  // The default of JWT_ISSUER is this server's own name.
  if (!env.JWT_ISSUER || audience === undefined) throw new ConfigError('JWKS_URL needs JWT_ISSUER and JWT_AUDIENCE');
  if (values.JWT_SECRET !== undefined)
    throw new ConfigError('JWKS_URL and JWT_SECRET exclude each other: set only one of them');
  return {
    jwksUrl,
    issuer,
    audience,
    algorithms: values.JWT_ALGORITHMS,
    idClaim: values.JWT_ID_CLAIM,
    usernameClaim: values.JWT_USERNAME_CLAIM,
  };
}

/**
 * Checks that nodes which share a Redis also share a database and a secret. With users elsewhere they need neither: Redis
 * stores the rest.
 * @throws {ConfigError}
 */
function checkRedis({ REDIS_URL, MONGODB_URI, JWT_SECRET, JWKS_URL }: SettingValues): void {
  if (REDIS_URL === undefined || JWKS_URL !== undefined) return;
  const missing = Object.entries({ MONGODB_URI, JWT_SECRET }).flatMap(([name, value]) =>
    value === undefined ? name : [],
  );
  if (missing.length > 0)
    throw new ConfigError(`REDIS_URL needs ${missing.join(' and ')}, or JWKS_URL: nodes cannot share a DATA_DIR`);
}

/** File in the working directory that holds settings which the environment leaves open. */
const envFile = '.env';

/** Reads the configuration from the environment, and from `.env` where that sets nothing. @throws {ConfigError} */
export function loadConfig(): Config {
  return readConfig({ ...readEnvFile(envFile), ...process.env });
}

/** Returns variables of `.env` and the environment that Palaver does not read and that look like misspelt settings. */
export function loadUnknownSettings(): UnknownSetting[] {
  return unknownSettings(Object.keys(settings), readEnvFile(envFile), process.env);
}
