import { type Db, MongoClient, MongoError, MongoServerError } from 'mongodb';
import { within } from '../lib/with-timeout.ts';
import { type Database, StoreUnavailable } from './database.ts';
import { withoutSecrets } from './mongo-uri.ts';

/** Time for an operation to find a server. */
const selectionTimeoutMs = 2_000;
/** Time for each step of the start, DNS lookups included. */
const startTimeoutMs = 8_000;

/** MongoDB's code for a write that a unique index refuses. */
export const duplicateKey = 11_000;
/**
 * MongoDB's codes of a server that cannot serve now. It is no primary, is shutting down or cannot reach others. Or it
 * ran out of time, disk or memory, or takes no more from this user.
 */
const unavailableCodes = new Set([
  6, 7, 13, 18, 24, 50, 64, 89, 91, 100, 133, 134, 146, 189, 262, 8000, 9001, 10058, 10107, 11600, 11601, 11602, 13435,
  13436, 14031,
]);
/** Matches errors without a code, from old servers and from others that speak MongoDB's protocol. */
const unavailableText = /not (master|primary)|node is recovering|read.?only|(disk|quota) is full|is shutting down/i;
/** Shortest interval of the writes that prove that the database is writable. */
const probeIntervalMs = 1_000;

interface Options {
  /** Time for the database to answer, in milliseconds. */
  readonly answerTimeoutMs?: number;
}

export interface MongoDatabase extends Database {
  readonly db: Db;
  /** Runs one operation. @throws {StoreUnavailable} if the database did not answer, or cannot serve now */
  run<T>(operation: () => Promise<T>): Promise<T>;
  /** Runs the steps of a start, and closes the database if they fail. @throws with its address, never its password */
  prepare(work: () => Promise<void>): Promise<void>;
}

/** Opens the MongoDB database that the URI names, or `palaver`. It connects with the first operation. */
export function openMongo(uri: string, { answerTimeoutMs = 3_000 }: Options = {}): MongoDatabase {
  const { client, db } = clientOf(uri, answerTimeoutMs);

  const run = async <T>(operation: () => Promise<T>): Promise<T> => {
    try {
      return await bounded(operation(), answerTimeoutMs);
    } catch (error) {
      if (isUnavailable(error)) throw new StoreUnavailable('The store is unavailable', { cause: error });
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
      throw new Error(`MongoDB at ${address} cannot be used (${reasonOf(cause)})`, { cause });
    }
  };

  const readiness = db.collection<{ readonly _id: string; readonly checkedAt: Date }>('readiness');
  let probedMs = Number.NEGATIVE_INFINITY;
  const probe = async (): Promise<void> => {
    const put = readiness.updateOne({ _id: 'writable' }, { $set: { checkedAt: new Date() } }, { upsert: true });
    await put.catch((error: unknown) => {
      // Another node created it at the same time.
      if (!(error instanceof MongoServerError) || error.code !== duplicateKey) throw error;
    });
  };

  return {
    db,
    run,
    prepare,
    ping: () =>
      run(async () => {
        const { isWritablePrimary, readOnly } = await db.command({ hello: 1 });
        if (isWritablePrimary === false || readOnly === true) throw new ReadOnly('MongoDB takes no writes');
        // Only a write shows a full disk or a missing permission.
        if (performance.now() - probedMs < probeIntervalMs) return;
        await probe();
        probedMs = performance.now();
      }),
    close: () => client.close(),
  };
}

/** Creates the client. @throws with the fault of the URI, never its password */
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
    // Without the cause, since that contains the URI.
    throw new Error(`MONGODB_URI is not valid: ${withoutSecrets((error as Error).message, uri)}`);
  }
}

const namesDatabase = /^[^:]+:\/\/[^/?]*\/[^?]/;

/** No answer in time. The driver retries reads, and resolves names without a timeout of its own. */
class TooLate extends Error {
  override name = 'TooLate';
}

const bounded = <T>(work: Promise<T>, timeoutMs: number): Promise<T> =>
  within(work, timeoutMs, () => new TooLate(`No answer within ${timeoutMs} ms`));

/** The server is read-only. */
class ReadOnly extends Error {
  override name = 'ReadOnly';
}

/** Returns whether an error means that no server answered in time, or that it cannot serve now. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof MongoServerError)
    return (
      unavailableCodes.has(Number(error.code)) ||
      error.hasErrorLabel('RetryableWriteError') ||
      unavailableText.test(error.message)
    );
  if (error instanceof MongoError || error instanceof TooLate || error instanceof ReadOnly) return true;
  // The driver passes socket errors on. A wrong argument is a TypeError or RangeError that has a code too.
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && !(error instanceof TypeError || error instanceof RangeError);
}

/**
 * Returns the reason in one word: the database's (`AuthenticationFailed`), the system's (`ENOTFOUND`) or the driver's.
 */
function reasonOf(error: unknown): string {
  const { codeName, code, name } = error as { codeName?: string; code?: unknown; name: string };
  return codeName ?? (typeof code === 'string' ? code : name);
}
