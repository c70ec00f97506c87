import { roomKey } from './backplane/redis/backplane.ts';
import { type KeptOptions, keepRedis } from './broker/redis.ts';
import type { Config } from './config.ts';
import type { Database } from './database/database.ts';
import { createStoreHealth } from './database/health.ts';
import { openMongo } from './database/mongo.ts';
import { openRedisDatabase } from './database/redis.ts';
import { openSqlite, type SqliteOptions } from './database/sqlite.ts';
import type { MessageStore } from './history/message-store.ts';
import { mongoMessageStore } from './history/mongo.ts';
import { redisMessageStore } from './history/redis.ts';
import { sqliteMessageStore } from './history/sqlite.ts';
import { type ObserveCall, observed, observedPort } from './lib/observe.ts';
import { type CountAttempt, createAttemptLimit } from './limits/attempts.ts';
import { type CountFrame, createFrameLimit } from './limits/frames.ts';
import { inMemory, inRedis } from './limits/limiter.ts';
import type { Log } from './log/log.ts';
import { mongoRevocationStore } from './revocations/mongo.ts';
import { redisRevocationStore } from './revocations/redis.ts';
import type { RevocationStore } from './revocations/revocation-store.ts';
import { sqliteRevocationStore } from './revocations/sqlite.ts';
import { mongoUserStore } from './users/mongo.ts';
import { sqliteUserStore } from './users/sqlite.ts';
import type { UserStore } from './users/user-store.ts';

/** The database and the stores on it, behind their ports. */
export interface Stores {
  readonly database: Database;
  readonly users: UserStore;
  readonly revoked: RevocationStore;
  readonly messages: MessageStore;
}

type StoreConfig = Pick<Config, 'dataDir'> & Partial<Pick<Config, 'mongodbUri' | 'redisUrl'>>;

interface StoreOptions extends SqliteOptions {
  /** Hears when the store's Redis becomes unusable, and when it is usable again. */
  readonly onRedisHealth?: KeptOptions['onHealth'];
}

interface ObservedOptions {
  /** Take the place of the database's own stores. */
  readonly given?: Partial<Omit<Stores, 'database'>>;
  /** Returns what hears of the calls to a store. */
  readonly observer: (store: string) => ObserveCall;
  readonly log: Log;
}

/** The limits of attempts and frames. Each counts one more, and says how long to wait where that is too many. */
export interface Limits {
  readonly countSignUp: CountAttempt;
  readonly countLogin: CountAttempt;
  /** Absent where frames are not limited. */
  readonly countFrame: CountFrame | undefined;
  close(): void;
}
type LimitConfig = Pick<Config, 'redisUrl' | 'rateLimitSignUp' | 'rateLimitLogin' | 'rateLimitFrames'>;

/** How long Redis may take to answer a store. */
const answerTimeoutMs = 3_000;
/** How long an attempt or a frame may wait for Redis. */
const countTimeoutMs = 1_000;

/** Stands in where an external issuer has the users. */
const noUsers: UserStore = {
  insert: () => Promise.reject(new Error('No users are kept here')),
  findByEmail: async () => undefined,
  findById: async () => undefined,
  list: async () => [],
  replaceHash: async () => {},
};

/**
 * Opens the stores for the server and for commands. They are in MongoDB if its address is set, else in Redis if nodes
 * share one, else in the data folder.
 */
export async function openStores(
  { mongodbUri, redisUrl, dataDir }: StoreConfig,
  { onRedisHealth, ...sqlite }: StoreOptions = {},
): Promise<Stores> {
  if (mongodbUri === undefined && redisUrl !== undefined) {
    const kept = await keepRedis(redisUrl, { key: roomKey, use: 'store', answerTimeoutMs, onHealth: onRedisHealth });
    const database = openRedisDatabase(kept, roomKey);
    return {
      database,
      users: noUsers,
      revoked: redisRevocationStore(database),
      messages: redisMessageStore(database),
    };
  }
  if (mongodbUri === undefined) {
    const database = openSqlite(dataDir, sqlite);
    return {
      database,
      users: sqliteUserStore(database),
      revoked: sqliteRevocationStore(database),
      messages: sqliteMessageStore(database),
    };
  }
  const database = openMongo(mongodbUri);
  return {
    database,
    users: await mongoUserStore(database),
    revoked: mongoRevocationStore(database),
    messages: await mongoMessageStore(database),
  };
}

/** Opens the stores for the server: `observer` hears of each call, and the log of an outage. */
export async function openObserved(config: StoreConfig, { given, observer, log }: ObservedOptions): Promise<Stores> {
  const own = await openStores(config, { onRedisHealth: redisHealth(log, 'store') });
  const { database, users, revoked, messages } = { ...own, ...given };
  const ping = () => observed(observer('database'), 'ping', database.ping);
  const health = createStoreHealth(ping, log);
  return {
    database: {
      ...health.watch({ ping }),
      close: () => {
        health.close();
        return database.close();
      },
    },
    users: health.watch(observedPort(users, observer('users'))),
    revoked: health.watch(observedPort(revoked, observer('revocations'))),
    messages: health.watch(observedPort(messages, observer('messages'))),
  };
}

/** Opens the limits: over all nodes where they share a Redis, else in this process. */
export async function openLimits(config: LimitConfig, log: Log): Promise<Limits> {
  const onHealth = redisHealth(log, 'limits');
  const options = { key: roomKey, use: 'limits', answerTimeoutMs: countTimeoutMs, onHealth } as const;
  const kept = config.redisUrl === undefined ? undefined : await keepRedis(config.redisUrl, options);
  const createLimiter = kept ? inRedis(kept, roomKey) : inMemory;
  return {
    countSignUp: createAttemptLimit(config.rateLimitSignUp, createLimiter, 'sign-up'),
    countLogin: createAttemptLimit(config.rateLimitLogin, createLimiter, 'login'),
    countFrame: createFrameLimit(config.rateLimitFrames, createLimiter),
    close: () => kept?.close(),
  };
}

/** Logs once when a connection to Redis becomes unusable, and once when it is usable again. */
const redisHealth =
  (log: Log, use: 'store' | 'limits'): KeptOptions['onHealth'] =>
  (fault) => {
    if (fault) log.event('redis_unusable', { use, err: fault });
    else log.event('redis_usable', { use });
  };
