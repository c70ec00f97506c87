/** Checks whether Palaver can use a Redis: its version, its role, and the permissions of the user. */
import type { Redis } from 'ioredis';
import { userOf, WrongServer } from './redis-fault.ts';

const leastVersion = [6, 2];
/** Lifetime of the key that the trials write. */
const probeMs = 60_000;

const replica = 'it is a replica: set REDIS_URL to the master, or to sentinels';

/** Facts about a server, from its `INFO`. */
export interface ServerFacts {
  /** Id of the Redis process, another one for each of its lives. */
  readonly run: string;
  /** Policy by which Redis may evict keys; undefined if it evicts none. */
  readonly eviction: string | undefined;
}

/**
 * Trials of each command, on a key that holds a text. `1` stands for the key. A command that fails for the key's type is
 * allowed all the same.
 */
export const trials = {
  room: [
    ['TIME'],
    ['GET', 1],
    ['DEL', 1],
    ['SET', 1, 'v', 'PX', `${probeMs}`],
    ['HGET', 1, 'f'],
    ['HSET', 1, 'f', 'v'],
    ['HDEL', 1, 'f'],
    ['HEXISTS', 1, 'f'],
    ['HINCRBY', 1, 'f', '1'],
    ['HLEN', 1],
    ['HVALS', 1],
    ['XADD', 1, '*', 'f', 'v'],
    ['XLEN', 1],
    ['XRANGE', 1, '-', '+', 'COUNT', '1'],
    ['XREAD', 'COUNT', '1', 'STREAMS', 1, '0'],
    ['ZADD', 1, '0', 'm'],
    ['ZREM', 1, 'm'],
    ['ZCARD', 1],
    ['ZSCORE', 1, 'm'],
    ['ZRANGE', 1, '0', '0'],
    ['ZRANGEBYLEX', 1, '-', '+'],
    ['ZRANGEBYSCORE', 1, '0', '0'],
  ],
  store: [
    ['SET', 1, 'v', 'PX', `${probeMs}`],
    ['EXISTS', 1],
    ['HSET', 1, 'f', 'v'],
    ['HSETNX', 1, 'f', 'v'],
    ['HDEL', 1, 'f'],
    ['HLEN', 1],
    ['HMGET', 1, 'f'],
    ['HSCAN', 1, '0'],
    ['HGETALL', 1],
    ['ZADD', 1, '0', 'm'],
    ['ZREM', 1, 'm'],
    ['GET', 1],
    ['ZCARD', 1],
    ['ZLEXCOUNT', 1, '-', '+'],
    ['ZRANGE', 1, '0', '0'],
    ['ZREVRANGE', 1, '0', '0'],
    ['ZRANGEBYLEX', 1, '-', '+'],
    ['ZREVRANGEBYLEX', 1, '+', '-'],
    ['ZREMRANGEBYLEX', 1, '-', '+'],
    ['ZREMRANGEBYSCORE', 1, '0', '0'],
    ['SADD', 1, 'm'],
    ['SREM', 1, 'm'],
    ['SMEMBERS', 1],
  ],
  limits: [
    ['SET', 1, 'v', 'PX', `${probeMs}`],
    ['INCRBY', 1, '1'],
    ['PTTL', 1],
    ['EXPIRE', 1, '60'],
  ],
} as const satisfies Record<string, readonly (readonly [string, ...(string | 1)[]])[]>;

/** Purpose of a connection. Each needs other commands. */
export type RedisUse = keyof typeof trials;

/** Returns a script that runs all trials. Redis checks permissions before it looks at the key. */
const tryOut = (use: RedisUse): string => `
local key, refused = KEYS[1], {}
local function try(name, ...)
  local answer = redis.pcall(name, ...)
  local text = type(answer) == 'table' and answer.err or ''
  if string.find(text, "can't run", 1, true) or string.find(text, 'permissions to run', 1, true) then
    refused[#refused + 1] = string.lower(name)
  elseif string.find(text, "can't access", 1, true) or string.find(text, 'permissions to access', 1, true) then
    refused[#refused + 1] = 'keys'
  end
end
try('SET', key, 'v', 'PX', '${probeMs}')
${trials[use].map(([name, ...args]) => `try(${[`'${name}'`, ...args.map((arg) => (arg === 1 ? 'key' : `'${arg}'`))].join(', ')})`).join('\n')}
return refused
`;

const fieldOf = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] || undefined;

function factsOf(info: string): ServerFacts {
  const run = fieldOf(info, 'run_id');
  if (run === undefined) throw new Error('its INFO has no run_id, which Palaver needs to detect a restart of Redis');
  const version = fieldOf(info, 'redis_version') ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < leastVersion[0]! || (major === leastVersion[0] && minor < leastVersion[1]!))
    throw new Error(`it is Redis ${version}, but Palaver needs ${leastVersion.join('.')} or newer`);
  if (isReplica(info)) throw new WrongServer(replica);
  const policy = fieldOf(info, 'maxmemory_policy') ?? 'noeviction';
  const evicts = policy !== 'noeviction' && Number(fieldOf(info, 'maxmemory') ?? 0) > 0;
  return { run, eviction: evicts ? policy : undefined };
}

const isReplica = (info: string): boolean => fieldOf(info, 'role') === 'slave';

const probeKey = (key: string): string => `${key}:probe`;

/** Checks that the server is the master and takes writes, by writing a key. @throws if it isn't or doesn't */
export async function probeWrite(redis: Redis, key: string): Promise<void> {
  const [info] = await Promise.all([redis.info('replication'), redis.set(probeKey(key), 'v', 'PX', probeMs)]);
  if (isReplica(info)) throw new WrongServer(replica);
}

/** Returns the facts of a server after trying every command that this use needs. @throws if it can't be used */
export async function examine(redis: Redis, key: string, use: RedisUse): Promise<ServerFacts> {
  const facts = factsOf(await redis.info());
  const script = tryOut(use);
  const hash = String(await redis.script('LOAD', script));
  const refused = (await redis.evalsha(hash, 1, probeKey(key))) as string[];
  const commands = [...new Set(refused)].filter((name) => name !== 'keys');
  if (commands.length > 0) throw new Error(`its user ${userOf(redis)} must be allowed to run ${commands.join(', ')}`);
  if (refused.length > 0)
    throw new Error(`its user ${userOf(redis)} must be allowed to use Palaver's keys (palaver:*)`);
  if (use === 'store') await redis.multi().exists(probeKey(key)).exec();
  // The limiter sends its scripts with EVAL where Redis doesn't know them yet.
  if (use === 'limits') await redis.eval('return 1', 0);
  return facts;
}
