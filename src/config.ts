import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { z } from 'zod';

/** What an operator may set, validated and frozen. Units are in the names. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  /** The shared secret of HS256 tokens; without it one is made in `dataDir`. */
  readonly jwtSecret: string | undefined;
  readonly jwtIssuer: string;
  readonly jwtTtlS: number;
  readonly logLevel: (typeof logLevels)[number];
  readonly production: boolean;
}

/** Something the operator has to mend before the server can start; the message says what. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const secondsIn: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const maxTtlS = 365 * 86_400;

const whole = (least: number, most: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(least).max(most));

const durationS = z
  .string()
  .regex(/^\d+[smhd]$/)
  .transform((text) => Number(text.slice(0, -1)) * secondsIn[text.at(-1)!]!)
  .pipe(z.number().min(1).max(maxTtlS));

/** Each variable: what it becomes, and what is allowed, in words. */
const variables = {
  PORT: [whole(0, 65_535).default(3_000), 'a whole number from 0 to 65535, 0 for any free port'],
  HOST: [z.string().default('127.0.0.1'), 'an address to listen on'],
  DATA_DIR: [z.string().default('./data'), 'a folder'],
  JWT_SECRET: [
    z
      .string()
      .refine((secret) => Buffer.byteLength(secret) >= 32)
      .optional(),
    'at least 32 bytes',
  ],
  JWT_ISSUER: [z.string().default('palaver'), 'a text'],
  JWT_TTL: [durationS.default(12 * 3_600), 'a duration from 1s to 365d, such as 90s, 15m, 12h or 30d'],
  LOG_LEVEL: [z.enum(logLevels).default('info'), `one of ${logLevels.join(', ')}`],
  NODE_ENV: [z.string().optional(), 'a text'],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

type Variables = typeof variables;
type Values = { [Name in keyof Variables]: z.infer<Variables[Name][0]> };

/**
 * Reads the variables; an empty one counts as not set.
 * @throws {ConfigError} naming each variable that is wrong and what is allowed, never its value.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const wrong: string[] = [];
  const entries = Object.entries(variables).map(([name, [schema, allowed]]) => {
    const result = schema.safeParse(env[name] || undefined);
    if (!result.success) wrong.push(`${name} is not valid: it must be ${allowed}`);
    return [name, result.data];
  });
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  const values = Object.fromEntries(entries) as Values;
  return Object.freeze({
    port: values.PORT,
    host: values.HOST,
    dataDir: values.DATA_DIR,
    jwtSecret: values.JWT_SECRET,
    jwtIssuer: values.JWT_ISSUER,
    jwtTtlS: values.JWT_TTL,
    logLevel: values.LOG_LEVEL,
    production: values.NODE_ENV === 'production',
  });
}

/** The environment's configuration, with what it leaves open from `.env` in the working directory. */
export function loadConfig(): Config {
  const file = existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {};
  return readConfig({ ...file, ...process.env });
}
