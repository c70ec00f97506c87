import { afterAll } from 'vitest';
import { anyMongo, serversUse } from './mongo.ts';
import { serversShare, startRedis } from './redis.ts';

// The set-up of the test project `redis`: the tests of the room once more, each server a node of a room over Redis.
const [mongo, redis] = await Promise.all([anyMongo(), startRedis()]);
serversUse(mongo);
serversShare(redis);
afterAll(() => Promise.all([mongo.remove(), redis.remove()]));
