import { type Redis, ReplyError } from 'ioredis';
import { type Database, StoreUnavailable } from './database.ts';

/** Matches errors for a wrong command. All other errors are temporary. */
const ourFault = /^(ERR|WRONGTYPE) /;

/** Returns why a transaction was discarded. Redis gives the reason with the command, not with the transaction. */
function discardedFor(error: unknown): unknown {
  const [first] = (error as { previousErrors?: Error[] } | undefined)?.previousErrors ?? [];
  return first ?? error;
}

/** A connection that reconnects, as `keepRedis` makes it. */
interface Kept {
  readonly redis: Redis;
  /** The reason why no command can be sent now. */
  readonly fault: Error | undefined;
  /** Takes the error of a command, after which the connection may have to be made again. */
  distrust(error: unknown): void;
  /** Proves that Redis accepts writes. */
  probe(): Promise<void>;
  close(): void;
}

export interface RedisDatabase extends Database {
  readonly redis: Redis;
  /** Prefix of all keys. */
  readonly key: string;
  /** Runs commands. @throws {StoreUnavailable} for every error but a wrong command */
  run<T>(commands: () => Promise<T>): Promise<T>;
  /** Runs commands as one transaction and returns their answers. @throws {StoreUnavailable} */
  runAll(commands: readonly (readonly [string, ...(string | number)[]])[]): Promise<unknown[]>;
}

/** Opens a database in Redis, for nodes that have no MongoDB. It lasts as long as the data of Redis. */
export function openRedisDatabase(kept: Kept, key: string): RedisDatabase {
  const { redis } = kept;
  const run = async <T>(commands: () => Promise<T>): Promise<T> => {
    try {
      if (kept.fault) throw kept.fault;
      return await commands();
    } catch (error) {
      const reason = discardedFor(error);
      if (reason instanceof ReplyError && ourFault.test((reason as Error).message)) throw reason;
      kept.distrust(reason);
      throw new StoreUnavailable('The store is unavailable', { cause: reason });
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
    ping: () => run(kept.probe),
    close: async () => kept.close(),
  };
}
