import { MongoBulkWriteError, MongoServerError } from 'mongodb';
import { duplicateKey, type MongoDatabase } from '../database/mongo.ts';
import type { MessageStore, StoredMessage } from './message-store.ts';

type Kept<T extends { readonly id: string }> = Omit<T, 'id'> & { readonly _id: string };

/** What was said, in MongoDB: the collections `messages` and `messageGaps`, by id, and `runs`, by epoch. */
export async function mongoMessageStore({ db, run, prepare }: MongoDatabase): Promise<MessageStore> {
  const messages = db.collection<Kept<StoredMessage>>('messages');
  const messageGaps = db.collection<{ readonly _id: string }>('messageGaps');
  const runs = db.collection<{ readonly _id: string; readonly lastId: string | null }>('runs');

  await prepare(async () => {
    await messages.createIndex({ sentAt: 1 }, { name: 'sentAt' });
  });

  /** What is there already stays, and keeps none of the others out. */
  const ignoringDuplicates = async (insert: Promise<unknown>): Promise<void> => {
    try {
      await insert;
    } catch (error) {
      const failures = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
      if (failures.length === 0 || failures.some(({ code }) => code !== duplicateKey)) throw error;
    }
  };

  return {
    append: (batch, gapIds) =>
      run(async () => {
        if (batch.length > 0)
          await ignoringDuplicates(
            messages.insertMany(
              batch.map(({ id, ...rest }) => ({ _id: id, ...rest })),
              { ordered: false },
            ),
          );
        if (gapIds.length > 0)
          await ignoringDuplicates(
            messageGaps.insertMany(
              gapIds.map((id) => ({ _id: id })),
              { ordered: false },
            ),
          );
      }),

    before: (id, limit) =>
      run(async () => {
        const found = await messages
          .find(id === undefined ? {} : { _id: { $lt: id } })
          .sort({ _id: -1 })
          .limit(limit + 1)
          .toArray();
        const more = found.length > limit;
        const page = found
          .slice(0, limit)
          .reverse()
          .map(({ _id, ...rest }) => ({ id: _id, ...rest }));
        const from = more ? page[0]!.id : '';
        const gaps = await messageGaps
          .find({ _id: { $gt: from, ...(id !== undefined && { $lte: id }) } })
          .sort({ _id: 1 })
          .toArray();
        return { messages: page, more, gaps: gaps.map(({ _id }) => _id) };
      }),

    prune: (sentAt, keep) =>
      run(async () => {
        const [surplus] = await messages.find().sort({ _id: -1 }).skip(keep).limit(1).toArray();
        if (surplus) await messages.deleteMany({ _id: { $lte: surplus._id } });
        await messages.deleteMany({ sentAt: { $lt: sentAt } });
        const [oldest] = await messages.find().sort({ _id: 1 }).limit(1).toArray();
        if (!oldest) return;
        await messageGaps.deleteMany({ _id: { $lt: oldest._id } });
        const [current] = await runs
          .find({ _id: { $lte: oldest._id } })
          .sort({ _id: -1 })
          .limit(1)
          .toArray();
        if (current) await runs.deleteMany({ _id: { $lt: current._id }, lastId: { $lt: oldest._id, $ne: null } });
      }),

    runs: () =>
      run(async () =>
        (await runs.find().sort({ _id: 1 }).toArray()).map(({ _id: epoch, lastId }) => ({
          epoch,
          lastId: lastId ?? undefined,
        })),
      ),
    putRun: ({ epoch, lastId = null }) =>
      run(async () => {
        const put = () => runs.replaceOne({ _id: epoch }, { lastId }, { upsert: true });
        // Where another node puts it at the same time, one of both finds it there.
        await put().catch((error: unknown) => {
          if (error instanceof MongoServerError && error.code === duplicateKey) return put();
          throw error;
        });
      }),
  };
}
