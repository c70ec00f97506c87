import { type Collection, type Filter, MongoServerError } from 'mongodb';
import { duplicateKey, type MongoDatabase } from '../database/mongo.ts';
import { foldedKey, nameKey } from '../lib/case-fold.ts';
import type { StoredUser, UserStore } from './user-store.ts';

interface Document {
  /** The user's id. */
  readonly _id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly username: string;
  readonly usernameKey: string;
  readonly passwordHash: string;
  /** Version of the rule that made `usernameKey`. Absent for the rule of version 0.1. */
  readonly keyVersion?: number;
}

/** Version of the rule of `nameKey`. */
const keyVersion = 2;
/** Matches keys that are the same by the rule of version 0.1 and by `nameKey`. */
const unchangedKey = /^[!-~]+( [!-~]+)*$/;

const storedUser = ({ _id: id, email, username, passwordHash }: Document): StoredUser => ({
  id,
  email,
  username,
  passwordHash,
});

/**
 * Renews the name keys that a server of version 0.1 has stored. If two users get the same new key, one keeps its old
 * key. No name has that as its new key, so nothing collides with it.
 */
async function renewKeys(users: Collection<Document>): Promise<void> {
  const old = users.find({ keyVersion: { $exists: false }, usernameKey: { $not: unchangedKey } });
  for await (const { _id, username } of old) {
    const usernameKey = nameKey(username);
    try {
      // Read first, since not every database returns the right code for an update that collides.
      const isTaken = await users.findOne({ usernameKey, _id: { $ne: _id } });
      await users.updateOne({ _id }, { $set: { ...(!isTaken && { usernameKey }), keyVersion } });
    } catch (error) {
      if (!(error instanceof MongoServerError) || error.code !== duplicateKey) throw error;
      await users.updateOne({ _id }, { $set: { keyVersion } });
    }
  }
}

/** Users in MongoDB: the collection `users`. @throws if the database can't be reached or used */
export async function mongoUserStore({ db, run, prepare }: MongoDatabase): Promise<UserStore> {
  const users = db.collection<Document>('users');

  await prepare(async () => {
    // One by one: FerretDB 1.24 fails on a request for several indexes that exist already.
    await users.createIndex({ emailKey: 1 }, { name: 'emailKey', unique: true });
    await users.createIndex({ usernameKey: 1 }, { name: 'usernameKey', unique: true });
    await renewKeys(users);
  });

  const insert = async (
    { id, email, username, passwordHash }: StoredUser,
    usernameKey = nameKey(username),
  ): ReturnType<UserStore['insert']> => {
    const emailKey = foldedKey(email);
    try {
      await users.insertOne({ _id: id, email, emailKey, username, usernameKey, passwordHash, keyVersion });
      return 'inserted';
    } catch (error) {
      if (!(error instanceof MongoServerError) || error.code !== duplicateKey) throw error;
      // The error doesn't always name the key that collided.
      return (await users.findOne({ emailKey })) ? 'email_taken' : 'username_taken';
    }
  };

  const find = async (filter: Filter<Document>): Promise<StoredUser | undefined> => {
    const found = await users.findOne(filter);
    return found ? storedUser(found) : undefined;
  };

  return {
    insert: (...given) => run(() => insert(...given)),
    findByEmail: (email) => run(() => find({ emailKey: foldedKey(email) })),
    findById: (id) => run(() => find({ _id: id })),
    list: (after, limit) =>
      run(async () =>
        (
          await users
            .find(after === undefined ? {} : { emailKey: { $gt: foldedKey(after) } })
            .sort({ emailKey: 1 })
            .limit(limit)
            .toArray()
        ).map(storedUser),
      ),
    replaceHash: ({ id, passwordHash: old }, passwordHash) =>
      run(async () => {
        await users.updateOne({ _id: id, passwordHash: old }, { $set: { passwordHash } });
      }),
  };
}
