import type { RedisOptions } from 'ioredis';

/** Matches `redis+sentinel://user:password@host:port,host:port/name/database`, and `rediss+sentinel://` for TLS. */
const sentinelUrl =
  /^(rediss?)\+sentinel:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^/@?#]+)\/([^/@?#]+)(?:\/(\d{1,9}))?\/?$/;
const sentinelAddress = /^(?:\[([\da-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i;
const sentinelPort = 26_379;
const redisPort = 6_379;
const databaseNumber = /^\d{1,9}$/;
/** Query parameters that are allowed: the database and the IP version. */
const queryValues: Readonly<Record<string, RegExp>> = { db: databaseNumber, family: /^[046]$/ };

const encoding = 'in the user name and password, write % as %25, @ as %40, / as %2F, # as %23, ? as %3F and : as %3A';

/** Reports an invalid URL of a Redis. The message says how to fix it, and quotes nothing of it. */
export class RedisUrlError extends Error {
  override name = 'RedisUrlError';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RedisUrlError(encoding);
  }
}

const credentials = (username = '', password = ''): RedisOptions => ({
  ...(username && { username: decoded(username) }),
  ...(password && { password: decoded(password) }),
});

function sentinelOptions(text: string): RedisOptions {
  const [, scheme, username, password, hosts, name, db = '0'] = sentinelUrl.exec(text) ?? [];
  if (hosts === undefined || name === undefined)
    throw new RedisUrlError(
      text.includes('@')
        ? `it must be like redis+sentinel://user:password@host:26379,host:26379/master/0; ${encoding}`
        : 'it must be like redis+sentinel://host:26379,host:26379/master/0, with the name of the master and the number of a database',
    );
  const isTls = scheme === 'rediss';
  return {
    sentinels: hosts.split(',').map((address) => {
      const [, ip6, host = ip6, port] = sentinelAddress.exec(address) ?? [];
      if (host === undefined) throw new RedisUrlError('each sentinel must be a host, or host:port');
      return { host, port: Number(port ?? sentinelPort) };
    }),
    name: decoded(name),
    db: Number(db),
    ...credentials(username, password),
    ...(isTls && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  };
}

function queryOptions(query: URLSearchParams): { db?: string; family?: number } {
  for (const [name, value] of query)
    if (!queryValues[name]?.test(value) || query.getAll(name).length > 1)
      throw new RedisUrlError('its query may only have db, the number of a database, and family (0, 4 or 6)');
  const [db, family] = [query.get('db'), query.get('family')];
  return { ...(db !== null && { db }), ...(family !== null && { family: Number(family) }) };
}

function serverOptions(text: string): RedisOptions {
  if (!URL.canParse(text)) throw new RedisUrlError(`it must be like redis://user:password@host:6379/0; ${encoding}`);
  const { protocol, username, password, hostname, port, pathname, search, searchParams, hash } = new URL(text);
  // An @ after the address means that a character of the password is not encoded.
  if (`${pathname}${search}${hash}`.includes('@')) throw new RedisUrlError(encoding);
  if (hostname.includes(',')) throw new RedisUrlError('it must name one server; only redis+sentinel:// takes a list');
  const path = pathname.replace(/^\/|\/$/g, '');
  const query = queryOptions(searchParams);
  const { db = path || '0' } = query;
  if (hash !== '' || (path !== '' && (!databaseNumber.test(path) || Number(path) !== Number(db))))
    throw new RedisUrlError('its path must be the number of a database, such as redis://host:6379/2');
  return {
    host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(port || redisPort),
    ...query,
    db: Number(db),
    ...credentials(username, password),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

/** Returns the options of a connection to the server or sentinels of a URL. @throws {RedisUrlError} */
export const redisOptionsOf = (text: string): RedisOptions =>
  /^rediss?\+sentinel:/.test(text) ? sentinelOptions(text) : serverOptions(text);

/** Returns what is wrong with the URL of a Redis; undefined for a valid one. Quotes nothing of it. */
export function redisUrlFault(text: string): string | undefined {
  if (!/^rediss?(\+sentinel)?:\/\/./.test(text))
    return 'it must begin with redis://, rediss://, redis+sentinel:// or rediss+sentinel://';
  try {
    redisOptionsOf(text);
    return undefined;
  } catch (error) {
    if (error instanceof RedisUrlError) return error.message;
    throw error;
  }
}
