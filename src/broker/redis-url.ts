import type { RedisOptions } from 'ioredis';

/** `redis+sentinel://user:password@host:port,host:port/name/database`, TLS with `rediss+sentinel://`. */
const sentinelUrl = /^(rediss?)\+sentinel:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/]+)\/([^/]+)(?:\/(\d+))?$/;
const sentinelPort = 26_379;

/** Whether this names a Redis or Valkey server, or the sentinels that know it. */
export const isRedisUrl = (text: string): boolean =>
  sentinelUrl.test(text) || (/^rediss?:\/\/[^,]+$/.test(text) && URL.canParse(text));

/** The sentinels that a URL names, and what they are asked for; undefined where it names a server itself. */
export function sentinelsOf(text: string): RedisOptions | undefined {
  const [, scheme, username, password, hosts, name, db = '0'] = sentinelUrl.exec(text) ?? [];
  if (hosts === undefined || name === undefined) return undefined;
  const isTls = scheme === 'rediss';
  return {
    sentinels: hosts.split(',').map((address) => {
      const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(address)!;
      return { host: host!, port: Number(port ?? sentinelPort) };
    }),
    name,
    db: Number(db),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(isTls && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  };
}
