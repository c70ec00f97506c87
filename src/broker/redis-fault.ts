/** Explains why a Redis cannot be used. Quotes nothing of its URL but the host. */
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

/** Returns whether a new connection may do better: the server is not the master any more, or doesn't answer. */
export const isWrongServer = (error: Error): boolean =>
  error instanceof WrongServer ||
  /READONLY |^(MOVED|MASTERDOWN|LOADING|NOAUTH) |^Command timed out/.test(error.message);

function replyReason(redis: Redis, message: string): string {
  const [kind] = message.split(' ');
  switch (kind) {
    case 'NOAUTH':
      return 'it asks for a password, and REDIS_URL has none';
    case 'WRONGPASS':
      return 'it refuses the user name or password in REDIS_URL, where special characters must be percent-encoded';
    case 'NOPERM': {
      const [, command] = /'([^']+)'/.exec(message) ?? [];
      return command
        ? `its user ${userOf(redis)} must not run the command ${command}, which Palaver needs`
        : `its user ${userOf(redis)} must not touch Palaver's keys (palaver:*)`;
    }
    case 'READONLY':
      return 'it is a replica, which takes no writes: name the master, or sentinels';
    case 'MOVED':
      return 'it is a node of a cluster in which another node holds the keys of Palaver, which needs a single server';
    default:
      return message === 'ERR EXEC without MULTI' ? replyReason(redis, "NOPERM 'multi'") : message;
  }
}

/** Returns the reason as one clause, for the log and for a start that fails. */
export function reasonOf(redis: Redis, error: Error): string {
  const { tls, db } = redis.options;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (isSelectFault(error)) return `database ${db}, which REDIS_URL names, cannot be selected: ${error.message}`;
  if (replyTo(error) !== undefined) return replyReason(redis, error.message);
  if (certificateCodes.test(code)) return `${error.message}; NODE_EXTRA_CA_CERTS names an authority of your own`;
  if (tls && (tlsCodes.test(code) || code === 'ECONNRESET' || code === 'ETIMEDOUT'))
    return `it does not answer with TLS, which rediss:// asks for (${error.message})`;
  if (/^Unknown RESP|^Protocol error|queue state error/i.test(error.message))
    return tls ? 'what answers there is no Redis' : 'what answers there is no Redis, or it speaks TLS (rediss://)';
  if (/^Connection is closed/.test(error.message))
    return tls ? 'it closed the connection' : 'it closed the connection, as one that speaks TLS (rediss://) may';
  return error.message;
}

/** Returns an error that names the Redis, the reason and the variable. */
export const unusable = (redis: Redis, error: Error): Error =>
  new Error(`Redis at ${addressOf(redis)} cannot be used (${reasonOf(redis, error)}): see REDIS_URL`, {
    cause: error,
  });
