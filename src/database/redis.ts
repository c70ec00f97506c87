import { type Redis, ReplyError } from 'ioredis';
import { type Database, StoreUnavailable } from './database.ts';

/** Begins what Redis says where the command itself was wrong: all else may pass. */
const ourFault = /^(ERR|WRONGTYPE) /;

/** Why a transaction was discarded: Redis says that of the command, and of the transaction only that it was. */
function discardedFor(error: unknown): unknown {
  const [first] = (error as { previousErrors?: Error[] } | undefined)?.previousErrors ?? [];
  return first ?? error;
}

/** A connection that is kept. */
interface Kept {
  readonly redis: Redis;
  /** Says why nothing can be asked now. */
  readonly fault: Error | undefined;
  /** Takes note of what a command failed with: the connection may be no good any more. */
  distrust(error: unknown): void;
  /** Proves that it can be written. */
  probe(): Promise<void>;
  close(): void;
}

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
      throw new StoreUnavailable('The store is away', { cause: reason });
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
