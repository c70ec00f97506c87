import { type Redis, ReplyError } from 'ioredis';
import { type Database, StoreUnavailable } from './database.ts';

/** Begins what Redis says where the command itself was wrong: all else may pass. */
const ourFault = /^(ERR|WRONGTYPE) /;

export interface RedisDatabase extends Database {
  readonly redis: Redis;
  /** Below it lies all that is kept. */
  readonly key: string;
  /** Runs commands; all that Redis can't do now is its being away. @throws {StoreUnavailable} */
  run<T>(commands: () => Promise<T>): Promise<T>;
  /** Runs commands as one transaction; resolves with their answers. @throws {StoreUnavailable} */
  runAll(commands: readonly (readonly [string, ...(string | number)[]])[]): Promise<unknown[]>;
}

/** What nodes share that have users and a secret elsewhere: Redis keeps it as long as it keeps its own data. */
export function openRedisDatabase(redis: Redis, key: string): RedisDatabase {
  const run = async <T>(commands: () => Promise<T>): Promise<T> => {
    try {
      return await commands();
    } catch (error) {
      if (error instanceof ReplyError && ourFault.test((error as Error).message)) throw error;
      throw new StoreUnavailable('The store is away', { cause: error });
    }
  };
  return {
    redis,
    key,
    run,
    runAll: (commands) =>
      run(async () => {
        const answers = (await redis.multi(commands as unknown as string[][]).exec()) ?? [];
        return answers.map(([error, answer]) => {
          if (error) throw error;
          return answer;
        });
      }),
    ping: () =>
      run(async () => {
        await redis.ping();
      }),
    close: async () => redis.disconnect(),
  };
}
