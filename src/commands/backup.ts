import { loadConfig } from '../config.ts';
import { writeBackup } from '../database/sqlite-backup.ts';
import { argumentsOf, onlyOne } from './arguments.ts';
import { type Command, exitCodes } from './command.ts';
import { explainingDataDir } from './start-fault.ts';

export const backup: Command = {
  usage: `palaver backup FILE

Write a snapshot of DATA_DIR (users, revocations, messages, the secret that signs tokens) to FILE, whether or not the
server is running. FILE must not exist. Keep it as safe as DATA_DIR: anyone who has it can make tokens. For MongoDB, use
mongodump.
`,
  run: async (args) => {
    const file = onlyOne(argumentsOf({ args: [...args], allowPositionals: true }).positionals, 'the file to write');
    const { mongodbUri, redisUrl, dataDir } = loadConfig();
    if (mongodbUri !== undefined)
      throw new Error('With MONGODB_URI the data is in MongoDB, not in DATA_DIR: back it up with mongodump');
    if (redisUrl !== undefined)
      throw new Error('With REDIS_URL alone the data is in Redis, not in DATA_DIR: back up the file that Redis writes');
    await explainingDataDir(dataDir, () => writeBackup(dataDir, file));
    return exitCodes.success;
  },
};
