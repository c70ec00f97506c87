import { MongoClient, MongoError, MongoServerError } from 'mongodb';
import { foldedKey } from '../folded-key.ts';
import { type StoredUser, StoreUnavailable, type UserStore } from './user-store.ts';

/** How long one operation may look for a server, and then wait for its answer. */
const selectionTimeoutMs = 2_000;
const answerTimeoutMs = 3_000;

const duplicateKey = 11_000;

interface Document {
  /** The user's id. */
  readonly _id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly username: string;
  readonly usernameKey: string;
  readonly passwordHash: string;
}

/**
 * Users in MongoDB: the collection `users` of the database that the URI names, or of `palaver`.
 * @throws where the database can't be reached or used; the message has its address, never its password
 */
export async function openMongoStore(uri: string): Promise<UserStore> {
  const client = new MongoClient(uri, {
    appName: 'palaver',
    serverSelectionTimeoutMS: selectionTimeoutMs,
    connectTimeoutMS: selectionTimeoutMs,
    socketTimeoutMS: answerTimeoutMs,
  });
  // A URI without a database means `test` to the driver.
  const db = client.db(client.options.dbName === 'test' ? 'palaver' : undefined);
  const users = db.collection<Document>('users');

  /** Runs one operation; all that the database itself did not answer to is the store being away. */
  const run = async <T>(operation: () => Promise<T>): Promise<T> => {
    try {
      return await operation();
    } catch (error) {
      if (isAway(error)) throw new StoreUnavailable('The user store is away', { cause: error });
      throw error;
    }
  };

  try {
    // One by one: FerretDB 1.24 fails when it is asked for several that are there already.
    await users.createIndex({ emailKey: 1 }, { name: 'emailKey', unique: true });
    await users.createIndex({ usernameKey: 1 }, { name: 'usernameKey', unique: true });
  } catch (cause) {
    await client.close();
    const { hosts, srvHost } = client.options;
    const address = srvHost ?? hosts.join(', ');
    throw new Error(`MongoDB at ${address} can not be used (${(cause as Error).name})`, { cause });
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

/** No server answered, or one that can't serve now (it is no primary, or it is going down). */
const isAway = (error: unknown): boolean =>
  error instanceof MongoError && (!(error instanceof MongoServerError) || error.hasErrorLabel('RetryableWriteError'));
