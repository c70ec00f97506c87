import { afterAll } from 'vitest';
import { anyMongo, noMongo } from './mongo.ts';
import { noRedis, type Redis, startRedis } from './redis.ts';

/** Reason to skip the tests that need a room over Redis; undefined if they can run. */
export const noShared: string | undefined = noRedis ?? noMongo;

/** Redis and a database for the nodes of shared rooms. Both end with the test file. */
export interface SharedRooms {
  readonly redis: Redis;
  /** Returns the environment for the nodes of a new room with each call. */
  env(): Record<string, string>;
}

/** Starts what the nodes of shared rooms need; undefined where it is missing. */
export async function sharedRooms(): Promise<SharedRooms | undefined> {
  if (noShared !== undefined) return undefined;
  const [mongo, redis] = await Promise.all([anyMongo(), startRedis()]);
  afterAll(() => Promise.all([mongo.remove(), redis.remove()]));
  return { redis, env: () => ({ MONGODB_URI: mongo.uri(), REDIS_URL: redis.uri() }) };
}
