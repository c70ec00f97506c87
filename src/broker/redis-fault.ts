/** Explains why Palaver cannot use a Redis. Quotes only the host of its URL. */
import { type Redis, ReplyError } from 'ioredis';

/** The server is not the master now. A new connection may reach another server. */
export class WrongServer extends Error {
  override name = 'WrongServer';
}

const certificateCodes = /CERT|SIGNATURE|ISSUER|ALTNAME/;
const tlsCodes = /^(ERR_SSL_|EPROTO$)/;

/** Returns the host and port, or the sentinels and the name of the master. */
export function addressOf({ options }: Redis): string {
  const { sentinels, name, host, port } = options;
  const pairs = sentinels ?? [{ host, port }];
  const addresses = pairs.map(({ host = '', port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  return sentinels ? `${addresses.join(',')} (sentinels of ${name})` : addresses[0]!;
}

export const userOf = ({ options }: Redis): string => options.username || 'default';

const replyTo = (error: unknown): string | undefined =>
  error instanceof ReplyError ? ((error as Error & { command?: { name: string } }).command?.name ?? '') : undefined;

/** Returns whether SELECT failed. ioredis would go on in database 0. */
export const isSelectFault = (error: unknown): boolean => replyTo(error) === 'select';

/** Returns whether a new connection may help: the server is no longer the master, or doesn't answer. */
export const isWrongServer = (error: Error): boolean =>
  error instanceof WrongServer ||
  /READONLY |^(MOVED|MASTERDOWN|LOADING|NOAUTH) |^Command timed out/.test(error.message);

function replyReason(redis: Redis, message: string): string {
  const [kind] = message.split(' ');
  switch (kind) {
    case 'NOAUTH':
      return 'it asks for a password, but REDIS_URL has none';
    case 'WRONGPASS':
      return 'it refuses the user name or password in REDIS_URL, where special characters must be percent-encoded';
    case 'NOPERM': {
      const [, command] = /'([^']+)'/.exec(message) ?? [];
      return command
        ? `its user ${userOf(redis)} must be allowed to run the command ${command}`
        : `its user ${userOf(redis)} must be allowed to use Palaver's keys (palaver:*)`;
    }
    case 'READONLY':
      return 'it is a replica, which takes no writes: set REDIS_URL to the master, or to sentinels';
    case 'MOVED':
      return 'it is a node of a Redis Cluster, but Palaver needs a single server';
    default:
      return message === 'ERR EXEC without MULTI' ? replyReason(redis, "NOPERM 'multi'") : message;
  }
}

/** Returns the reason as one clause, for the log and for a start that fails. */
export function reasonOf(redis: Redis, error: Error): string {
  const { tls, db } = redis.options;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (isSelectFault(error)) return `database ${db} of REDIS_URL cannot be selected: ${error.message}`;
  if (replyTo(error) !== undefined) return replyReason(redis, error.message);
  if (certificateCodes.test(code))
    return `${error.message}; to trust your own certificate authority, set NODE_EXTRA_CA_CERTS`;
  if (tls && (tlsCodes.test(code) || code === 'ECONNRESET' || code === 'ETIMEDOUT'))
    return `it does not speak TLS, which rediss:// needs (${error.message})`;
  if (/^Unknown RESP|^Protocol error|queue state error/i.test(error.message))
    return tls ? 'it is not a Redis' : 'it is not a Redis, or it needs TLS (rediss://)';
  if (/^Connection is closed/.test(error.message))
    return tls ? 'it closed the connection' : 'it closed the connection; it may need TLS (rediss://)';
  return error.message;
}

/** Returns an error that names the Redis, the reason and the variable. */
export const unusable = (redis: Redis, error: Error): Error =>
  new Error(`Redis at ${addressOf(redis)} cannot be used (${reasonOf(redis, error)}): see REDIS_URL`, {
    cause: error,
  });
