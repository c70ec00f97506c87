import { isIP } from 'node:net';
import { z } from 'zod';
import { redisUrlFault } from './broker/redis-url.ts';
import { type Env, readEnvFile } from './config/env-file.ts';
import { type UnknownSetting, unknownSettings } from './config/unknown-settings.ts';
import { mongoUriFault } from './database/mongo-uri.ts';
import { readOrigin } from './http/origin.ts';

/** What an operator may set, validated and frozen. Units are in the names. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** Metrics are served on this port; without it they aren't. */
  readonly metricsPort: number | undefined;
  readonly metricsHost: string;
  readonly dataDir: string;
  /** What is to last is kept in this database; without it in `dataDir`, or in Redis where nodes share that alone. */
  readonly mongodbUri: string | undefined;
  /** Nodes that share it are one room; without it this process is alone. */
  readonly redisUrl: string | undefined;
  /** How long a node that says nothing still counts. */
  readonly nodeLeaseS: number;
  /** The shared secret of HS256 tokens; without it one is made in `dataDir`. */
  readonly jwtSecret: string | undefined;
  readonly jwtIssuer: string;
  /** Tokens come from elsewhere: this server only validates them, and has no users of its own. */
  readonly externalIssuer: ExternalIssuer | undefined;
  readonly jwtTtlS: number;
  /** What may wait for a session that doesn't read. */
  readonly maxBufferedBytes: number;
  readonly maxSessions: number;
  readonly maxSessionsPerUser: number;
  /** Frames a second that a user may send; 0 is no limit. */
  readonly rateLimitFrames: number;
  /** Attempts a minute, from one network and for one e-mail address each; 0 is no limit. */
  readonly rateLimitLogin: number;
  readonly rateLimitSignUp: number;
  /** How many proxies in front of this server add to `X-Forwarded-For`. */
  readonly trustedProxies: number;
  /** How long a connection may be idle between two requests. */
  readonly keepAliveS: number;
  readonly heartbeatIntervalS: number;
  /** How long a user whose last connection broke is still in the room. */
  readonly presenceGraceS: number;
  /** How long, and how many, messages are kept. */
  readonly historyMaxAgeS: number;
  readonly historyMaxCount: number;
  /** Over which the sessions of a server that stops are ended. */
  readonly drainWindowS: number;
  /** Whether users can be made; without it `/createUser` is absent. */
  readonly hasSignUp: boolean;
  /** Origins whose pages may use this server, beside its own. */
  readonly allowedOrigins: readonly string[];
  /** The secret that opens `/admin`; without it that is absent. */
  readonly adminToken: string | undefined;
  readonly logLevel: (typeof logLevels)[number];
  /** Whether the log has the addresses of clients. */
  readonly hasLogIp: boolean;
  readonly production: boolean;
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

/** Something the operator has to mend before the server can start; the message says what. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
/** Algorithms whose keys can be published (RFC 7518, 3.1; RFC 8037). */
const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const secondsIn: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const maxTtlS = 365 * 86_400;

const whole = (least: number, most: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(least).max(most));

const durationS = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+[smhd]$/)
    .transform((text) => Number(text.slice(0, -1)) * secondsIn[text.at(-1)!]!)
    .pipe(z.number().min(least).max(most));

/** How long a token may be good for, in words, and in seconds. */
const tokenTtl = 'a duration from 1s to 365d, such as 90s, 15m, 12h or 30d';
const tokenTtlS = durationS(1, maxTtlS);

/** The seconds of such a text. @throws {ConfigError} */
export function readTokenTtlS(text: string): number {
  const { data, success } = tokenTtlS.safeParse(text);
  if (!success) throw new ConfigError(`${text} is not valid: it must be ${tokenTtl}`);
  return data;
}

/** A text that this reads, or throws about; then its message takes the place of what is allowed. */
const readBy = <T>(read: (text: string) => T) =>
  z.string().transform((text, context) => {
    try {
      return read(text);
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: (error as Error).message,
        params: { says: (error as Error).message },
      });
      return z.NEVER;
    }
  });

const originsOf = (text: string): string[] =>
  text
    .split(',')
    .map((origin) => origin.trim())
    .filter(Boolean)
    .map((origin) => (origin === '*' ? origin : readOrigin(origin)));

/** A host name, or an IP address; of version 6 also in brackets, as URLs have it. */
function readHost(text: string): string {
  const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIP(host) > 0 || /^[\w.-]{1,253}$/.test(host)) return host;
  if (/:\/\/|\//.test(host)) throw new Error('it must be an address to listen on, such as 0.0.0.0, not a URL');
  if (/^[\w.-]+:\d+$/.test(host)) throw new Error('it must be an address to listen on, without a port');
  throw new Error('it must be an address to listen on, such as 127.0.0.1, 0.0.0.0 or ::1');
}

/** With a password in it nothing would be fetched, and the log would name it as a part of the address. */
function readKeySetUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) throw new Error('it must be an http or https URL');
  const { username, password } = new URL(text);
  if (username !== '' || password !== '') throw new Error('it must not hold a user name or a password');
  return text;
}

function readMongoUri(text: string): string {
  const fault = mongoUriFault(text);
  if (fault !== undefined) throw new Error(fault);
  return text;
}

/** Each variable: what it becomes, and what is allowed, in words. */
const variables = {
  PORT: [whole(0, 65_535).default(3_000), 'a whole number from 0 to 65535, 0 for any free port'],
  HOST: [readBy(readHost).default('127.0.0.1'), 'an address to listen on'],
  METRICS_PORT: [whole(0, 65_535).optional(), 'a whole number from 0 to 65535, 0 for any free port'],
  METRICS_HOST: [readBy(readHost).default('127.0.0.1'), 'an address to listen on'],
  DATA_DIR: [z.string().default('./data'), 'a folder'],
  JWT_SECRET: [
    z
      .string()
      .refine((secret) => Buffer.byteLength(secret) >= 32)
      .optional(),
    'at least 32 bytes',
  ],
  JWT_ISSUER: [z.string().optional(), 'a text'],
  JWT_AUDIENCE: [z.string().optional(), 'a text'],
  JWKS_URL: [readBy(readKeySetUrl).optional(), 'an http or https URL'],
  JWT_ALGORITHMS: [
    z
      .string()
      .default('RS256,ES256,EdDSA')
      .transform((text) => text.split(',').map((name) => name.trim()))
      .refine((names) => names.every((name) => asymmetric.includes(name))),
    `a list of ${asymmetric.join(', ')}, separated by commas`,
  ],
  JWT_ID_CLAIM: [z.string().default('id'), "a claim's name"],
  JWT_USERNAME_CLAIM: [z.string().default('username'), "a claim's name"],
  MONGODB_URI: [readBy(readMongoUri).optional(), 'an address that begins with mongodb:// or mongodb+srv://'],
  REDIS_URL: [
    z
      .string()
      .superRefine((url, context) => {
        const message = redisUrlFault(url);
        if (message !== undefined) context.addIssue({ code: 'custom', message, params: { says: message } });
      })
      .optional(),
    'an address of Redis',
  ],
  NODE_LEASE: [durationS(2, 3_600).default(6), 'a duration from 2s to 1h'],
  JWT_TTL: [tokenTtlS.default(12 * 3_600), tokenTtl],
  MAX_BUFFERED_BYTES: [whole(1_024, 2 ** 30).default(1_048_576), 'a whole number from 1024 to 1073741824'],
  MAX_SESSIONS: [whole(1, 1_000_000).default(20_000), 'a whole number from 1 to 1000000'],
  MAX_SESSIONS_PER_USER: [whole(1, 1_000_000).default(10), 'a whole number from 1 to 1000000'],
  RATE_LIMIT_FRAMES: [whole(0, 1_000_000).default(20), 'a whole number from 0 to 1000000, 0 for no limit'],
  RATE_LIMIT_LOGIN: [whole(0, 1_000_000).default(20), 'a whole number from 0 to 1000000, 0 for no limit'],
  RATE_LIMIT_SIGNUP: [whole(0, 1_000_000).default(20), 'a whole number from 0 to 1000000, 0 for no limit'],
  TRUST_PROXY: [whole(0, 10).default(0), 'how many proxies are in front, from 0 to 10'],
  KEEP_ALIVE_TIMEOUT: [durationS(1, 7_200).default(130), 'a duration from 1s to 2h'],
  HEARTBEAT_INTERVAL: [durationS(1, 3_600).default(30), 'a duration from 1s to 1h'],
  PRESENCE_GRACE: [durationS(0, 3_600).default(10), 'a duration from 0s to 1h'],
  HISTORY_MAX_AGE: [durationS(1, 36_500 * 86_400).default(30 * 86_400), 'a duration from 1s to 36500d'],
  HISTORY_MAX_COUNT: [whole(1, 100_000_000).default(100_000), 'a whole number from 1 to 100000000'],
  DRAIN_WINDOW: [durationS(0, 3_600).default(5), 'a duration from 0s to 1h'],
  ALLOWED_ORIGINS: [
    readBy(originsOf).default([]),
    'a list of origins such as https://app.example.com, separated by commas, or * for every one',
  ],
  ADMIN_TOKEN: [
    z
      .string()
      .regex(/^[\w.~+/-]{32,}=*$/)
      .optional(),
    'at least 32 of the characters A-Z a-z 0-9 - . _ ~ + /',
  ],
  SIGNUP: [z.enum(['on', 'off']).default('on'), 'on or off'],
  LOG_LEVEL: [z.enum(logLevels).default('info'), `one of ${logLevels.join(', ')}`],
  LOG_IP: [z.enum(['on', 'off']).default('on'), 'on or off'],
  NODE_ENV: [z.string().optional(), 'a text'],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

type Variables = typeof variables;
type Values = { [Name in keyof Variables]: z.infer<Variables[Name][0]> };

/** Message of the schema itself, where it says more than which values are allowed. */
const ownReason = ({ issues }: z.ZodError): string | undefined =>
  issues.flatMap((issue) => (issue.code === 'custom' && issue.params ? String(issue.params.says) : []))[0];

/**
 * Reads the variables; an empty one counts as not set.
 * @throws {ConfigError} naming each variable that is wrong and what is allowed, never its value.
 */
export function readConfig(env: Env): Config {
  const wrong: string[] = [];
  const entries = Object.entries(variables).map(([name, [schema, allowed]]) => {
    const result = schema.safeParse(env[name] || undefined);
    if (!result.success) wrong.push(`${name} is not valid: ${ownReason(result.error) ?? `it must be ${allowed}`}`);
    return [name, result.data];
  });
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  const values = Object.fromEntries(entries) as Values;
  const externalIssuer = externalIssuerOf(values);
  return Object.freeze({
    port: values.PORT,
    host: values.HOST,
    metricsPort: values.METRICS_PORT,
    metricsHost: values.METRICS_HOST,
    dataDir: values.DATA_DIR,
    mongodbUri: values.MONGODB_URI,
    redisUrl: redisUrlOf(values),
    nodeLeaseS: values.NODE_LEASE,
    jwtSecret: values.JWT_SECRET,
    jwtIssuer: values.JWT_ISSUER ?? 'palaver',
    externalIssuer,
    jwtTtlS: values.JWT_TTL,
    maxBufferedBytes: values.MAX_BUFFERED_BYTES,
    maxSessions: values.MAX_SESSIONS,
    maxSessionsPerUser: values.MAX_SESSIONS_PER_USER,
    rateLimitFrames: values.RATE_LIMIT_FRAMES,
    rateLimitLogin: values.RATE_LIMIT_LOGIN,
    rateLimitSignUp: values.RATE_LIMIT_SIGNUP,
    trustedProxies: values.TRUST_PROXY,
    keepAliveS: values.KEEP_ALIVE_TIMEOUT,
    heartbeatIntervalS: values.HEARTBEAT_INTERVAL,
    presenceGraceS: values.PRESENCE_GRACE,
    historyMaxAgeS: values.HISTORY_MAX_AGE,
    historyMaxCount: values.HISTORY_MAX_COUNT,
    drainWindowS: values.DRAIN_WINDOW,
    hasSignUp: values.SIGNUP === 'on',
    allowedOrigins: values.ALLOWED_ORIGINS,
    adminToken: values.ADMIN_TOKEN,
    logLevel: values.LOG_LEVEL,
    hasLogIp: values.LOG_IP === 'on',
    production: values.NODE_ENV === 'production',
  });
}

/** With `JWKS_URL` the issuer and the audience must be named, or any token of that issuer would open the room. */
function externalIssuerOf(values: Values): ExternalIssuer | undefined {
  if (values.JWKS_URL === undefined) return undefined;
  const { JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = values;
  if (issuer === undefined || audience === undefined)
    throw new ConfigError('JWKS_URL needs JWT_ISSUER and JWT_AUDIENCE');
  if (values.JWT_SECRET !== undefined) throw new ConfigError('JWT_SECRET has no use beside JWKS_URL: set one of them');
  return {
    jwksUrl,
    issuer,
    audience,
    algorithms: values.JWT_ALGORITHMS,
    idClaim: values.JWT_ID_CLAIM,
    usernameClaim: values.JWT_USERNAME_CLAIM,
  };
}

/** Nodes of one room need one store and one secret: of its own on each of them they would be no single room. */
function redisUrlOf({ REDIS_URL, MONGODB_URI, JWT_SECRET, JWKS_URL }: Values): string | undefined {
  // With users elsewhere, Redis keeps the rest.
  if (REDIS_URL === undefined || JWKS_URL !== undefined) return REDIS_URL;
  const missing = Object.entries({ MONGODB_URI, JWT_SECRET }).flatMap(([name, value]) =>
    value === undefined ? name : [],
  );
  if (missing.length > 0)
    throw new ConfigError(
      `REDIS_URL needs ${missing.join(' and ')}, or JWKS_URL: what the nodes share cannot be in DATA_DIR`,
    );
  return REDIS_URL;
}

/** File in the working directory with the variables that the environment leaves open. */
const envFile = '.env';

/** The environment's configuration, with what it leaves open from `.env` in the working directory. */
export function loadConfig(): Config {
  return readConfig({ ...readEnvFile(envFile), ...process.env });
}

/** Variables of `.env` and of the environment that nothing reads, and that look like misspelt ones. */
export function loadUnknownSettings(): UnknownSetting[] {
  return unknownSettings(Object.keys(variables), readEnvFile(envFile), process.env);
}
