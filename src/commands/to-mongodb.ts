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

Copies the embedded database in DATA_DIR (users, revocations, messages) to the database that MONGODB_URI names, and
reads it back. Stop the server first, and start it with MONGODB_URI afterwards. DATA_DIR keeps its data; the server goes
on using the secret and the epoch there. You can run the command again until a server has run on that database.
`,
  run: async (args) => {
    if (args.length > 0) throw new UsageError('palaver to-mongodb takes no arguments: set DATA_DIR and MONGODB_URI');
    const { mongodbUri, dataDir } = loadConfig();
    if (mongodbUri === undefined) throw new Error('Set MONGODB_URI: it names the database to copy to');
    if (!existsSync(databaseFile(dataDir))) throw new Error(`There is no database in ${dataDir}`);
    const embedded = { mongodbUri: undefined, dataDir };
    const from = await explainingDataDir(dataDir, () => openStores(embedded, { busyTimeoutMs: 0, alone: true }));
    try {
      const copied = await withStores({ mongodbUri, dataDir }, (to) => copyStores(from, to));
      for (const [what, count] of Object.entries(copied)) await print(`${what}: ${count}\n`);
    } finally {
      await from.database.close();
    }
    return exitCodes.success;
  },
};
