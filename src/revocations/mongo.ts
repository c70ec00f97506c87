import type { MongoDatabase } from '../database/mongo.ts';
import type { RevocationStore } from './revocation-store.ts';

/** Revocations in MongoDB: the collections `revokedTokens`, by key, and `disabledUsers`, by id. */
export function mongoRevocationStore({ db, run }: MongoDatabase): RevocationStore {
  const tokens = db.collection<{ readonly _id: string; readonly expiresAtMs: number }>('revokedTokens');
  const users = db.collection<{ readonly _id: string }>('disabledUsers');

  const disabledUsers = async (): Promise<string[]> => (await users.find().toArray()).map(({ _id: id }) => id);

  return {
    load: () =>
      run(async () => ({
        tokens: new Map((await tokens.find().toArray()).map(({ _id: key, expiresAtMs }) => [key, expiresAtMs])),
        users: await disabledUsers(),
      })),
    disabledUsers: () => run(disabledUsers),
    addToken: (key, expiresAtMs, nowMs) =>
      run(async () => {
        await tokens.updateOne({ _id: key }, { $set: { expiresAtMs } }, { upsert: true });
        await tokens.deleteMany({ expiresAtMs: { $lte: nowMs } });
      }),
    addUser: (id) =>
      run(async () => {
        await users.updateOne({ _id: id }, { $set: { _id: id } }, { upsert: true });
      }),
    removeUser: (id) =>
      run(async () => {
        await users.deleteOne({ _id: id });
      }),
  };
}
