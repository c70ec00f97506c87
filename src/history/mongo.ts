import { type Collection, type Filter, MongoBulkWriteError, MongoServerError, type WithoutId } from 'mongodb';
import { duplicateKey, type MongoDatabase } from '../database/mongo.ts';
import { gapsUnmerged, type MessageStore, type StoredMessage } from './message-store.ts';
import type { Retention } from './retention.ts';

type Stored<T extends { readonly id: string }> = Omit<T, 'id'> & { readonly _id: string };

type Gap = { readonly _id: string };

const retentionId = 'messages';
/** Neighbouring gaps that one pruning looks at. */
const mergedAtOnce = 1_000;

const messageOf = ({ _id, ...rest }: Stored<StoredMessage>): StoredMessage => ({ id: _id, ...rest });

/** Ignores that some documents exist already: the others are inserted all the same. */
const ignoringDuplicates = async (insert: Promise<unknown>): Promise<void> => {
  try {
    await insert;
  } catch (error) {
    const failures = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
    if (failures.length === 0 || failures.some(({ code }) => code !== duplicateKey)) throw error;
  }
};

/** Stores a document under its id. If another node inserts it at the same time, the second try finds it. */
const put = async <T extends { readonly _id: string }>(into: Collection<T>, document: T): Promise<void> => {
  const { _id, ...rest } = document;
  const replace = () => into.replaceOne({ _id } as Filter<T>, rest as WithoutId<T>, { upsert: true });
  await replace().catch((error: unknown) => {
    if (error instanceof MongoServerError && error.code === duplicateKey) return replace();
    throw error;
  });
};

/**
 * The message history in MongoDB: the collections `messages` and `messageGaps`, by id, `runs`, by epoch, and
 * `retention`, one document.
 */
export async function mongoMessageStore({ db, run, prepare }: MongoDatabase): Promise<MessageStore> {
  const messages = db.collection<Stored<StoredMessage>>('messages');
  const messageGaps = db.collection<Gap>('messageGaps');
  const runs = db.collection<{ readonly _id: string; readonly lastId: string | null }>('runs');
  const retentions = db.collection<Retention & { readonly _id: string }>('retention');

  await prepare(async () => {
    await messages.createIndex({ sentAt: 1 }, { name: 'sentAt' });
  });

  const gapsWhere = async (_id: Filter<Gap>['_id']): Promise<string[]> =>
    (await messageGaps.find({ _id }).sort({ _id: 1 }).toArray()).map((gap) => gap._id);

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
        const page = found.slice(0, limit).reverse().map(messageOf);
        const from = more ? page[0]!.id : '';
        return { messages: page, more, gaps: await gapsWhere({ $gt: from, ...(id !== undefined && { $lte: id }) }) };
      }),

    after: (id, limit) =>
      run(async () => {
        const found = await messages
          .find({ _id: { $gt: id } })
          .sort({ _id: 1 })
          .limit(limit + 1)
          .toArray();
        const more = found.length > limit;
        const page = found.slice(0, limit).map(messageOf);
        return { messages: page, more, gaps: await gapsWhere({ $gt: id, ...(more && { $lte: page.at(-1)!.id }) }) };
      }),

    lastDue: ({ from, before, until }) =>
      run(async () => {
        const [kept] = await messages
          .find({ sentAt: { $gte: before, $lt: until } })
          .sort({ _id: 1 })
          .limit(1)
          .toArray();
        const [due] = await messages
          .find({ sentAt: { $gte: from, $lt: before }, ...(kept && { _id: { $lt: kept._id } }) })
          .sort({ _id: -1 })
          .limit(1)
          .toArray();
        return due?._id;
      }),

    prune: async (upTo, keep) => {
      await run(async () => {
        const [surplus] = await messages.find().sort({ _id: -1 }).skip(keep).limit(1).toArray();
        const bound = surplus && surplus._id > upTo ? surplus._id : upTo;
        await messages.deleteMany({ _id: { $lte: bound } });
        await messageGaps.deleteMany({ _id: { $lte: bound } });
      });
      await mergeGaps(run, messages, messageGaps);
      await run(async () => {
        const [oldest] = await messages.find().sort({ _id: 1 }).limit(1).toArray();
        if (!oldest) return;
        const [current] = await runs
          .find({ _id: { $lte: oldest._id } })
          .sort({ _id: -1 })
          .limit(1)
          .toArray();
        if (current) await runs.deleteMany({ _id: { $lt: current._id }, lastId: { $lt: oldest._id, $ne: null } });
      });
    },

    retention: () =>
      run(async () => {
        const found = await retentions.findOne({ _id: retentionId });
        if (!found) return undefined;
        const { _id, ...retention } = found;
        return retention;
      }),
    putRetention: (retention) => run(() => put(retentions, { _id: retentionId, ...retention })),

    runs: () =>
      run(async () =>
        (await runs.find().sort({ _id: 1 }).toArray()).map(({ _id: epoch, lastId }) => ({
          epoch,
          lastId: lastId ?? undefined,
        })),
      ),
    putRun: ({ epoch, lastId = null }) => run(() => put(runs, { _id: epoch, lastId })),
  };
}

/** Deletes gaps with no message before the next one. Each call has its own time to answer, since there are many. */
async function mergeGaps(
  run: MongoDatabase['run'],
  messages: Collection<Stored<StoredMessage>>,
  messageGaps: Collection<Gap>,
): Promise<void> {
  const total = await run(() => messageGaps.countDocuments());
  const count = Math.min(mergedAtOnce, total - gapsUnmerged);
  if (count <= 0) return;
  const oldest = await run(() => messageGaps.find().sort({ _id: 1 }).limit(count).toArray());
  const ids = oldest.map(({ _id }) => _id);
  const merged: string[] = [];
  for (let from = 0; from < ids.length - 1; ) {
    const between = { _id: { $gte: ids[from]!, $lt: ids.at(-1)! } };
    const found = await run(() => messages.findOne(between, { sort: { _id: 1 }, projection: { _id: 1 } }));
    const next = found ? ids.findIndex((id) => id > found._id) : ids.length;
    // The last gap before the message stays.
    merged.push(...ids.slice(from, next - 1));
    from = next;
  }
  if (merged.length > 0) await run(() => messageGaps.deleteMany({ _id: { $in: merged } }));
}
