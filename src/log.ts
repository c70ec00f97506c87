import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Config } from './config.ts';

export type Log = Logger;

/** Secrets are never handed to the log; should one be, it is cut out here. */
const secrets = ['authorization', 'password', 'passwordHash', 'token', 'jwtSecret', 'secret'];
const redact = { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), remove: true };

/** JSON lines; readable ones where a person looks at a terminal and it is not production. */
export function createLog(config: Pick<Config, 'logLevel' | 'production'>, destination?: DestinationStream): Log {
  const options = { level: config.logLevel, redact, timestamp: stdTimeFunctions.isoTime, base: null };
  if (destination) return pino(options, destination);
  const readable = process.stdout.isTTY && !config.production;
  // At once, not from a buffer: what is left in one at the exit is tried for ever where nobody reads it any more.
  return pino(options, readable ? PinoPretty({ sync: true }) : pino.destination({ sync: true }));
}
