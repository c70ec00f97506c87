import { existsSync } from 'node:fs';
import { loadConfig } from '../config.ts';
import { databaseFile } from '../database/database-file.ts';
import { openStores } from '../stores.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { copyStores } from './copy-stores.ts';
import { print } from './output.ts';
import { explainingDataDir } from './start-fault.ts';
import { withStores } from './with-stores.ts';

export const toMongodb: Command = {
  usage: `palaver to-mongodb

Copy the embedded database in DATA_DIR (users, revocations, messages) to the database that MONGODB_URI names, and verify
the copy. Stop the server first, and start it with MONGODB_URI afterwards. The data in DATA_DIR stays; the server still
uses the secret and the epoch there. You can run the command again until a server has run on that database.
`,
  run: async (args) => {
    if (args.length > 0) throw new UsageError('palaver to-mongodb takes no arguments: set DATA_DIR and MONGODB_URI');
    const { mongodbUri, dataDir } = loadConfig();
    if (mongodbUri === undefined) throw new Error('MONGODB_URI is not set: it names the database to copy to');
    if (!existsSync(databaseFile(dataDir))) throw new Error(`DATA_DIR ${dataDir} has no database`);
    const embedded = { mongodbUri: undefined, dataDir };
    const from = await explainingDataDir(dataDir, () => openStores(embedded, { busyTimeoutMs: 0, alone: true }));
    try {
      const copied = await withStores({ mongodbUri, dataDir }, (to) => copyStores(from, to));
      for (const [kind, count] of Object.entries(copied)) await print(`${kind}: ${count}\n`);
    } finally {
      await from.database.close();
    }
    return exitCodes.success;
  },
};
