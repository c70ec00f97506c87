import { Redis, type RedisOptions } from 'ioredis';
import { sentinelsOf } from './redis-url.ts';

const connectTimeoutMs = 2_000;

/** A connection that isn't made yet. What is asked while there is none fails at once. */
export function createRedis(url: string, options: RedisOptions = {}): Redis {
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
