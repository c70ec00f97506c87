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

Makes a DATA_DIR of a file that palaver backup has written, after it has checked it. Users, passwords and tokens are those
of the backup; what was said since is lost, and the history says so by a gap. No server may run on DATA_DIR, and nothing
may be kept there; with --replace it takes the place of what is there. What is in MongoDB is for mongorestore.
`,
  run: async (args) => {
    const options = { replace: { type: 'boolean', default: false } } as const;
    const { positionals, values } = argumentsOf({ args: [...args], options, allowPositionals: true });
    const file = onlyOne(positionals, 'the file to restore');
    const { mongodbUri, redisUrl, dataDir } = loadConfig();
    if (mongodbUri !== undefined) throw new Error('With MONGODB_URI all is kept in MongoDB: use mongorestore');
    if (redisUrl !== undefined) throw new Error('With REDIS_URL alone all is kept in Redis, whose file can be copied');
    const kept = [databaseFile(dataDir), join(dataDir, secretFile)].find(existsSync);
    if (kept !== undefined && !values.replace)
      throw new Error(`${kept} is there already: take another DATA_DIR, or --replace`);
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const letGo = holdDatabase(dataDir);
    // Beside what it is to become, for a name is changed only within one file system.
    const draft = mkdtempSync(join(dataDir, 'restore-'));
    try {
      const beside = unpackBackup(file, draft);
      await endWithGap(draft, dataDir, Number(beside.get('epoch') ?? 0));
      const secret = beside.get(secretFile);
      if (secret) writeFileSync(join(draft, secretFile), secret, { mode: 0o600 });
      // From here on nothing more is written that a full disk could refuse.
      removeLeftovers(dataDir);
      if (secret) install(secretFile, draft, dataDir, values.replace);
      // Last: with it all is there.
      install(basename(databaseFile(draft)), draft, dataDir, values.replace);
    } catch (error) {
      const { message } = error as Error;
      throw message.startsWith(file) ? error : new Error(`${file} cannot be restored: ${message}`, { cause: error });
    } finally {
      letGo();
      rmSync(draft, { recursive: true });
    }
    return exitCodes.done;
  },
};

/**
 * Nobody knows what was said after the backup. That is told as of any run which did not end as it should: the next start
 * ends it with a gap. Its epoch lies behind all that was given until now, so no id is given twice.
 */
const endWithGap = (draft: string, dataDir: string, epochThen: number): Promise<void> =>
  withStores({ mongodbUri: undefined, dataDir: draft }, async ({ messages }) => {
    const last = Number((await messages.runs()).at(-1)?.epoch ?? 0);
    const epoch = padded(await nextEpoch(dataDir, Date.now, Math.max(epochThen, last)));
    await messages.putRun({ epoch, lastId: undefined });
  });
