import { type Db, MongoClient, MongoError, MongoServerError } from 'mongodb';
import { within } from '../within.ts';
import { type Database, StoreUnavailable } from './database.ts';
import { withoutSecrets } from './mongo-uri.ts';

/** How long one operation may look for a server. */
const selectionTimeoutMs = 2_000;
/** How long each step of the start may take, an address that has to be asked of a name server included. */
const startTimeoutMs = 8_000;

/** MongoDB's code where a unique index holds against a write. */
export const duplicateKey = 11_000;
/** MongoDB's codes of a server that can't serve now: it is no primary or shutting down, reaches no other, or ran out of time. */
const awayCodes = new Set([6, 7, 50, 64, 89, 91, 133, 134, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436]);

interface Options {
  /** How long the database may take for an answer, in milliseconds. */
  readonly answerTimeoutMs?: number;
}

export interface MongoDatabase extends Database {
  readonly db: Db;
  /** Runs one operation; all that the database itself did not answer to is its being away. @throws {StoreUnavailable} */
  run<T>(operation: () => Promise<T>): Promise<T>;
  /** Runs what a start needs; where it fails, the database is closed. @throws with its address, never its password */
  prepare(work: () => Promise<void>): Promise<void>;
}

/** MongoDB: the database that the URI names, or `palaver`. Connects with the first operation. */
export function openMongo(uri: string, { answerTimeoutMs = 3_000 }: Options = {}): MongoDatabase {
  const { client, db } = clientOf(uri, answerTimeoutMs);

  const run = async <T>(operation: () => Promise<T>): Promise<T> => {
    try {
      return await bounded(operation(), answerTimeoutMs);
    } catch (error) {
      if (isAway(error)) throw new StoreUnavailable('The store is away', { cause: error });
      throw error;
    }
  };

  const prepare = async (work: () => Promise<void>): Promise<void> => {
    try {
      await bounded(work(), startTimeoutMs);
    } catch (cause) {
      await client.close();
      const { hosts, srvHost } = client.options;
      const address = srvHost ?? hosts.join(', ');
      throw new Error(`MongoDB at ${address} can not be used (${reasonOf(cause)})`, { cause });
    }
  };

  return {
    db,
    run,
    prepare,
    ping: () =>
      run(async () => {
        await db.command({ ping: 1 });
      }),
    close: () => client.close(),
  };
}

/** @throws with what is wrong with the URI, never its password */
function clientOf(uri: string, answerTimeoutMs: number): { client: MongoClient; db: Db } {
  try {
    const client = new MongoClient(uri, {
      appName: 'palaver',
      serverSelectionTimeoutMS: selectionTimeoutMs,
      connectTimeoutMS: selectionTimeoutMs,
      socketTimeoutMS: answerTimeoutMs,
      waitQueueTimeoutMS: answerTimeoutMs,
    });
    // A URI without a database means `test` to the driver.
    return { client, db: client.db(namesDatabase.test(uri) ? undefined : 'palaver') };
  } catch (error) {
    // Without a cause: that would hold the URI.
    throw new Error(`MONGODB_URI is not valid: ${withoutSecrets((error as Error).message, uri)}`);
  }
}

const namesDatabase = /^[^:]+:\/\/[^/?]*\/[^?]/;

/** Too long for a caller to wait: the driver alone tries a read twice, and resolves names without an end of its own. */
class TooLate extends Error {
  override name = 'TooLate';
}

const bounded = <T>(work: Promise<T>, timeoutMs: number): Promise<T> =>
  within(work, timeoutMs, () => new TooLate(`No answer within ${timeoutMs} ms`));

/** No server answered in time, or one that can't serve now. */
function isAway(error: unknown): boolean {
  if (!(error instanceof MongoServerError)) return error instanceof MongoError || error instanceof TooLate;
  return awayCodes.has(Number(error.code)) || error.hasErrorLabel('RetryableWriteError');
}

/** In one word: the database's (`AuthenticationFailed`), the system's (`ENOTFOUND`), or the driver's. */
function reasonOf(error: unknown): string {
  const { codeName, code, name } = error as { codeName?: string; code?: unknown; name: string };
  return codeName ?? (typeof code === 'string' ? code : name);
}
