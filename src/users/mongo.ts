import { MongoClient, MongoError, MongoServerError } from 'mongodb';
import { foldedKey } from '../folded-key.ts';
import { type StoredUser, StoreUnavailable, type UserStore } from './user-store.ts';

/** How long one operation may look for a server. */
const selectionTimeoutMs = 2_000;
/** How long the start may take, an address that has to be asked of a name server included. */
const startTimeoutMs = 8_000;

const duplicateKey = 11_000;
/** MongoDB's codes of a server that can't serve now: it is no primary or shutting down, reaches no other, or ran out of time. */
const awayCodes = new Set([6, 7, 50, 64, 89, 91, 133, 134, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436]);

interface Document {
  /** The user's id. */
  readonly _id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly username: string;
  readonly usernameKey: string;
  readonly passwordHash: string;
}

interface Options {
  /** How long the store may take for an answer, in milliseconds. */
  readonly answerTimeoutMs?: number;
}

/**
 * Users in MongoDB: the collection `users` of the database that the URI names, or of `palaver`.
 * @throws where the database can't be reached or used; the message has its address, never its password
 */
export async function openMongoStore(uri: string, { answerTimeoutMs = 3_000 }: Options = {}): Promise<UserStore> {
  const client = new MongoClient(uri, {
    appName: 'palaver',
    serverSelectionTimeoutMS: selectionTimeoutMs,
    connectTimeoutMS: selectionTimeoutMs,
    socketTimeoutMS: answerTimeoutMs,
    waitQueueTimeoutMS: answerTimeoutMs,
  });
  // A URI without a database means `test` to the driver.
  const db = client.db(namesDatabase.test(uri) ? undefined : 'palaver');
  const users = db.collection<Document>('users');

  /** Runs one operation; all that the database itself did not answer to is the store being away. */
  const run = async <T>(operation: () => Promise<T>): Promise<T> => {
    try {
      return await bounded(operation(), answerTimeoutMs);
    } catch (error) {
      if (isAway(error)) throw new StoreUnavailable('The user store is away', { cause: error });
      throw error;
    }
  };

  const createIndexes = async (): Promise<void> => {
    // One by one: FerretDB 1.24 fails when it is asked for several that are there already.
    await users.createIndex({ emailKey: 1 }, { name: 'emailKey', unique: true });
    await users.createIndex({ usernameKey: 1 }, { name: 'usernameKey', unique: true });
  };
  try {
    await bounded(createIndexes(), startTimeoutMs);
  } catch (cause) {
    await client.close();
    const { hosts, srvHost } = client.options;
    const address = srvHost ?? hosts.join(', ');
    throw new Error(`MongoDB at ${address} can not be used (${reasonOf(cause)})`, { cause });
  }

  const insert = async ({ id, email, username, passwordHash }: StoredUser): ReturnType<UserStore['insert']> => {
    const emailKey = foldedKey(email);
    try {
      await users.insertOne({ _id: id, email, emailKey, username, usernameKey: foldedKey(username), passwordHash });
      return 'inserted';
    } catch (error) {
      if (!(error instanceof MongoServerError) || error.code !== duplicateKey) throw error;
      // Which key collided is not always in the answer: look.
      return (await users.findOne({ emailKey })) ? 'email_taken' : 'username_taken';
    }
  };

  const findByEmail = async (text: string): Promise<StoredUser | undefined> => {
    const found = await users.findOne({ emailKey: foldedKey(text) });
    if (!found) return undefined;
    const { _id: id, email, username, passwordHash } = found;
    return { id, email, username, passwordHash };
  };

  return {
    insert: (user) => run(() => insert(user)),
    findByEmail: (email) => run(() => findByEmail(email)),
    replaceHash: ({ id, passwordHash: old }, passwordHash) =>
      run(async () => {
        await users.updateOne({ _id: id, passwordHash: old }, { $set: { passwordHash } });
      }),
    ping: () =>
      run(async () => {
        await db.command({ ping: 1 });
      }),
    close: () => client.close(),
  };
}

const namesDatabase = /^[^:]+:\/\/[^/?]*\/[^?]/;

/** Too long for a caller to wait: the driver alone tries a read twice, and resolves names without an end of its own. */
class TooLate extends Error {
  override name = 'TooLate';
}

async function bounded<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(`No answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

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
