import { roomKey } from './backplane/redis/backplane.ts';
import { type KeptOptions, keepRedis } from './broker/redis.ts';
import type { Config } from './config.ts';
import type { Database } from './database/database.ts';
import { openMongo } from './database/mongo.ts';
import { openRedisDatabase } from './database/redis.ts';
import { openSqlite, type SqliteOptions } from './database/sqlite.ts';
import type { MessageStore } from './history/message-store.ts';
import { mongoMessageStore } from './history/mongo.ts';
import { redisMessageStore } from './history/redis.ts';
import { sqliteMessageStore } from './history/sqlite.ts';
import { mongoRevocationStore } from './revocations/mongo.ts';
import { redisRevocationStore } from './revocations/redis.ts';
import type { RevocationStore } from './revocations/revocation-store.ts';
import { sqliteRevocationStore } from './revocations/sqlite.ts';
import { mongoUserStore } from './users/mongo.ts';
import { sqliteUserStore } from './users/sqlite.ts';
import type { UserStore } from './users/user-store.ts';

/** All that is kept, behind its ports. */
export interface Stores {
  readonly database: Database;
  readonly users: UserStore;
  readonly revoked: RevocationStore;
  readonly messages: MessageStore;
}

interface StoreOptions extends SqliteOptions {
  /** Hears when the store's Redis can't be used any more, and when it can be again. */
  readonly onRedisHealth?: KeptOptions['onHealth'];
}

/** How long Redis may take for an answer. */
const answerTimeoutMs = 3_000;
/** Where all users are elsewhere. */
const nobody: UserStore = {
  insert: () => Promise.reject(new Error('No users are kept here')),
  findByEmail: async () => undefined,
  findById: async () => undefined,
  list: async () => [],
  replaceHash: async () => {},
};

/** In MongoDB, where its address is given; else in Redis, where nodes share that; else in the data folder. The server and the commands find the same there. */
export async function openStores(
  { mongodbUri, redisUrl, dataDir }: Pick<Config, 'dataDir'> & Partial<Pick<Config, 'mongodbUri' | 'redisUrl'>>,
  { onRedisHealth, ...sqlite }: StoreOptions = {},
): Promise<Stores> {
  if (mongodbUri === undefined && redisUrl !== undefined) {
    const kept = await keepRedis(redisUrl, { key: roomKey, use: 'store', answerTimeoutMs, onHealth: onRedisHealth });
    const database = openRedisDatabase(kept, roomKey);
    return {
      database,
      users: nobody,
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
