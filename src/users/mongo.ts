import { type Filter, MongoServerError } from 'mongodb';
import { duplicateKey, type MongoDatabase } from '../database/mongo.ts';
import { foldedKey } from '../folded-key.ts';
import type { StoredUser, UserStore } from './user-store.ts';

interface Document {
  /** The user's id. */
  readonly _id: string;
  readonly email: string;
  readonly emailKey: string;
  readonly username: string;
  readonly usernameKey: string;
  readonly passwordHash: string;
}

const storedUser = ({ _id: id, email, username, passwordHash }: Document): StoredUser => ({
  id,
  email,
  username,
  passwordHash,
});

/** Users in MongoDB: the collection `users`. @throws where the database can't be reached or used */
export async function mongoUserStore({ db, run, prepare }: MongoDatabase): Promise<UserStore> {
  const users = db.collection<Document>('users');

  await prepare(async () => {
    // One by one: FerretDB 1.24 fails when it is asked for several that are there already.
    await users.createIndex({ emailKey: 1 }, { name: 'emailKey', unique: true });
    await users.createIndex({ usernameKey: 1 }, { name: 'usernameKey', unique: true });
  });

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

  const find = async (filter: Filter<Document>): Promise<StoredUser | undefined> => {
    const found = await users.findOne(filter);
    return found ? storedUser(found) : undefined;
  };

  return {
    insert: (user) => run(() => insert(user)),
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
