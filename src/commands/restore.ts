import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { secretFile } from '../auth/secret.ts';
import { nextEpoch } from '../backplane/epoch.ts';
import { padded } from '../backplane/ids.ts';
import { loadConfig } from '../config.ts';
import { databaseFile } from '../database/database-file.ts';
import { holdDatabase, install, removeLeftovers, unpackBackup } from '../database/sqlite-backup.ts';
import { argumentsOf, onlyOne } from './arguments.ts';
import { type Command, exitCodes } from './command.ts';
import { withStores } from './with-stores.ts';

export const restore: Command = {
  usage: `palaver restore [--replace] FILE

Check a file that palaver backup has written, and restore DATA_DIR from it. Stop the server first. Messages sent since
the backup are lost, and the history shows a gap. DATA_DIR must have no data, unless you give --replace. For MongoDB, use
mongorestore.

  --replace  Replace the data that is in DATA_DIR now.
`,
  run: async (args) => {
    const options = { replace: { type: 'boolean', default: false } } as const;
    const { positionals, values } = argumentsOf({ args: [...args], options, allowPositionals: true });
    const file = onlyOne(positionals, 'the file to restore');
    const { mongodbUri, redisUrl, dataDir } = loadConfig();
    if (mongodbUri !== undefined)
      throw new Error('With MONGODB_URI the data is in MongoDB, not in DATA_DIR: use mongorestore');
    if (redisUrl !== undefined)
      throw new Error('With REDIS_URL alone the data is in Redis, not in DATA_DIR: restore the file that Redis writes');
    const kept = [databaseFile(dataDir), join(dataDir, secretFile)].find(existsSync);
    if (kept !== undefined && !values.replace)
      throw new Error(`${kept} already exists: set another DATA_DIR, or replace the data with --replace`);
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const release = holdDatabase(dataDir);
    // In DATA_DIR, because a file can be renamed only within one file system.
    const draft = mkdtempSync(join(dataDir, 'restore-'));
    try {
      const beside = unpackBackup(file, draft);
      await endWithGap(draft, dataDir, Number(beside.get('epoch') ?? 0));
      const secret = beside.get(secretFile);
      if (secret) writeFileSync(join(draft, secretFile), secret, { mode: 0o600 });
      // From here on files are only removed and renamed, which works on a full disk, too.
      removeLeftovers(dataDir);
      if (secret) install(secretFile, draft, dataDir, values.replace);
      // Last: DATA_DIR is complete once the database is there.
      install(basename(databaseFile(draft)), draft, dataDir, values.replace);
    } catch (error) {
      const { message } = error as Error;
      throw message.startsWith(file) ? error : new Error(`${file} cannot be restored: ${message}`, { cause: error });
    } finally {
      release();
      rmSync(draft, { recursive: true });
    }
    return exitCodes.success;
  },
};

/**
 * Makes the history show a gap after the backup, because the messages that followed are unknown. It adds a run that
 * looks like a crashed one, which the next start ends with a gap. Its epoch is later than all before, so ids stay unique.
 */
const endWithGap = (draft: string, dataDir: string, epochThen: number): Promise<void> =>
  withStores({ mongodbUri: undefined, dataDir: draft }, async ({ messages }) => {
    const last = Number((await messages.runs()).at(-1)?.epoch ?? 0);
    const epoch = padded(await nextEpoch(dataDir, Date.now, Math.max(epochThen, last)));
    await messages.putRun({ epoch, lastId: undefined });
  });
