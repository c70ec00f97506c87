import { isatty } from 'node:tty';
import { type DestinationStream, type Level, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import { isColorSupported, prettyFactory } from 'pino-pretty';
import type { Config } from '../config.ts';
import { printable } from '../lib/printable.ts';
import { type FieldsOf, type LogEvent, logEvents } from './events.ts';
import { createLogOutput, standardOutput } from './output.ts';

export interface Log {
  /** Writes the line of an event, at its level. */
  event<Name extends LogEvent>(name: Name, fields: FieldsOf<Name>): void;
  /** The same log; all that it says has this id. */
  ofRequest(requestId: string): Log;
}

/** Secrets are never handed to the log; should one be, it is cut out here. */
const secrets = ['authorization', 'password', 'passwordHash', 'token', 'jwtSecret', 'secret'];
const redact = { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), remove: true };

/** What an error is, and no more: drivers hang the whole operation on theirs, a user with its hash among it. */
function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  try {
    const { type, message, stack } = stdSerializers.err(error);
    return { type, message, stack, code: (error as NodeJS.ErrnoException).code };
  } catch {
    // A property of it throws.
    return { type: 'Error' };
  }
}

/** A token (RFC 7519) that a careless client has put where the log looks, such as into a path. */
const token = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;
/** JSON leaves what is not ASCII as it is, and terminals obey. */
const safe = (line: string): string => `${printable(line.trimEnd().replace(token, '[token]'))}\n`;

/** JSON lines; readable ones where a person looks at a terminal and it is not production. */
export function createLog(config: Pick<Config, 'logLevel' | 'production'>, destination?: DestinationStream): Log {
  const options = {
    level: config.logLevel,
    redact,
    serializers: { err: errorFields },
    hooks: { streamWrite: safe },
    timestamp: stdTimeFunctions.isoTime,
    base: null,
  };
  if (destination) return logOver(pino(options, destination));
  const output = createLogOutput(standardOutput(), (lost) => log.event('log_lines_lost', { lost }));
  // Whatever ends the process, short of a signal that nobody can catch. A silent log leaves nothing to write.
  if (config.logLevel !== 'silent') process.once('exit', output.end);
  const pretty = isatty(1) && !config.production ? prettyFactory({ colorize: isColorSupported }) : undefined;
  const write = pretty ? (line: string) => output.write(pretty(line)) : output.write;
  const log = logOver(pino(options, { write }));
  return log;
}

const logOver = (logger: Logger): Log => ({
  event: (name, fields) => {
    const { level, text }: { level: Level; text: string } = logEvents[name];
    logger[level]({ event: name, ...fields } as object, text);
  },
  ofRequest: (requestId) => logOver(logger.child({ requestId })),
});
