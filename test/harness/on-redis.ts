import { afterAll } from 'vitest';
import { anyMongo, serversUse } from './mongo.ts';
import { anyRedis, serversShare } from './redis.ts';

// Set-up of the test project `slow-redis`: the tests of the room again, each server a node of a room over Redis.
const [mongo, redis] = await Promise.all([anyMongo(), anyRedis()]);
serversUse(mongo);
serversShare(redis);
afterAll(() => Promise.all([mongo.remove(), redis.remove()]));
