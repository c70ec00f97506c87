import type { Config } from './config.ts';
import type { Database } from './database/database.ts';
import { openMongo } from './database/mongo.ts';
import { openSqlite, type SqliteOptions } from './database/sqlite.ts';
import type { MessageStore } from './history/message-store.ts';
import { mongoMessageStore } from './history/mongo.ts';
import { sqliteMessageStore } from './history/sqlite.ts';
import { mongoRevocationStore } from './revocations/mongo.ts';
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

/** In MongoDB, where its address is given; else in the data folder. The server and the commands find the same there. */
export async function openStores(
  { mongodbUri, dataDir }: Pick<Config, 'mongodbUri' | 'dataDir'>,
  options?: SqliteOptions,
): Promise<Stores> {
  if (mongodbUri === undefined) {
    const database = openSqlite(dataDir, options);
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
