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
  /** Returns a log whose lines have this request id. */
  ofRequest(requestId: string): Log;
}

// No code passes secrets to the log. Should one do so by mistake, they are removed here.
const secrets = ['authorization', 'password', 'passwordHash', 'token', 'jwtSecret', 'secret'];
const redact = { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), remove: true };

/**
 * Returns the fields of an error that are logged. Drivers attach whole operations to errors, password hashes included.
 */
function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  try {
    const { type, message, stack } = stdSerializers.err(error);
    return { type, message, stack, code: (error as NodeJS.ErrnoException).code };
  } catch {
    // One of its properties throws.
    return { type: 'Error' };
  }
}

/** Matches a token (RFC 7519), which a careless client may put into a path. */
const token = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g;
/** Removes tokens, and escapes the non-ASCII control characters that JSON leaves as they are. */
const safe = (line: string): string => `${printable(line.trimEnd().replace(token, '[token]'))}\n`;

/** Creates the log: JSON lines, or readable ones on a terminal outside production. */
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
  // At every end of the process but SIGKILL. A silent log has nothing to write.
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
