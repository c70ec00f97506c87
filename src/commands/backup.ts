import { loadConfig } from '../config.ts';
import { writeBackup } from '../database/sqlite-backup.ts';
import { argumentsOf, onlyOne } from './arguments.ts';
import { type Command, exitCodes } from './command.ts';
import { explainingDataDir } from './start-fault.ts';

export const backup: Command = {
  usage: `palaver backup FILE

Writes all that DATA_DIR keeps (users, what was revoked, what was said, the secret that signs tokens) as of this moment
into FILE, while the server runs or not. FILE must not be there yet; it is there whole, or not at all. Keep it as safe as
DATA_DIR: who has it can make tokens. What is in MongoDB is for mongodump.
`,
  run: async (args) => {
    const file = onlyOne(argumentsOf({ args: [...args], allowPositionals: true }).positionals, 'the file to write');
    const { mongodbUri, redisUrl, dataDir } = loadConfig();
    if (mongodbUri !== undefined) throw new Error('With MONGODB_URI all is kept in MongoDB: back it up with mongodump');
    if (redisUrl !== undefined) throw new Error('With REDIS_URL alone all is kept in Redis, whose file can be copied');
    await explainingDataDir(dataDir, () => writeBackup(dataDir, file));
    return exitCodes.done;
  },
};
