import { Redis, type RedisOptions } from 'ioredis';
import { sentinelsOf } from './redis-url.ts';

const connectTimeoutMs = 2_000;

/** A connection that isn't made yet. What is asked while there is none fails at once. */
function createRedis(url: string, options: RedisOptions = {}): Redis {
  const all: RedisOptions = {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...options,
  };
  const sentinels = sentinelsOf(url);
  const redis = sentinels ? new Redis({ ...all, ...sentinels }) : new Redis(url, all);
  // What fails tells whoever asked for it; an error that nobody listens to would end the process.
  redis.on('error', () => {});
  return redis;
}

/** Makes the connections of a link, which ends with them: one that broke doesn't come back. */
export const linkingTo = (url: string) => (): Redis =>
  createRedis(url, { retryStrategy: null, enableAutoPipelining: true });

/** A connection that is there, and comes back by itself. @throws with its address, never its password */
export async function connectRedis(url: string, options: RedisOptions = {}): Promise<Redis> {
  const redis = createRedis(url, options);
  let reason: Error | undefined;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect();
  } catch (cause) {
    redis.disconnect();
    const address = url.replace(/^.*?:\/\/(?:.*@)?/, '').replace(/[/?].*$/, '');
    throw new Error(`Redis at ${address} can not be used (${(reason ?? (cause as Error)).message})`, { cause });
  }
  return redis;
}
